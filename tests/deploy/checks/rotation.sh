# shellcheck shell=bash disable=SC2154,SC2034
# deploy/scripts/rotate-tls-cert.sh, against the edge in compose and against one on this machine. Sourced by tests/deploy/run.

rotate() { # ARGUMENTS: exit code into $code, what it said into $said
  code=0
  said=$(deploy/scripts/rotate-tls-cert.sh --backup "$work/backup" --connect "127.0.0.1:$https_port" "$@" 2>&1) || code=$?
}

refused() { # PATTERN: the one line, and nothing else
  [ "$code" = 1 ] || fail "exit code $code: $said"
  [ "$(wc -l <<<"$said")" = 1 ] || fail "not one line: $said"
  # shellcheck disable=SC2053
  [[ $said == $1 ]] || fail "$said"
}

# Another way to the same checks: $edge_options says which edge.
rotation_of() { # NAME OF A NEW CERTIFICATE
  local certs=$work/docker/certs old
  old=$(serial)
  issue "$1"
  rotate "${edge_options[@]}" --cert "$certs/$1.crt" --key "$certs/$1.key"
  [ "$code" = 0 ] || fail "exit code $code: $said"
  serves "$certs/$1.crt" || fail "serves $(serial): $said"

  # The backup holds what was served, and nobody else may read it.
  local backup
  backup=$(sed -n 's/.*; backup: //p' <<<"$said")
  [ "$(stat -c '%a' "$backup" "$work/backup" | tr '\n' ' ')" = "600 700 " ] || fail "modes $(stat -c '%a %n' "$backup" "$work/backup")"
  [ "$(tar -xOf "$backup" "certificates/$host/current.pem" | openssl x509 -noout -serial)" = "$old" ] || fail "$backup does not hold $old"
}

rotation_refuses_a_foreign_key() {
  local certs=$work/docker/certs before
  before=$(serial)
  issue foreign
  rotate "${edge_options[@]}" --cert "$certs/foreign.crt" --key "$certs/server.key"
  refused "*$certs/server.key*; nothing has changed"
  [ "$(serial)" = "$before" ] || fail "serves $(serial)"
}

rotation_refuses_an_expired_one() {
  local before
  before=$(serial)
  # Dates can be chosen since OpenSSL 3.4.
  "$NEW_OPENSSL" req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=$host" -addext "subjectAltName=DNS:$host" \
    -not_before 20250101000000Z -not_after 20250201000000Z -keyout "$work/expired.key" -out "$work/expired.crt"
  rotate "${edge_options[@]}" --cert "$work/expired.crt" --key "$work/expired.key"
  refused "*$work/expired.crt*expired*; nothing has changed"
  [ "$(serial)" = "$before" ] || fail "serves $(serial)"
}

# Whoever answers there, it is not the edge with the new certificate.
rotation_rolls_back_what_clients_do_not_get() {
  local certs=$work/docker/certs before
  before=$(serial)
  issue unseen
  rotate "${edge_options[@]}" --cert "$certs/unseen.crt" --key "$certs/unseen.key" --connect "127.0.0.1:$(free_port)"
  [ "$code" = 1 ] || fail "exit code $code: $said"
  [[ $(tail -n 1 <<<"$said") == *"does not serve the new certificate for $host; the old certificate is back for $host; backup: "* ]] || fail "$said"
  [ "$(serial)" = "$before" ] || fail "serves $(serial)"
}

rotation_rolls_back_on_demand() { # SERIAL
  rotate "${edge_options[@]}" --rollback "$host"
  [ "$code" = 0 ] || fail "exit code $code: $said"
  [ "$(serial)" != "$1" ] || fail "serves $1 still"
}

rotation_explains_itself() {
  deploy/scripts/rotate-tls-cert.sh --help | grep -q -- --rollback || fail "no help"
  rotate --cert x
  [ "$code" = 2 ] || fail "exit code $code without a key"
  rotate --nonsense x
  [ "$code" = 2 ] || fail "exit code $code for an unknown option"
}

# --- an edge on this machine, as systemd would run it

start_on_this_machine() {
  local program=$PWD/artifacts/imgw/imgw
  mkdir -p "$work/bin"
  if [ ! -x "$program" ]; then
    docker run --rm --entrypoint tar "$IMGW_IMAGE" -C / -cf - app | tar -C "$work" -xf -
    program=$work/app/imgw
  fi
  ln -sf "$program" "$work/bin/imgw"
  issue server
  cat >"$work/edge.json" <<JSON
{ "Edge": {
  "Hosts": [ "$host" ], "Upstreams": [ "http://127.0.0.1:1" ], "DataDirectory": "$work/data",
  "Listen": { "Https": [ "127.0.0.1:$https_port" ], "Http": [], "Management": [] }, "Drain": { "Delay": "00:00:00" },
  "Certificates": { "Source": "Files", "Files": [ { "Certificate": "$work/docker/certs/server.crt", "Key": "$work/docker/certs/server.key" } ] } } }
JSON
  "$work/bin/imgw" run --config "$work/edge.json" >"$work/edge.out" 2>&1 8>&- &
  on_this_machine=$!
}

stop_on_this_machine() {
  kill "$on_this_machine"
  within 20 gone "$on_this_machine" || fail "still there: $(tail -n 1 "$work/edge.out")"
  grep -q Drained "$work/edge.out" || fail "$(tail -n 1 "$work/edge.out")"
}

gone() { ! kill -0 "$1" 2>/dev/null; }
