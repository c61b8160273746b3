#!/usr/bin/env bash
# Checks "dateline doctor" on the shipped stack: it must find nothing wrong, then each of
# eleven faults, and nothing again once they are gone. stack.sh lists the variables.
#   CLUSTER=1    three NATS nodes
#   EXTERNAL=1   NATS and PostgreSQL outside the project
#   PODS=1       the pods of the Helm chart, with NATS and PostgreSQL outside
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init doctor
[ "${CLUSTER:-0}" = 0 ] || OVERLAYS=$deploy/compose.cluster.yaml
if [ "${PODS:-0}" = 1 ]; then
  EXTERNAL=1 command=doctor
  pods_up
else
  [ "${EXTERNAL:-0}" = 0 ] || outside_up
  stack_up
fi

# servers …: runs Compose on the project that has NATS and PostgreSQL.
servers() { if [ "${EXTERNAL:-0}" = 0 ]; then compose "$@"; else outside "$@"; fi; }

# doctor [ARGUMENTS OF RUN…]: examines the stack, and writes the findings to a file.
doctor() { compose run --rm -T --no-deps "$@" "${command:-dateline}" doctor --json >"$scratch/findings" 2>"$scratch/errors"; }
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

# without SERVICE TEXT [COMPOSE]: stops a service, expects the problem, starts the service
# again. COMPOSE is servers for NATS and PostgreSQL.
without() {
  local runner=${3:-compose}
  "$runner" stop "$1" >/dev/null 2>&1
  finds "$2"
  "$runner" up -d --wait --wait-timeout 120 "$1" >/dev/null 2>&1 || fail "$1 does not start again"
}

# silent SECONDS: repeats the examination until it finds nothing.
silent() {
  local end=$((SECONDS + $1))
  until doctor; do
    [ "$SECONDS" -lt "$end" ] || { cat "$scratch/errors"; grep -v '"status":"ok"' "$scratch/findings"; fail 'the doctor finds a problem in a healthy stack'; }
    sleep 2
  done
}

silent 60
say "healthy: $(grep -c '"status":"ok"' "$scratch/findings") checks passed, $(grep -c '"status":"skipped"' "$scratch/findings" || true) skipped"

address=nats:4222 database=postgres lost='no connection'
[ "${EXTERNAL:-0}" = 0 ] || address=$(setting NATS_ADDRESS) database=postgres.outside.example
[ "${CLUSTER:-0}" = 0 ] || lost='replica on nats-1 is offline'
store=postgres://dateline:wrong@$database:5432/dateline?sslmode=disable
finds 'no connection' -e DATELINE_NATS_URL="nats://operator:wrong@$address"
finds store -e DATELINE_STORE_URL="$store"
finds 'can be guessed' -e DATELINE_HTTP_OPERATE_TOKEN=passwordpassword
finds 'monitoring endpoint' -e DATELINE_CLIENT_NATS_MONITOR=http://nats:9
without fetcher fetcher
without discoverer discoverer
without extractor extractor
without indexer web
without postgres store servers
without nats "$lost" servers

sql() { servers exec -T postgres psql -XAtq -U dateline -d dateline -c "$1"; }
version=$(sql 'SELECT max(version_id) FROM goose_db_version')
sql "UPDATE goose_db_version SET version_id = version_id + 1000 WHERE version_id = $version" >/dev/null
finds 'supports versions up to'
sql "UPDATE goose_db_version SET version_id = $version WHERE version_id = $version + 1000" >/dev/null

silent 120
say ok
