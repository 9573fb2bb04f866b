# shellcheck shell=bash disable=SC2154,SC2034
# Certificates of one's own, and how they are changed. Sourced by tests/deploy/run.

issue() { # NAME: certs/NAME.crt and .key of a corporate CA
  local certs=$work/docker/certs
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 -subj "/CN=$host" -CA "$work/ca.crt" -CAkey "$work/ca.key" \
    -addext "subjectAltName=DNS:$host" -addext basicConstraints=critical,CA:false -addext keyUsage=critical,digitalSignature \
    -addext extendedKeyUsage=serverAuth -keyout "$certs/$1.key.new" -out "$certs/$1.crt.new" 2>/dev/null
  cat "$work/ca.crt" >>"$certs/$1.crt.new"
  # The key as compose.files.yaml says; who is not root cannot give a file away.
  chown 10001 "$certs/$1.key.new" 2>/dev/null || chmod 0644 "$certs/$1.key.new"
  mv "$certs/$1.crt.new" "$certs/$1.crt"
  mv "$certs/$1.key.new" "$certs/$1.key"
}

corporate_ca() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 365 -subj "/CN=Example Corporate CA" \
    -addext keyUsage=critical,keyCertSign -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
}

serves_within() { within "$1" serves "$work/docker/certs/$2.crt" || fail "serves $(serial), not $2"; }

import() { inside imgw cert import --cert "certs/$1.crt" --key "certs/$2.key"; }

imports() {
  import imported imported
  serves_within 2 imported
}

refuses_a_foreign_key() {
  local said code=0
  said=$(import server imported 2>&1) || code=$?
  [ "$code" = 1 ] || fail "exit code $code: $said"
  [ "$(wc -l <<<"$said")" = 1 ] || fail "not one line: $said"
  serves "$work/docker/certs/imported.crt" || fail "serves $(serial)"
}

lists() {
  local said
  said=$(inside imgw cert list --json)
  grep -qi "$(openssl x509 -noout -serial -in "$work/docker/certs/$1.crt" | cut -d= -f2)" <<<"$said" || fail "$said"
}

keeps_over_restart() {
  with_files restart edge
  within 60 healthy
  serves "$work/docker/certs/imported.crt" || fail "serves $(serial)"
}

keeps_over_recreation() {
  with_files up -d --no-build --wait --wait-timeout 60 --force-recreate edge
  serves "$work/docker/certs/imported.crt" || fail "serves $(serial)"
}

rolls_back() {
  inside imgw cert rollback "$host"
  serves_within 2 server
}

# As editors write: another file, renamed over the old one, which the mount of a single file would miss.
follows_an_editor() {
  local file=$work/docker/config/appsettings.json
  sed 's/"Edge": {/"Edge": { "Headers": { "FrameOptions": "SAMEORIGIN" },/' "$file" >"$file.new"
  mv "$file.new" "$file"
  within 15 frames_from_here || fail "$(with_files logs --no-log-prefix edge | tail -n 3)"
}

frames_from_here() { curl -s --cacert "$work/ca.crt" -o /dev/null -D - "https://localhost:$https_port/health" | grep -qi '^x-frame-options: SAMEORIGIN'; }

follows_the_files() {
  issue server
  serves_within 4 server
}

healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$(container)")" = healthy ]; }
