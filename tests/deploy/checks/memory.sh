# shellcheck shell=bash disable=SC2154,SC2034
# A storm of more clients than a container's memory has room for. Sourced by tests/deploy/run.

small_memory() { docker compose --project-directory "$work/docker" -f "$work/docker/compose.yaml" -f "$work/docker/memory.yaml" "$@"; }

refused_for_memory() { management /metrics | sed -n 's/^imgw_refused_total{reason="memory"} //p'; }

storm_reports() { grep -q "\"$1\"" "$work/storm.log"; } # FIELD of one of wscrowd's two lines

of_storm() { python3 -c 'import json, sys; print(next(line[sys.argv[2]] for line in map(json.loads, open(sys.argv[1])) if sys.argv[2] in line))' "$work/storm.log" "$1"; }

# Swap would hide what is missing. 256 MB have room for some 1,200 clients; the gateway shall not be what gives way.
outlives_a_storm() { # CLIENTS
  local storm id state refused
  cat >"$work/docker/memory.yaml" <<'YAML'
services:
  edge:
    environment: { Edge__Hosts__0: gateway.test }
    mem_limit: 256m
    memswap_limit: 256m
  im-gateway-service: { mem_limit: 1g }
YAML
  gcc -O2 -w -o "$work/wscrowd" bench/wscrowd.c -lssl -lcrypto
  small_memory up -d --no-build --wait --wait-timeout 90
  id=$(small_memory ps -q edge)

  # 1. All at once; who is refused tries again, and gives up after 40 s.
  rm -f "$work/storm"
  mkfifo "$work/storm"
  exec 9<>"$work/storm"
  "$work/wscrowd" -p 40 "$https_port" "$1" <"$work/storm" >"$work/storm.log" 2>&1 9>&- &
  storm=$!
  # shellcheck disable=SC2064
  trap "kill $storm 2>/dev/null || true" EXIT
  within 180 storm_reports up || fail "the storm reports nothing: $(cat "$work/storm.log")"

  # 2. Newcomers were refused, and nothing was killed.
  refused=$(refused_for_memory)
  [ "${refused:-0}" -gt 0 ] || fail "refused for memory: ${refused:-nothing}; $(cat "$work/storm.log")"
  state=$(docker inspect -f '{{.State.Running}} {{.State.OOMKilled}} {{.RestartCount}}' "$id")
  [ "$state" = "true false 0" ] || fail "running, out of memory, restarts: $state; $(cat "$work/storm.log")"

  # 3. Each socket that was opened echoes once more and is closed in order.
  echo >&9
  within 180 storm_reports closed || fail "the sockets do not end: $(cat "$work/storm.log")"
  [ "$(of_storm up)" -gt 0 ] && [ "$(of_storm failed)" -gt 0 ] || fail "not more than there is room for: $(cat "$work/storm.log")"
  [ "$(of_storm closed) $(of_storm lost)" = "$(of_storm up) 0" ] || fail "sockets were lost: $(cat "$work/storm.log")"
  state=$(docker inspect -f '{{.State.Running}} {{.State.OOMKilled}} {{.RestartCount}}' "$id")
  [ "$state" = "true false 0" ] || fail "running, out of memory, restarts, after the storm: $state"
  cat "$work/storm.log"
}
