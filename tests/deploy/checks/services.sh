# shellcheck shell=bash disable=SC2154,SC2034
# deploy/docker/compose.services.yaml over somebody's docker-compose.services.yml: the edge in place of nginx and certbot. Sourced by tests/deploy/run.

# As it is used: from the folder of that file. What the test adds is a certificate that needs no CA.
services() { (cd "$work/monorepo" && docker compose -f docker-compose.services.yml -f deploy/docker/compose.services.yaml -f test.yaml "$@"); }

before_the_edge() { (cd "$work/monorepo" && docker compose -f docker-compose.services.yml "$@"); }

lay_out_services() {
  mkdir -p "$work/monorepo/deploy/docker" "$work/monorepo/certbot/conf" "$work/monorepo/certbot/www"
  cp tests/deploy/docker-compose.services.yml "$work/monorepo/"
  cp deploy/docker/compose.services.yaml "$work/monorepo/deploy/docker/"
  touch "$work/monorepo/nginx-tls.conf"
  cat >"$work/monorepo/test.yaml" <<'YAML'
services:
  edge:
    environment:
      Edge__Certificates__Source: SelfSigned
      Edge__Certificates__AllowSelfSigned: "true"
      Edge__Drain__Delay: 00:00:01
YAML
  # Whatever the addresses of monorepo-network are: the demo gateway knows no names.
  export IMGW_EMAIL=ops@example.com IMGW_TRUSTED_PROXIES=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16
}

services_want_a_name_and_an_address() {
  local said code=0
  said=$(cd "$work/monorepo" && IMGW_EMAIL='' docker compose -f docker-compose.services.yml -f deploy/docker/compose.services.yaml config 2>&1) || code=$?
  [ "$code" != 0 ] && [ "$(wc -l <<<"$said")" = 1 ] && [[ $said = *IMGW_EMAIL* ]] || fail "exit code $code: $said"
}

# nginx and certbot are there already, as far as they can be without their images: their place is taken by containers of the same names.
edge_takes_the_place_of_nginx() {
  local left
  for image in nginx:alpine certbot/certbot; do
    docker image inspect "$image" >/dev/null 2>&1 || { docker tag debian:trixie-slim "$image" && echo "$image" >>"$work/tagged"; }
  done
  before_the_edge up --no-start
  before_the_edge start certbot
  [ "$(docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" | wc -l)" = 3 ] || fail "not three containers before"
  services up -d --remove-orphans
  within 60 services_healthy || fail "$(services logs --no-log-prefix --tail 3 edge)"
  left=$(docker ps -a --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" --format '{{.Label "com.docker.compose.service"}}' | sort | tr '\n' ' ')
  [ "$left" = "edge im-gateway-service " ] || fail "$left"
}

# With systemd, by the commands of docs/migrate-from-nginx.md; the program is that of the image.
from_nginx_and_back() {
  local container
  container=$(docker create "$IMGW_IMAGE")
  docker cp "$container:/app" "$work/program"
  docker rm "$container"
  IMGW_PROGRAM=$work/program tests/long/switch
}

services_healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$(services ps -q edge)")" = healthy ]; }

services_environment() {
  local said
  said=$(docker inspect -f '{{range .Config.Env}}{{.}} {{end}}' "$(services ps -q im-gateway-service)")
  [[ $said = *"TLS_ENABLED=false"* && $said = *"BEHIND_PROXY=true"* && $said = *"TRUSTED_PROXIES=$IMGW_TRUSTED_PROXIES"* ]] || fail "$said"
  [[ $(cd "$work/monorepo" && IMGW_TRUSTED_PROXIES='' docker compose -f docker-compose.services.yml -f deploy/docker/compose.services.yaml config) = *"TRUSTED_PROXIES: edge"* ]] ||
    fail "the edge is not trusted by its name"
}

services_echo() {
  services cp edge:/data/development-ca/ca.pem "$work/services-ca.pem"
  echoes "$work/services-ca.pem"
}

services_know_the_client() {
  local said
  said=$(curl --silent --show-error --max-time 10 --cacert "$work/services-ca.pem" "https://localhost:$https_port/api/echo")
  [[ $said = *'"client":"'*.1'"'* ]] || fail "$said"
}

services_end() {
  services down --volumes --remove-orphans --timeout 20
  [ ! -e "$work/tagged" ] || xargs docker image rm <"$work/tagged"
  rm -f "$work/tagged"
}
