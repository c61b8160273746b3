#!/usr/bin/env bash
# Starts the stack with three NATS nodes, kills one while URLs are published, and
# checks that every URL ends as an article in PostgreSQL. stack.sh lists the variables.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init cluster
OVERLAYS=$deploy/compose.cluster.yaml
stack_up

streams() { compose exec -T nats wget -qO- 'http://127.0.0.1:8222/jsz?streams=1&config=1'; }
replicas=$(streams | grep -c '"num_replicas": 3' || true)
[ "$replicas" -ge 12 ] || fail "$replicas streams and buckets have three replicas, not 12"
say "$replicas streams and buckets have three replicas"

stored() { [ "$(sql 'SELECT count(*) FROM articles')" = "$1" ]; }
urls() { # from, to
  local host n
  for host in north south east west harbour upland; do
    for n in $(seq "$1" "$2"); do echo "http://$host.example:8080/articles/$n"; done
  done
}
say 'publishing, and killing a node meanwhile'
urls 1 5 | compose run --rm -T publisher
victim=$(streams | sed -n 's/.*"leader": "\(nats-[23]\)".*/\1/p' | head -n 1)
victim=${victim:-nats-2}
compose kill "$victim"
say "killed $victim"
urls 6 10 | compose run --rm -T publisher
until_true 180 '60 articles in PostgreSQL' stored 60
say 'all 60 articles are in PostgreSQL'

compose start "$victim"
caught_up() { compose exec -T "$victim" wget -q -O /dev/null http://127.0.0.1:8222/healthz; }
until_true 120 "$victim to catch up" caught_up
say "$victim has caught up"
[ "$(sql 'SELECT count(*) FROM articles')" = 60 ] || fail 'an article is stored twice'
say ok
