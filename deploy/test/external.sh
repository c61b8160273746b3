#!/usr/bin/env bash
# Starts the services with a NATS server and a PostgreSQL outside the Compose project,
# which have the shipped accounts, and checks that articles arrive. stack.sh lists the
# variables.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init external
outside_up
stack_up
[ -z "$(compose config --services | grep -x 'nats\|postgres')" ] || fail 'the project has a NATS or PostgreSQL of its own'

stored() { [ "$(outside exec -T postgres psql -XAtq -U dateline -d dateline -c 'SELECT count(*) FROM articles')" = "$1" ]; }
for n in 1 2 3; do echo "http://north.example:8080/articles/$n"; done |
  outside run --rm -T client
until_true 90 '3 articles in the external database' stored 3
say 'the articles are in the external database'
say ok
