# shellcheck shell=bash disable=SC2154,SC2034
# What containers may do, and what is around them. Sourced by tests/deploy/run.

not_root_and_no_capability() {
  local status
  status=$(development exec -T "$1" cat /proc/1/status)
  grep -q '^Uid:[[:space:]]*10001[[:space:]]*10001[[:space:]]*10001' <<<"$status" || fail "$(grep ^Uid <<<"$status")"
  [ "$(grep -c '^Cap[A-Z][a-z]*:[[:space:]]*0*$' <<<"$status")" = 5 ] || fail "$(grep ^Cap <<<"$status" | tr '\n' ' ')"
  grep -q '^NoNewPrivs:[[:space:]]*1$' <<<"$status" || fail "new privileges are possible"
}

read_only_root() {
  local file
  for file in /x /app/x /etc/imgw/x /etc/imgw/certs/x /home/x; do
    ! development exec -T edge touch "$file" || fail "$file could be written"
  done
  development exec -T edge sh -c 'touch /data/x /tmp/x && rm /data/x /tmp/x'
}

data_is_private() {
  local found
  found=$(inside find /data -perm /077)
  [ -z "$found" ] || fail "others may use: $found"
}

nothing_else_published() {
  local ports
  ports=$(development ps -q | xargs docker inspect -f '{{range $p, $at := .NetworkSettings.Ports}}{{range $at}}{{$p}}={{.HostIp}}:{{.HostPort}} {{end}}{{end}}' | tr -d '\n')
  [ "$ports" = "443/tcp=127.0.0.1:$https_port 80/tcp=127.0.0.1:$http_port " ] || fail "$ports"
}

logs_are_json() {
  docker logs "$(container)" >"$work/edge.log" 2>&1
  [ -s "$work/edge.log" ] || fail "nothing logged"
  node -e 'require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").forEach(line => {
    try { JSON.parse(line) } catch { console.log(line); process.exit(1) }
  })' "$work/edge.log"
  ! grep -q 'PRIVATE KEY' "$work/edge.log" || fail "a key in the log"
}

# --- limits

limits() { # COMPOSE SERVICE
  local facts
  facts=$(docker inspect -f '{{with .HostConfig}}{{.RestartPolicy.Name}} {{.ReadonlyRootfs}} {{.CapDrop}} {{.SecurityOpt}} {{.LogConfig.Type}} {{index .LogConfig.Config "max-size"}} {{index .LogConfig.Config "max-file"}} {{gt .Memory 0}}{{end}}' "$($1 ps -aq "$2")")
  [ "$facts" = "unless-stopped true [ALL] [no-new-privileges:true] json-file 10m 5 true" ] || fail "$facts"
}

descriptors() {
  local limit
  limit=$(development exec -T edge grep '^Max open files' /proc/1/limits | tr -s ' ' | cut -d' ' -f4,5)
  [ "$limit" = "20000 20000" ] || fail "$limit"
}

# By its defaults, not by what this test has set to be quicker.
grace_above_the_drain() {
  local grace drain
  grace=$(docker inspect -f '{{.Config.StopTimeout}}' "$(development ps -q edge)")
  drain=$(docker run --rm -e Edge__Hosts__0=localhost -e Edge__Upstreams__0=http://localhost:1 -e Edge__Certificates__Source=SelfSigned \
    -e Edge__Certificates__AllowSelfSigned=true "$IMGW_IMAGE" validate | sed -n 's/^Edge:Drain:Timeout = 00:00://p')
  ((grace >= drain + 5)) || fail "stop_grace_period $grace s, Edge:Drain:Timeout $drain s"
}

# --- the end of a container

stops_in_order() { # COMPOSE SERVICE
  local id state
  id=$($1 ps -q "$2")
  $1 stop "$2"
  state=$(docker inspect -f '{{.State.ExitCode}} {{.State.OOMKilled}}' "$id")
  # 137 would be the end of stop_grace_period.
  [ "$state" = "0 false" ] || fail "exit code and out-of-memory: $state"
}
