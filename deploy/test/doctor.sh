#!/usr/bin/env bash
# Checks "dateline doctor" on the shipped stack: it must find nothing wrong, then each of
# eleven faults, and nothing again once they are gone. stack.sh lists the variables.
#   CLUSTER=1   three NATS nodes
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init doctor
[ "${CLUSTER:-0}" = 0 ] || OVERLAYS=$deploy/compose.cluster.yaml
stack_up

# doctor [ARGUMENTS OF RUN…]: examines the stack, and writes the findings to a file.
doctor() { compose run --rm -T --no-deps "$@" dateline doctor --json >"$scratch/findings" 2>"$scratch/errors"; }
problem() { grep '"status":"problem"' "$scratch/findings" | grep -m 1 -i -- "$1"; }

# finds TEXT [ARGUMENTS OF RUN…]: repeats the examination until it reports a problem with
# that text. Services stop, and their leases end, only after some time.
finds() {
  local text=$1 end=$((SECONDS + 90))
  shift
  until ! doctor "$@" && problem "$text" >/dev/null; do
    [ "$SECONDS" -lt "$end" ] || { cat "$scratch/errors" "$scratch/findings"; fail "the doctor does not find: $text"; }
    sleep 2
  done
  say "found: $(problem "$text" | sed 's/.*"found":"\([^"]*\)".*/\1/')"
}

# without SERVICE TEXT: stops a service, expects the problem, starts the service again.
without() {
  compose stop "$1" >/dev/null 2>&1
  finds "$2"
  compose up -d --wait --wait-timeout 120 "$1" >/dev/null 2>&1 || fail "$1 does not start again"
}

until_true 60 'the doctor to find nothing' doctor
say "healthy: $(grep -c '"status":"ok"' "$scratch/findings") checks passed, $(grep -c '"status":"skipped"' "$scratch/findings" || true) skipped"

store=postgres://dateline:wrong@postgres:5432/dateline?sslmode=disable
finds 'no connection' -e DATELINE_NATS_URL=nats://operator:wrong@nats:4222
finds store -e DATELINE_STORE_URL="$store"
finds 'can be guessed' -e DATELINE_HTTP_OPERATE_TOKEN=passwordpassword
finds 'monitoring endpoint' -e DATELINE_CLIENT_NATS_MONITOR=http://nats:9
without fetcher fetcher
without discoverer discoverer
without extractor extractor
without indexer web
without postgres store
without nats 'no connection'

version=$(sql 'SELECT max(version_id) FROM goose_db_version')
sql "UPDATE goose_db_version SET version_id = version_id + 1000 WHERE version_id = $version" >/dev/null
finds 'supports versions up to'
sql "UPDATE goose_db_version SET version_id = $version WHERE version_id = $version + 1000" >/dev/null

until_true 120 'the doctor to find nothing again' doctor
say ok
