#!/usr/bin/env bash
# Starts the stack with three NATS nodes, kills each of them in turn while URLs are
# published, and checks that every URL ends as an article in PostgreSQL. stack.sh lists
# the variables.
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
publish() { # node
  compose run --rm -T publisher publish "nats://client:$(setting NATS_CLIENT_PASSWORD)@$1:4222"
}
healthy() { compose exec -T "$1" wget -q -O /dev/null http://127.0.0.1:8222/healthz; }

all=0
other=nats-3
for victim in nats nats-2 nats-3; do
  urls $((all / 6 + 1)) $((all / 6 + 5)) | publish "$other"
  compose kill "$victim"
  killed=$SECONDS
  urls $((all / 6 + 6)) $((all / 6 + 10)) | publish "$other"
  all=$((all + 60))
  until_true 180 "$all articles in PostgreSQL" stored "$all"
  say "killed $victim: all $all articles were in PostgreSQL $((SECONDS - killed)) s later, without it"
  compose start "$victim"
  until_true 120 "$victim to catch up" healthy "$victim"
  say "$victim has caught up"
  other=$victim
done
[ "$(sql 'SELECT count(*) FROM articles')" = "$all" ] || fail 'an article is stored twice'
say ok
