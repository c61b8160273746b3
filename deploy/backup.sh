#!/usr/bin/env bash
# Backs up this running deployment into a folder: the streams with JetStream
# snapshots, then the database with pg_dump. docs/backup.md explains the order.
# Usage: backup.sh FOLDER [COMPOSE ARGUMENTS...], such as -f compose.yaml -f compose.cluster.yaml
set -euo pipefail
folder=${1:-}
[ -n "$folder" ] || { echo "usage: $0 FOLDER [COMPOSE ARGUMENTS...]" >&2; exit 2; }
shift
[ ! -e "$folder/database.dump" ] && [ ! -e "$folder/streams" ] || { echo "$0: $folder already contains a backup: name another folder" >&2; exit 1; }
umask 077
mkdir -p "$folder/streams.partial"
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$folder" && pwd)
compose() { (cd "$here" && docker compose "${arguments[@]}" "$@"); }
arguments=("$@")

compose run --rm -T --no-deps --user "$(id -u):$(id -g)" -v "$folder/streams.partial:/backup" dateline backup /backup
mv "$folder/streams.partial" "$folder/streams"
compose exec -T postgres pg_dump -U dateline --format=custom dateline >"$folder/database.partial"
mv "$folder/database.partial" "$folder/database.dump"
echo "wrote $folder: $(du -sh "$folder" | cut -f 1). Keep .env in another place; a restore needs both."
