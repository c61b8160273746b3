#!/usr/bin/env bash
# Fills the volume of NATS, and then that of PostgreSQL, while pages are in progress,
# and frees it again. Checks that the services log the failure, and that no page is lost
# or duplicated. stack.sh lists the variables.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init fulldisk
OVERLAYS="$test/compose.load.yaml $test/compose.smalldisk.yaml"
sed -i 's/^MIN_FREE_MIB=.*/MIN_FREE_MIB=32/' "$scratch/env"
hosts=(north south east west harbour upland)

count() { sql "SELECT count(*) FROM $1"; }
stored() { [ "$(count articles 2>/dev/null || echo 0)" -ge "$1" ]; }

# publish FROM TO: publishes the URLs of the articles with these numbers on every host.
publish() {
  local host n
  for n in $(seq "$1" "$2"); do
    for host in "${hosts[@]}"; do echo "http://$host.example:8080/articles/$n"; done
  done | compose run --rm -T publisher
}
volume() { docker run --rm --user 0 -v "${project}_$1:/v" --entrypoint sh postgres:17-alpine -c "$2"; }
fill() { volume "$1" 'dd if=/dev/zero of=/v/filler bs=64k 2>/dev/null; df -k /v | tail -n 1'; }
empty() { volume "$1" 'rm /v/filler'; }
# logged SERVICE PATTERN: a log line of the last five minutes matches.
logged() { compose logs --no-color --no-log-prefix --since 5m "$1" 2>/dev/null | grep -q "$2"; }
show() { say "  $1: $(compose logs --no-color --no-log-prefix --since 5m "$1" | grep -m 1 "$2" | cut -c 1-300)"; }

stack_up
docker inspect -f '{{range .Mounts}}{{.Destination}} {{end}}' "$(compose ps -q site)" | grep -q /hold/nats || fail 'no container keeps the volumes mounted'

say 'the volume of NATS is full while pages are in progress'
publish 1 20
until_true 60 'the first articles' stored 6
fill nats
until_true 60 'the fetcher to log that publishing fails' logged fetcher 'publish failed, retrying'
show fetcher 'publish failed, retrying'
before=$(count articles)
say "  $before articles are stored"
empty nats
compose restart nats >"$scratch/restart.log" 2>&1
want=$((20 * ${#hosts[@]}))
until_true 240 "$want articles" stored "$want"
say "  space is free and NATS was restarted: $want articles are stored"

say 'the volume of PostgreSQL is full while pages are in progress'
publish 21 40
until_true 60 'more articles' stored "$((want + 6))"
fill postgres
until_true 90 'the indexer to log that storing fails' logged indexer 'storing.*No space left\|storing.*53100\|storing.*could not extend\|storing.*SQLSTATE\|storing.*connect'
show indexer 'storing'
empty postgres
want=$((40 * ${#hosts[@]}))
until_true 240 "$want articles" stored "$want"
say "  space is free: $want articles are stored"

for table in articles revisions; do
  [ "$(count $table)" = "$want" ] || fail "$(count $table) $table, not $want"
done
[ "$(sql 'SELECT count(*) FROM outcomes WHERE verdict = 5')" = 0 ] || fail 'the ledger has dead outcomes'
for stage in 1 2 3 4; do
  ended() { [ "$(sql "SELECT count(*) || ' ' || count(DISTINCT url) FROM outcomes WHERE stage = $stage AND verdict = 1")" = "$want $want" ]; }
  until_true 60 "$want outcomes of stage $stage" ended
done
say "$want articles, each once, each with its outcome at every stage"
say ok
