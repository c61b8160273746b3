#!/usr/bin/env bash
# Restores a backup into this deployment, whose volumes must be new, and starts it.
# Usage: restore.sh FOLDER [COMPOSE ARGUMENTS...]
set -euo pipefail
folder=${1:-}
[ -n "$folder" ] || { echo "usage: $0 FOLDER [COMPOSE ARGUMENTS...]" >&2; exit 2; }
shift
[ -d "$folder/streams" ] && [ -e "$folder/database.dump" ] || { echo "$0: $folder does not contain a backup: name a folder that backup.sh wrote" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$folder" && pwd)
compose() { (cd "$here" && docker compose "${arguments[@]}" "$@"); }
arguments=("$@")

# With the cluster overlay there are several NATS nodes.
compose up -d --wait postgres $(compose config --services | grep '^nats')
tables=$(compose exec -T postgres psql -XAtq -U dateline -d dateline -c "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
[ "$tables" = 0 ] || { echo "$0: the database already has $tables tables: restore into new volumes (docker compose down --volumes deletes the old ones)" >&2; exit 1; }
compose run --rm -T --no-deps --user "$(id -u):$(id -g)" -v "$folder/streams:/backup:ro" dateline restore /backup
compose exec -T postgres pg_restore -U dateline -d dateline --no-owner --exit-on-error --single-transaction <"$folder/database.dump"
compose up -d --wait
echo "restored $folder"
