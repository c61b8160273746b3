#!/usr/bin/env bash
# Builds the files of a release: for each platform an archive with static programs and
# their bills of materials, for Linux also a Debian package, and the checksums of all. Two
# runs on the same commit write the same bytes. Requires Go, GNU tar and, for the packages,
# dpkg-deb.
# Usage: release.sh VERSION FOLDER, such as release.sh v1.2.3 bin/release
#   PLATFORMS=   platforms, separated by spaces
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
version=${1:-}
folder=${2:-}
platforms=${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64}
[[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] && [ -n "$folder" ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ ! -e "$folder" ] || { echo "$0: $folder exists: remove it, or name another folder" >&2; exit 1; }
[ -z "$(git -C "$root" status --porcelain)" ] || { echo "$0: there are changes that are not committed: a release is built from a commit" >&2; exit 1; }
export CGO_ENABLED=0 GOWORK=off GOFLAGS=
# The times in archives and packages are that of the commit.
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
umask 022

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
flags="-s -w -buildid= -X github.com/dateline-news/dateline/internal/telemetry.linkedVersion=$version"
# A bill of materials contains the checksum of the program that wrote it.
go -C "$root/tools" build -trimpath -buildvcs=false -o "$stage/cyclonedx-gomod" github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

# debian ARCHITECTURE PROGRAMS: writes the package with the command and its service.
debian() {
  local tree=$stage/deb-$1 number=${version#v}
  mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$tree/usr/lib/systemd/system" "$tree/etc/dateline" "$tree/usr/share/doc/dateline"
  cp "$2/dateline" "$tree/usr/bin/"
  cp "$root/deploy/release/dateline.service" "$tree/usr/lib/systemd/system/"
  cp "$root/deploy/release/dateline.yaml" "$tree/etc/dateline/"
  cp "$root/LICENSE" "$tree/usr/share/doc/dateline/copyright"
  cp "$2/sbom/dateline.cdx.json" "$tree/usr/share/doc/dateline/"
  gzip -9n <"$root/CHANGELOG.md" >"$tree/usr/share/doc/dateline/changelog.gz"
  install -m 0755 "$root"/deploy/release/debian/* "$tree/DEBIAN/"
  echo /etc/dateline/dateline.yaml >"$tree/DEBIAN/conffiles"
  # A prerelease sorts before its release.
  sed -e "s/@VERSION@/${number/-/\~}/; s/@ARCHITECTURE@/$1/" "$root/deploy/release/control" >"$tree/DEBIAN/control"
  (cd "$tree" && find usr -type f | LC_ALL=C sort | xargs md5sum >DEBIAN/md5sums)
  echo "Installed-Size: $(du -sk --apparent-size "$tree/usr" | cut -f 1)" >>"$tree/DEBIAN/control"
  dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$tree" "$folder/dateline_${number}_$1.deb" >/dev/null
}

for platform in $platforms; do
  os=${platform%/*} architecture=${platform#*/}
  name=dateline_${version}_${os}_$architecture
  mkdir -p "$stage/$name/sbom"
  (cd "$root" && GOOS=$os GOARCH=$architecture go build -trimpath -buildvcs=true -tags no_antithesis_sdk,nopgxregisterdefaulttypes -ldflags "$flags" -o "$stage/$name/" \
    ./cmd/dateline ./services/fetcher/cmd/fetcher ./services/discoverer/cmd/discoverer \
    ./services/extractor/cmd/extractor ./services/archiver/cmd/archiver ./services/indexer/cmd/indexer \
    ./services/notifier/cmd/notifier)
  for program in dateline fetcher discoverer extractor archiver indexer notifier; do
    "$stage/cyclonedx-gomod" bin -json -noserial -notimestamp -version "$version" \
      -output "$stage/$name/sbom/$program.cdx.json" "$stage/$name/$program" 2>/dev/null
  done
  cp "$root/LICENSE" "$root/README.md" "$root/CHANGELOG.md" "$root/UPGRADING.md" "$stage/$name/"
  tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -c "$name" |
    gzip -n >"$folder/$name.tar.gz"
  [ "$os" != linux ] || debian "$architecture" "$stage/$name"
  echo "built $name"
done
(cd "$folder" && sha256sum -- * >"$stage/SHA256SUMS" && mv "$stage/SHA256SUMS" .)
echo "wrote $folder"
