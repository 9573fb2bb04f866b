# shellcheck shell=bash disable=SC2154,SC2034
# ACME, from a CA in a container beside the edge. Sourced by tests/deploy/run.

issuer() { openssl s_client -connect "127.0.0.1:$https_port" -servername "$host" </dev/null 2>/dev/null | openssl x509 -noout -issuer; }

issued_by_the_local_ca() { issuer 2>/dev/null | grep -q 'Pebble Intermediate'; }

serves_another_than() { [ "$(serial)" != "$1" ]; }

renews_by_hand() {
  local before
  before=$(serial)
  local_ca exec -T edge imgw cert renew "$host" --force
  within 10 serves_another_than "$before" || fail "still serves $before"
}

# --- production

# Without the variables compose ends at once: checks/files.sh.
production() {
  IMGW_HOST=gateway.example.com IMGW_EMAIL=ops@example.com docker compose --project-directory "$work/docker" \
    -f "$work/docker/compose.yaml" -f "$work/docker/compose.own-gateway.yaml" --profile production "$@"
}

production_refuses_the_demo() {
  local said code=0
  echo 'services: {}' >"$work/docker/compose.own-gateway.yaml"
  said=$(production up --no-build --no-log-prefix production 2>&1) || code=$?
  grep -q 'im-gateway-service is the demo gateway: ' <<<"$said" || fail "exit code $code: $said"
  [ "$(docker inspect -f '{{.State.ExitCode}}' "$(production ps -aq production)")" = 1 ] || fail "exit code of the container: $said"
  code=0
  production up -d --no-build edge >"$work/up.log" 2>&1 || code=$?
  [ "$code" != 0 ] || fail "the edge was started all the same"
}

# A gateway elsewhere. What the edge would do, without doing it: nothing here may ask Let's Encrypt for anything.
production_goes_on() {
  local said
  echo 'services: { im-gateway-service: { profiles: [demo] } }' >"$work/docker/compose.own-gateway.yaml"
  monitored rm --force --stop im-gateway-service
  production up --no-build --exit-code-from production production
  said=$(production run --rm --no-deps -T edge validate)
  grep -qx 'Edge:Hosts:0 = gateway.example.com' <<<"$said" || fail "$said"
  grep -qx 'Edge:Certificates:Source = Acme' <<<"$said" || fail "$said"
  grep -qx 'Edge:Certificates:AllowSelfSigned = false' <<<"$said" || fail "$said"
  grep -qx 'Edge:Acme:Directory = letsencrypt' <<<"$said" || fail "$said"
  grep -qx 'Edge:Acme:Email = ops@example.com' <<<"$said" || fail "$said"
  grep -q '^Edge:Headers:Hsts:MaxAge = 365' <<<"$said" || fail "$said"
}
