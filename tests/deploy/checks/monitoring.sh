# shellcheck shell=bash disable=SC2154,SC2034
# The profiles local-ca and monitoring together: Prometheus scrapes the edge and has what alerts and dashboard ask for. Sourced by tests/deploy/run.
# Grafana's image cannot be had without a registry: what is checked of it is its configuration, and every query on this Prometheus.

monitored() { docker compose --project-directory "$work/docker" -f "$work/docker/compose.yaml" --profile local-ca --profile monitoring "$@"; }

starts_monitored() {
  with_files down --volumes --timeout 20
  # Short, so that rates are there after seconds.
  sed -i 's/_interval: 15s/_interval: 1s/' "$work/docker/prometheus/prometheus.yml"
  monitored up -d --no-build edge im-gateway-service local-ca prometheus
  within 60 issued_by_the_local_ca || fail "issued by $(issuer); $(monitored logs --no-color --no-log-prefix --tail 3 edge)"
  monitored up -d --no-build --wait --wait-timeout 60 edge im-gateway-service local-ca prometheus
}

prometheus() { # PATH [CURL ARGUMENTS]
  local path=$1
  shift
  curl --silent --show-error --fail --max-time 10 "$@" "http://127.0.0.1:$IMGW_PROMETHEUS_PORT/api/v1/$path"
}

first_value() { # QUERY
  prometheus query --get --data-urlencode "query=$1" | python3 -c 'import json, sys
for series in json.load(sys.stdin)["data"]["result"][:1]: print(series["value"][1])'
}

is_up() { [ "$(first_value 'up{job="edge"}')" = 1 ]; }

scrapes_the_edge() { within 30 is_up || fail "$(prometheus targets)"; }

days_of_the_certificate() {
  local days expected
  days=$(first_value "(ssl_certificate_expiry_seconds{job=\"edge\"} - time()) / 86400")
  expected=$((($(date -d "$(openssl s_client -connect "127.0.0.1:$https_port" -servername "$host" </dev/null 2>/dev/null |
    openssl x509 -noout -enddate | cut -d= -f2)" +%s) - $(date +%s)) / 86400))
  [ "${days%.*}" = "$expected" ] || fail "by Prometheus $days days, by the certificate $expected"
}

rules_are_loaded() {
  prometheus rules | python3 -c 'import json, re, sys
expected = set(re.findall(r"^\s*- alert: (\S+)", open(sys.argv[1]).read(), re.MULTILINE))
rules = [rule for group in json.load(sys.stdin)["data"]["groups"] for rule in group["rules"]]
assert expected and expected == {rule["name"] for rule in rules}, f"{expected} in the file, {rules} loaded"
wrong = [rule for rule in rules if rule["health"] == "err"]
assert not wrong, wrong' "$work/docker/prometheus/alerts.yml"
}

# Nobody may read the management port but this machine and Prometheus: not the gateway, which shares the edge's other network.
management_is_closed_to_others() {
  local said
  # shellcheck disable=SC2016
  said=$(monitored exec -T im-gateway-service bash -c 'exec 3<>/dev/tcp/edge/9180; printf "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3; head -n 1 <&3')
  [[ $said = *" 403 "* ]] || fail "$said"
}

monitoring_is_on_loopback_only() {
  local ports
  ports=$(docker inspect -f '{{range $p, $at := .NetworkSettings.Ports}}{{range $at}}{{$p}}={{.HostIp}} {{end}}{{end}}' "$(monitored ps -q prometheus)")
  [ "$ports" = "9090/tcp=127.0.0.1 " ] || fail "$ports"
  monitored config --format json | python3 -c 'import json, sys
services = json.load(sys.stdin)["services"]
ports = {name: [port["host_ip"] for port in services[name]["ports"]] for name in ("prometheus", "grafana")}
assert ports == {"prometheus": ["127.0.0.1"], "grafana": ["127.0.0.1"]}, ports
assert services["grafana"]["environment"]["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"'
}

no_alert_fires() {
  prometheus alerts | python3 -c 'import json, sys
firing = [alert["labels"]["alertname"] for alert in json.load(sys.stdin)["data"]["alerts"] if alert["state"] == "firing"]
assert not firing, firing'
}

# --- traffic of every kind that the dashboard shows, good and bad

request() { curl --silent --max-time 10 --cacert "$work/pebble.pem" --output "$work/answer" --write-out '%{http_code}\n' "$@"; }

handshake() { openssl s_client -connect "127.0.0.1:$https_port" -servername "$host" "$@" </dev/null >"$work/handshake" 2>&1 || true; }

good_traffic() {
  local i
  for i in 1 2 3; do
    request "https://localhost:$https_port/api/echo" "https://localhost:$https_port/health" --data "body $i" "https://localhost:$https_port/api/echo"
    request --http1.1 "https://localhost:$https_port/nothing"
    request --tls-max 1.2 "https://localhost:$https_port/api/time"
    handshake -tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256
    # TLS 1.2 gives the ticket within the handshake, which s_client without input does not outlast.
    handshake -tls1_2 -sess_out "$work/session"
    handshake -tls1_2 -sess_in "$work/session"
  done
  echoes_post_quantum "$work/pebble.pem"
}

bad_traffic() {
  handshake -servername unknown.example
  handshake -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA
  printf 'GET / HTTP/1.0\r\n\r\n' | timeout 5 bash -c "cat >/dev/tcp/127.0.0.1/$https_port" || true
  request --header 'Host: other.example' "https://localhost:$https_port/api/time"
  request --path-as-is "https://localhost:$https_port/api/../x"
  request "http://127.0.0.1:$http_port/api/time"
}

gateway_comes_back() {
  monitored kill im-gateway-service
  request "https://localhost:$https_port/api/time" "https://localhost:$https_port/api/time"
  monitored start im-gateway-service
  within 20 gateway_answers || fail "no answer from the gateway"
}

gateway_answers() { [ "$(request "https://localhost:$https_port/api/time")" = 200 ]; }

every_query_has_data() {
  local end=$((SECONDS + 45))
  until python3 tests/deploy/dashboard-data "http://127.0.0.1:$IMGW_PROMETHEUS_PORT" "$work/docker/grafana/dashboard.json"; do
    ((SECONDS < end)) || return 1
    good_traffic
    bad_traffic
  done
}

# --- the drain

fetch_the_root() {
  # shellcheck disable=SC2016
  monitored exec -T local-ca sh -c 'printf "GET /roots/0 HTTP/1.0\r\n\r\n" | openssl s_client -quiet -connect 127.0.0.1:15000 2>/dev/null' |
    sed -n '/BEGIN/,/END/p' >"$work/pebble.pem"
  openssl x509 -in "$work/pebble.pem" -noout
}

drains_on_term() {
  local id
  id=$(monitored ps -q edge)
  monitored kill -s TERM edge
  [ "$(timeout 30 docker wait "$id")" = 0 ] || fail "exit code $(docker inspect -f '{{.State.ExitCode}}' "$id")"
  within 5 grep -qx 'closed with 1012' "$work/socket.log" || fail "the socket said: $(cat "$work/socket.log")"
}

# The CA is away: what is served is what was issued before.
starts_again_with_the_same() { # SERIAL
  local id
  id=$(monitored ps -aq edge)
  monitored kill local-ca
  docker start "$id"
  within 60 issued_by_the_local_ca || fail "issued by $(issuer)"
  [ "$(serial)" = "$1" ] || fail "serves $(serial), not $1"
}
