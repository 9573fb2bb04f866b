# shellcheck shell=bash disable=SC2154,SC2034
# The image: what it is made of, and what it says of itself. Sourced by tests/deploy/run.

build_image() {
  if [ "$full" = yes ]; then
    IMGW_VERSION=$version IMGW_REVISION=tested IMGW_CREATED=$created docker compose -f deploy/docker/compose.yaml build edge
  else
    docker build --progress plain -f deploy/docker/Dockerfile -t "$IMGW_IMAGE" --build-arg "VERSION=$version" --build-arg REVISION=tested --build-arg "CREATED=$created" \
      --target prepared --build-context publish=artifacts/imgw . 2>&1 | tee "$work/build.log"
    # Where the SDK image is present, looking it up goes unnoticed; elsewhere it fails.
    ! grep -m1 mcr.microsoft.com "$work/build.log" || fail "the SDK image was looked up"
  fi
}

image_facts() {
  local facts
  facts=$(docker image inspect -f '{{.Config.User}} {{json .Config.Entrypoint}} {{json .Config.Healthcheck.Test}} {{json .Config.Volumes}} {{index .Config.Labels "org.opencontainers.image.version"}} {{index .Config.Labels "org.opencontainers.image.revision"}}' "$IMGW_IMAGE")
  [ "$facts" = "10001:10001 [\"/app/imgw\"] [\"CMD\",\"/app/imgw\",\"healthcheck\"] {\"/data\":{}} $version tested" ] || fail "$facts"
}

no_keys_in_image() {
  local found
  found=$(docker run --rm --entrypoint find "$IMGW_IMAGE" /app /etc/imgw /data -name '*.key' -o -name '*.pem' -o -name '*.crt')
  [ -z "$found" ] || fail "$found"
}

# --- what it says of itself

version_of_the_program() { development exec -T edge imgw --version | cut -d+ -f1; }

# GET PATH of the management port, from inside: the only place but Prometheus that may.
management() {
  # shellcheck disable=SC2016
  development exec -T edge bash -c 'exec 3<>/dev/tcp/127.0.0.1/9180; printf "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" "$0" >&3; cat <&3' "$1"
}

one_version() {
  local program label metric
  program=$(version_of_the_program)
  label=$(docker image inspect -f '{{index .Config.Labels "org.opencontainers.image.version"}}' "$IMGW_IMAGE")
  metric=$(management /metrics | sed -n 's/^imgw_build_info{.*version="\([^"]*\)".*/\1/p')
  [ "$program $label $metric" = "$version $version $version" ] || fail "Directory.Build.props $version, program $program, label $label, metric $metric"
}

labels_of_a_release() {
  local arguments label
  arguments=$(deploy/scripts/build-args)
  [[ $arguments =~ ^--build-arg\ VERSION=$version\ --build-arg\ REVISION=[0-9a-f]{40}\ --build-arg\ CREATED=[0-9-]{10}T[0-9:]{8}Z$ ]] || fail "$arguments"
  for label in title description licenses source documentation base.name version revision created; do
    [ -n "$(docker image inspect -f "{{index .Config.Labels \"org.opencontainers.image.$label\"}}" "$IMGW_IMAGE")" ] || fail "no label $label"
  done
}

# Of another base another tenth: the one that local-docker makes is not the one of Docker Hub.
stated_size() {
  local stated size
  stated=$(sed -n 's/.*the image (\([0-9]*\) MB).*/\1/p' README.md)
  size=$(($(docker image inspect -f '{{.Size}}' "$IMGW_IMAGE") / 1000000))
  ((size * 10 > stated * 9 && size * 10 < stated * 11)) || fail "the README says $stated MB, it has $size"
}

bill_of_materials() {
  deploy/scripts/sbom "$IMGW_IMAGE" >"$work/sbom.json"
  deploy/scripts/sbom "$IMGW_IMAGE" | cmp - "$work/sbom.json" || fail "not the same twice"
  python3 - "$work/sbom.json" "$version" <<'PYTHON'
import json, sys
bom = json.load(open(sys.argv[1]))
components = {component["name"]: component for component in bom["components"]}
references = [component["bom-ref"] for component in bom["components"]] + ["image"]
assert bom["bomFormat"] == "CycloneDX" and bom["specVersion"] == "1.6", "not CycloneDX 1.6"
assert components["imgw"]["version"] == sys.argv[2], components["imgw"]
for name in "Yarp.ReverseProxy", "Microsoft.NETCore.App.Runtime.linux-x64", "libssl3t64", "libc6":
    assert components[name]["version"] and components[name]["purl"].startswith("pkg:"), name
assert len(set(references)) == len(references), "a reference twice"
assert {need for entry in bom["dependencies"] for need in [entry["ref"], *entry["dependsOn"]]} <= set(references), "a dependency on nothing"
PYTHON
}
