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
  IMGW_HOST=gateway.example.com IMGW_EMAIL=ops@example.com docker compose --project-directory "$work/docker" -f "$work/docker/compose.yaml" \
    --profile production "$@"
}

demo_says_no() { production logs --no-log-prefix im-gateway-service 2>&1 | grep -qF 'this is the demo gateway, put yours in its place as compose.yaml says at its top (im-gateway-service in compose.override.yaml)'; }

production_refuses_the_demo() {
  production up -d --no-build --no-deps im-gateway-service
  within 20 demo_says_no || fail "$(production logs --no-log-prefix --tail 3 im-gateway-service)"
  [ "$(docker inspect -f '{{.State.Health.Status}}' "$(production ps -aq im-gateway-service)")" != healthy ] || fail "the demo gateway serves"
}

# What the edge would do, without doing it: nothing here may ask Let's Encrypt for anything.
production_is_valid() {
  local said
  said=$(production up --no-build --no-log-prefix --exit-code-from production production)
  for setting in 'Edge:Hosts:0 = gateway.example.com' 'Edge:Certificates:Source = Acme' 'Edge:Certificates:AllowSelfSigned = false' \
    'Edge:Acme:Directory = letsencrypt' 'Edge:Acme:Email = ops@example.com' 'Edge:Headers:Hsts:MaxAge = 365.'; do
    grep -qF "$setting" <<<"$said" || fail "not $setting: $said"
  done
  production config --format json | python3 -c 'import json, sys
services = json.load(sys.stdin)["services"]
assert services["edge"]["environment"].items() >= services["production"]["environment"].items()'
}
