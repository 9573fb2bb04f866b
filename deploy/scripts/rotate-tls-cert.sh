#!/bin/bash
# A certificate by hand, without a restart: see usage below, or --help.
set -euo pipefail

usage() {
  cat <<'HELP'
usage: rotate-tls-cert.sh --cert FILE --key FILE [--chain FILE] [OPTION]...
       rotate-tls-cert.sh --rollback NAME [OPTION]...

Puts a certificate in PEM into the running edge: keeps a backup of what is served, has the edge check and serve the new one (imgw cert import),
looks at what clients get by a handshake, and puts the old one back if that is not the new one. Nothing is restarted, no connection is closed.
--rollback puts the previous certificate back in at any later time. Run it as root, or as the user that the edge runs as.

  --compose DIR      the edge of the compose files in DIR instead of one on this machine; COMPOSE_FILE and its like are honoured
  --service NAME     its service (edge)
  --config FILE      the configuration of the edge on this machine (/etc/imgw/appsettings.json)
  --data DIR         its DataDirectory (/var/lib/imgw; with --compose /data)
  --backup DIR       where the backup goes, as imgw-certificates-TIME.tar (./backup); it holds private keys, and nobody else may read it
  --connect HOST:PORT  where the handshake goes (127.0.0.1:443)
  --no-check         no handshake: where the edge is reached by the PROXY protocol only

Exit codes: 0 served; 1 not, and nothing has changed or the old certificate is back, as the last line says; 2 wrong usage.
To restore a backup: stop the edge, tar -xpf FILE -C DATADIRECTORY, start it.
HELP
}

say() { printf '%s\n' "$*"; }

die() {
  printf 'rotate-tls-cert.sh: %s\n' "$*" >&2
  exit 1
}

wrong_usage() {
  printf 'rotate-tls-cert.sh: %s; see --help\n' "$*" >&2
  exit 2
}

# --- the edge, here or in compose

in_container() { docker compose --project-directory "$compose" exec -T "$service" "$@"; }

imgw() {
  if [ -n "$compose" ]; then in_container imgw "$@" </dev/null; else command imgw "$@" --config "$config" </dev/null; fi
}

