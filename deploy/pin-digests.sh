#!/usr/bin/env bash
# Writes compose.release.yaml with the digest of every image of compose.yaml, so that
# a deployment of a release runs the tested images even if tags move. It needs access
# to a registry that has the images of the release:
#
#   IMAGE_PREFIX=registry.example/dateline VERSION=v1.0.0 ./pin-digests.sh
#   docker compose -f compose.yaml -f compose.release.yaml up -d --wait
set -euo pipefail
cd "$(dirname "$0")"
prefix=${IMAGE_PREFIX:-}
version=${VERSION:-}
[ -n "$prefix" ] && [ -n "$version" ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }

digest() { # image: its digest in the registry
  local found
  found=$(docker buildx imagetools inspect "$1" --format '{{.Manifest.Digest}}') || { echo "$0: cannot read the digest of $1: is the registry reachable, and does it have the image?" >&2; return 1; }
  case $found in
    sha256:????????????????????????????????????????????????????????????????) echo "$found" ;;
    *) echo "$0: $1 has \"$found\" instead of a digest" >&2; return 1 ;;
  esac
}

# Prints one service and image per line. No secret needs to be set.
images() {
  sed -n '/^services:/,/^networks:/{ s/^  \([a-z-]*\):.*/\1/p; s/^    image: *\(.*\)/= \1/p; }' compose.yaml |
    awk '$1 == "=" { print service, $2; next } { service = $1 }'
}

partial=compose.release.yaml.partial
trap 'rm -f "$partial"' EXIT
printf '# Written by pin-digests.sh for %s.\nservices:\n' "$version" >"$partial"
images | while read -r service image; do
  case $image in
    '${IMAGE_PREFIX:-dateline}-'*) image=$prefix-${image##*-}:$version ;;
    '${GRAFANA_IMAGE:-'*) image=${image#*:-} image=${image%\}} ;;
  esac
  found=$(digest "$image")
  # compose.yaml never pulls the images that it can build.
  printf '  %s: { image: "%s@%s", pull_policy: missing }\n' "$service" "$image" "$found" >>"$partial"
done
mv "$partial" compose.release.yaml
echo "wrote compose.release.yaml"
