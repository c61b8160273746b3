#!/usr/bin/env bash
# Starts the services with a NATS server and a PostgreSQL outside the Compose project,
# which have the shipped accounts, and checks that articles arrive. stack.sh lists the
# variables.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init external
OVERLAYS="$deploy/compose.external.yaml $test/compose.outside.yaml"
say 'starting NATS and PostgreSQL outside the project'
outside() { docker compose -p "$project-outside" --env-file "$scratch/env" -f "$test/outside.yaml" "$@"; }
on_exit() { outside down -v --timeout 5 >/dev/null 2>&1 || true; }
cat >>"$scratch/env" <<EOF
NATS_ADDRESS=nats.outside.example:4222
STORE_URL=postgres://dateline:$(setting POSTGRES_OWNER_PASSWORD)@postgres.outside.example/dateline?sslmode=disable
OUTSIDE_NETWORK=$project-outside
EOF
base_images
outside up -d --wait >"$scratch/outside.log" 2>&1 || { cat "$scratch/outside.log"; fail 'NATS and PostgreSQL outside the project do not start'; }
stack_up
[ -z "$(compose config --services | grep -x 'nats\|postgres')" ] || fail 'the project has a NATS or PostgreSQL of its own'

stored() { [ "$(outside exec -T postgres psql -XAtq -U dateline -d dateline -c 'SELECT count(*) FROM articles')" = "$1" ]; }
for n in 1 2 3; do echo "http://north.example:8080/articles/$n"; done |
  outside run --rm -T client
until_true 90 '3 articles in the external database' stored 3
say 'the articles are in the external database'
say ok