import() {
  local arguments=(--cert "$cert" --key "$key")
  [ -z "$chain" ] || arguments+=(--chain "$chain")
  if [ -z "$compose" ]; then
    imgw cert import "${arguments[@]}" 2>"$work/errors"
    return
  fi

  # The files are handed over into the container's memory. There the user of the edge reads them, who could not on this machine.
  in_container sh -c "umask 077; rm -rf $handed; mkdir $handed" </dev/null 2>"$work/errors" || return 1
  local names=(cert "$cert" key "$key") i code=0
  [ -z "$chain" ] || names+=(chain "$chain")
  arguments=()
  for ((i = 0; i < ${#names[@]}; i += 2)); do
    in_container sh -c "umask 077; cat >$handed/${names[i]}" <"${names[i + 1]}" 2>"$work/errors" || return 1
    arguments+=("--${names[i]}" "$handed/${names[i]}")
  done
  imgw cert import "${arguments[@]}" 2>"$work/said" || code=$?
  in_container rm -rf "$handed" </dev/null
  # The user knows the files by their own names.
  sed -e "s|^$handed/cert:|$cert:|" -e "s|^$handed/key:|$key:|" -e "s|^$handed/chain:|$chain:|" "$work/said" >"$work/errors"
  return "$code"
}

keep() {
  if [ -n "$compose" ]; then in_container tar -C "$data" -cf - certificates </dev/null; else tar -C "$data" -cf - certificates; fi
}

# --- what clients get

fingerprint() { openssl x509 -noout -fingerprint -sha256 2>/dev/null; }

served() { # HOST
  local name=${1/\*/rotation-check} sni=()
  # Addresses are not sent as a name (RFC 6066 section 3).
  [[ $name = *:* || $name =~ ^[0-9.]+$ ]] || sni=(-servername "$name")
  timeout 5 openssl s_client -connect "$connect" "${sni[@]}" </dev/null 2>/dev/null | fingerprint
}

serves_the_new() { # HOST
  local end=$((SECONDS + 4))
  while ((SECONDS < end)); do
    [ "$(served "$1")" != "$(fingerprint <"$cert")" ] || return 0
    sleep 0.5
  done
  return 1
}

# --- the two things this does

roll_back() { # HOST…: what is left of it, in one line
  local host back=()
  for host; do
    imgw cert rollback "$host" >"$work/rollback" 2>&1 || { say "and $host could not be put back: $(tail -n 1 "$work/rollback")"; return; }
    back+=("$host")
  done
  say "the old certificate is back for ${back[*]}"
}

rotate() {
  local file host replaced
  for file in "$cert" "$key" ${chain:+"$chain"}; do [ -r "$file" ] || die "$file: cannot be read; nothing has changed"; done

  # 1. What is served, for later: complete or not at all.
  mkdir -p "$backup"
  saved=$backup/imgw-certificates-$(date -u +%Y%m%dT%H%M%SZ).tar
  if ! keep >"$saved.part" 2>"$work/errors"; then
    rm -f "$saved.part"
    die "no backup of $data/certificates: $(tail -n 1 "$work/errors"); nothing has changed"
  fi
  mv "$saved.part" "$saved"

  # 2. Checked and installed by the edge, for every host it covers, or refused as a whole.
  import >"$work/import" || die "$(paste -sd '|' "$work/errors" | sed 's/|/ | /g'); nothing has changed"
  cat "$work/errors" >&2
  cat "$work/import"
  ! grep -q '^no edge runs' "$work/import" || { say "not checked, since no edge runs; backup: $saved"; return; }
  mapfile -t hosts < <(sed -n 's/: certificate .*//p' "$work/import")
  mapfile -t replaced < <(sed -n 's/: certificate .* in place of .*//p' "$work/import")

  # 3. From outside, as a client.
  if [ -n "$check" ]; then
    for host in "${hosts[@]}"; do
      serves_the_new "$host" || die "$connect does not serve the new certificate for $host; $(roll_back "${replaced[@]}"); backup: $saved"
    done
  fi
  say "rotated: ${hosts[*]}; backup: $saved"
}

cert='' key='' chain='' name='' compose='' service=edge config=/etc/imgw/appsettings.json data='' backup=backup connect=127.0.0.1:443 check=yes
handed=/tmp/rotate-tls-cert
while (($#)); do
  case $1 in
    --help | -h) usage && exit ;;
    --no-check) check='' && shift && continue ;;
    --cert | --key | --chain | --rollback | --compose | --service | --config | --data | --backup | --connect) ;;
    *) wrong_usage "'$1' is no option" ;;
  esac
  (($# > 1)) && [ -n "$2" ] || wrong_usage "$1 wants a value"
  case $1 in
    --cert) cert=$2 ;;
    --key) key=$2 ;;
    --chain) chain=$2 ;;
    --rollback) name=$2 ;;
    --compose) compose=$2 ;;
    --service) service=$2 ;;
    --config) config=$2 ;;
    --data) data=$2 ;;
    --backup) backup=$2 ;;
    --connect) connect=$2 ;;
  esac
  shift 2
done
if [ -z "$name" ]; then
  [ -n "$cert" ] && [ -n "$key" ] || wrong_usage "--cert and --key are both needed"
elif [ -n "$cert$key$chain" ]; then
  wrong_usage "--rollback takes no files"
fi
[ -n "$data" ] || { if [ -n "$compose" ]; then data=/data; else data=/var/lib/imgw; fi; }
needed=(openssl)
if [ -n "$compose" ]; then needed+=(docker); else needed+=(imgw); fi
for program in "${needed[@]}"; do command -v "$program" >/dev/null || die "$program is not installed, or not on PATH"; done

umask 077
work=$(mktemp -d "${TMPDIR:-/tmp}/rotate.XXXXXX")
trap 'rm -rf "$work"' EXIT
if [ -n "$name" ]; then imgw cert rollback "$name"; else rotate; fi
