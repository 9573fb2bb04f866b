# shellcheck shell=bash disable=SC2154,SC2034
# What clients see of the edge. Sourced by tests/deploy/run.

serial() { openssl s_client -connect "127.0.0.1:$https_port" -servername "$host" </dev/null 2>/dev/null | openssl x509 -noout -serial; }

serves() { [ "$(serial 2>/dev/null)" = "$(openssl x509 -noout -serial -in "$1")" ]; }

echoes() { # CA: a WebSocket that would rather fail than speak TLS 1.2
  local said
  [ -p "$work/silence" ] || mkfifo "$work/silence" # wscat hangs up where its input ends
  said=$(NODE_OPTIONS="$NODE_OPTIONS --tls-min-v1.3" timeout 20 "$WSCAT" --ca "$1" -c "wss://localhost:$https_port/ws" -x "hello over wss" -w 3 2>&1 <>"$work/silence") || true
  [ "$said" = "hello over wss" ] || fail "wscat said: $said"
}

# One TLS connection from its handshake to the echo, which no client of WebSockets at hand tells the group of.
echoes_post_quantum() { # CA
  local said
  # shellcheck disable=SC2216
  said=$({
    printf 'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
    # Text, masked by zeros, then Close: after its answer the edge ends the connection.
    printf '\x81\x8c\0\0\0\0post-quantum\x88\x80\0\0\0\0'
  } | timeout 10 "$NEW_OPENSSL" s_client -connect "127.0.0.1:$https_port" -servername localhost -brief -ign_eof -nocommands -CAfile "$1" -verify_return_error 2>&1 |
    tr -d '\0') || true
  grep -qa 'Protocol version: TLSv1.3' <<<"$said" || fail "$said"
  grep -qa 'Negotiated TLS1.3 group: X25519MLKEM768' <<<"$said" || fail "$said"
  grep -qa 'HTTP/1.1 101' <<<"$said" || fail "$said"
  grep -qa 'post-quantum' <<<"$said" || fail "$said"
}

offers_only() { # CA, GROUPS, more of s_client
  local ca=$1 groups=$2
  shift 2
  timeout 10 "$NEW_OPENSSL" s_client -connect "127.0.0.1:$https_port" -servername localhost -groups "$groups" -brief -CAfile "$ca" -verify_return_error "$@" </dev/null 2>&1
}

# The image has OpenSSL 3.5, and a policy file of its own for it.
key_exchange() { # CA
  local group said
  for group in X25519MLKEM768 X25519 P-256 P-384 P-521; do
    said=$(offers_only "$1" "$group" -tls1_3) || fail "$group: $said"
  done
  for group in X25519:X25519MLKEM768 P-256:X25519MLKEM768; do
    said=$(offers_only "$1" "$group" -tls1_3) || fail "$group: $said"
    grep -q 'Negotiated TLS1.3 group: X25519MLKEM768' <<<"$said" || fail "$group: $said"
  done
  said=$(offers_only "$1" X25519MLKEM768:X25519:P-256 -tls1_2) || fail "TLS 1.2: $said"
  for group in X448 ffdhe2048 ffdhe3072 ffdhe8192 SecP256r1MLKEM768 brainpoolP256r1tls13; do
    ! said=$(offers_only "$1" "$group" -tls1_3) || fail "$group: $said"
    grep -q 'alert number 40' <<<"$said" || fail "$group: $said"
  done
}

hsts() { # CA: the header, or nothing
  curl --silent --show-error --max-time 10 --cacert "$1" -o /dev/null -D - "https://localhost:$https_port/health" | grep -i '^strict-transport-security' || true
}

no_hsts_on_localhost() { [ -z "$(hsts "$work/development-ca.pem")" ] || fail "$(hsts "$work/development-ca.pem")"; }

hsts_with_files() { [ -n "$(hsts "$work/ca.crt")" ] || fail "no Strict-Transport-Security"; }

redirects() {
  local said
  said=$(curl --silent --max-time 10 -o "$work/redirect" -w '%{http_code} %{redirect_url}' --connect-to "localhost:80:127.0.0.1:$http_port" http://localhost/api/time)
  [ "$said" = "301 https://localhost/api/time" ] || fail "$said"
}

# The published port's other end is the network's first address; the edge has another.
gateway_knows_the_client() {
  local said
  said=$(curl --silent --show-error --max-time 10 --cacert "$work/development-ca.pem" "https://localhost:$https_port/api/echo")
  [[ $said = *"\"client\":\"$network.1\""* ]] || fail "$said"
}

# --- one WebSocket that stays open through all of this

open_socket() { # CA
  rm -f "$work/socket"
  mkfifo "$work/socket"
  exec 8<>"$work/socket"
  tests/deploy/socket "wss://localhost:$https_port/ws" "$1" <"$work/socket" >"$work/socket.log" 2>&1 8>&- &
  socket=$!
}

# What is said before the socket is open is lost: said again.
says() {
  echo "$1" >&8
  sleep 0.2
  grep -q "$1\$" "$work/socket.log"
}

socket_echoes() { within "$1" says "$2" || fail "the socket said: $(cat "$work/socket.log")"; }
