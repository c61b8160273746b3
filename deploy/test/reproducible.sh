#!/usr/bin/env bash
# Builds the services twice, in different folders and the second time with an empty
# build cache, and compares the programs byte by byte. The flags are those of the
# Dockerfile.
#   SERVICES=   services to build (default: fetcher discoverer extractor archiver indexer notifier)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
flags=$(sed -n 's/.*-ldflags="\(.*\) -X .*/\1/p' "$root/deploy/Dockerfile" | head -n 1)
[ -n "$flags" ] || { echo "no flags found in deploy/Dockerfile" >&2; exit 1; }

tags=$(sed -n 's/.*go build .* -tags \([^ ]*\) .*/\1/p' "$root/deploy/Dockerfile" | head -n 1)
[ -n "$tags" ] || { echo "no tags found in deploy/Dockerfile" >&2; exit 1; }

build() { # folder
  mkdir -p "$1/out"
  tar -C "$root" -c go.mod go.sum proto internal services | tar -C "$1" -x
  for service in ${SERVICES:-fetcher discoverer extractor archiver indexer notifier}; do
    (cd "$1" && GOWORK=off CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags "$tags" \
      -o "$1/out/$service" -ldflags="$flags" "./services/$service/cmd/$service")
  done
}
build "$scratch/one"
export GOCACHE=$scratch/cache
build "$scratch/another/folder"
(cd "$scratch/one/out" && sha256sum *) >"$scratch/sums"
(cd "$scratch/another/folder/out" && sha256sum --check "$scratch/sums")
