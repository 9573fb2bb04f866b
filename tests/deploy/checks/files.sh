# shellcheck shell=bash disable=SC2154,SC2034
# What can be said of the files under deploy/ without running anything of them. Sourced by tests/deploy/run.

# Those whose first line says so; documents quote scripts.
scripts_in() {
  find "$@" \( -name node_modules -o -name bin -o -name obj \) -prune -o -type f -exec awk 'FNR == 1 && /^#!\/bin\/(ba)?sh/ { print FILENAME } { nextfile }' {} +
}

# Of what is shipped every remark counts but the one on A && B || die.
scripts_are_clean() {
  mapfile -t shipped < <(scripts_in deploy)
  mapfile -t others < <(scripts_in tests tools .ci bench)
  shellcheck --exclude=SC2015 "${shipped[@]}"
  shellcheck --severity=warning --external-sources "${others[@]}" tests/deploy/checks/*.sh
}

# In every combination of profiles, with and without the variables that production wants.
profiles_are_valid() {
  local profiles combination
  for profiles in "" local-ca monitoring production "local-ca monitoring" "production monitoring" "production local-ca" "production local-ca monitoring"; do
    combination=()
    for profile in $profiles; do combination+=(--profile "$profile"); done
    IMGW_HOST=gateway.example.com IMGW_EMAIL=ops@example.com docker compose -f deploy/docker/compose.yaml "${combination[@]}" config --quiet || fail "$profiles"
    [[ $profiles == *production* ]] || env -u IMGW_HOST docker compose -f deploy/docker/compose.yaml "${combination[@]}" config --quiet || fail "$profiles, no variables"
  done
  IMGW_HOST=gateway.example.com docker compose -f deploy/docker/compose.yaml -f deploy/docker/compose.files.yaml --profile monitoring config --quiet
}

production_wants_a_name_and_an_address() {
  local said code missing
  for missing in IMGW_HOST IMGW_EMAIL; do
    code=0
    said=$(export IMGW_HOST=gateway.example.com IMGW_EMAIL=ops@example.com && unset "$missing" &&
      docker compose -f deploy/docker/compose.yaml --profile production up -d 2>&1) || code=$?
    [ "$code" != 0 ] && [ "$(wc -l <<<"$said")" = 1 ] && [[ $said = *"$missing"* ]] || fail "exit code $code without $missing: $said"
  done
}

# --- systemd

# Under a root of their own, in which what they start exists.
unit_root() {
  local root=$work/root
  [ -d "$root" ] || {
    mkdir -p "$root/etc/systemd/system" "$root/usr/lib/systemd" "$root/opt/imgw" "$root/bin"
    cp -r /usr/lib/systemd/system "$root/usr/lib/systemd/"
    cp deploy/systemd/*.service deploy/systemd/*.socket "$root/etc/systemd/system/"
    install -m 0755 /bin/true "$root/opt/imgw/imgw"
    install -m 0755 /bin/true "$root/bin/true"
  }
  echo "$root"
}

units_are_valid() {
  local said root
  root=$(unit_root)
  said=$(systemd-analyze verify --root="$root" --man=no imgw.service imgw.socket imgw-sockets.service 2>&1)
  [ -z "$said" ] || fail "$said"
}

units_are_confined() { # AT MOST [DROP-IN]: 0 is as good as locked up, 100 as bad as it gets
  local root
  root=$(unit_root)
  if [ -n "${2:-}" ]; then
    root=$work/root-$1
    cp -r "$(unit_root)" "$root"
    cp -r "deploy/systemd/$2" "$root/etc/systemd/system/"
  fi
  systemd-analyze security --offline=true --root="$root" --threshold="$1" --no-pager imgw.service
}
