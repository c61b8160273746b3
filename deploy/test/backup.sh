#!/usr/bin/env bash
# Fills a stack, backs it up while pages are in progress, deletes it with its volumes,
# restores it, and compares all counts. stack.sh lists the variables.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init backup
stack_up

files=(-p "$project" --env-file "$scratch/env" -f "$deploy/compose.yaml" -f "$test/compose.test.yaml")
for host in north south east west harbour upland; do
  for n in $(seq 5); do echo "http://$host.example:8080/articles/$n"; done
done | compose run --rm -T publisher
stored() { [ "$(sql 'SELECT count(*) FROM articles')" -ge "$1" ]; }
until_true 90 '10 articles in PostgreSQL' stored 10

say 'backing up'
"$deploy/backup.sh" "$scratch/backup" "${files[@]}"
counts() { sql "SELECT (SELECT count(*) FROM articles) || ' articles, ' || (SELECT count(*) FROM revisions) || ' revisions, ' || (SELECT count(*) FROM outcomes) || ' outcomes'"; }
until_true 90 '30 articles in PostgreSQL' stored 30
ends="SELECT string_agg(stage || ':' || verdict || '=' || n, ' ' ORDER BY stage, verdict) FROM (SELECT stage, verdict, count(*) AS n FROM outcomes GROUP BY stage, verdict) AS t"
whole='1:1=30 2:1=30 3:1=30 4:1=30'
finished() { [ "$(sql "$ends")" = "$whole" ]; }
until_true 60 "the ledger $whole" finished
before=$(counts)
say "before: $before"

say 'deleting the stack and its volumes'
PROFILES='*' compose down -v --timeout 20 >/dev/null 2>&1
say 'restoring'
"$deploy/restore.sh" "$scratch/backup" "${files[@]}" >"$scratch/restore.log" 2>&1 || { cat "$scratch/restore.log"; fail 'restoring failed'; }
# Pages that were in progress during the backup are finished after the restore.
until_true 120 "the ledger $whole again" finished
after=$(counts)
[ "$after" = "$before" ] || fail "before: $before; after: $after"
say "after:  $after"

! "$deploy/restore.sh" "$scratch/backup" "${files[@]}" >"$scratch/again.log" 2>&1 || fail 'a restore overwrote an existing database'
grep -q 'restore into new volumes' "$scratch/again.log" || { cat "$scratch/again.log"; fail 'the refusal does not say what to do'; }
say 'a second restore is refused'
say ok
