#!/usr/bin/env bash
# Brings the shipped stack up under a project name of its own, publishes URLs of
# a made-up site onto the subject, and checks that they end as rows in PostgreSQL
# and that Prometheus reaches every service. Takes it all down again.
#
#   KEEP=1      leave the stack running
#   STANDINS=   folder with a build.sh that makes the base images locally, for a
#               machine without a container registry; used when one is missing
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
deploy=$(dirname "$here")
standins=${STANDINS:-$deploy/../../shared/standins}
project=dateline-trial-$$
scratch=$(mktemp -d)
hosts=(north south east west harbour upland)
articles=5

say() { printf '[%3ss] %s\n' "$SECONDS" "$*"; }
fail() { say "FAILED: $*"; exit 1; }
compose() {
  docker compose -p "$project" --env-file "$scratch/env" \
    -f "$deploy/compose.yaml" -f "$here/compose.test.yaml" "$@"
}
sql() { compose exec -T postgres psql -XAtq -h 127.0.0.1 -U dateline -d dateline -c "$1"; }
scraped() { compose exec -T prometheus promtool query instant http://127.0.0.1:9090 "$1"; }

# until_true SECONDS WHAT COMMAND...: repeats the command until it succeeds.
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "waited in vain for $what"
    sleep 1
  done
}

finish() {
  local code=$?
  trap - EXIT
  if [ "$code" != 0 ] && [ -e "$scratch/env" ]; then
    compose ps -a || true
    compose logs --no-color --tail 40 || true
  fi
  if [ "${KEEP:-0}" = 1 ]; then
    say "left running: project $project, settings in $scratch/env"
  else
    [ ! -e "$scratch/env" ] || compose --profile tools down -v --rmi local --timeout 20 >"$scratch/down.log" 2>&1 || cat "$scratch/down.log"
    rm -rf "$scratch"
  fi
  exit "$code"
}
trap finish EXIT

base_images() {
  local image missing=()
  for image in $(compose config --images | grep -v "^$project") golang:1.26-bookworm gcr.io/distroless/static-debian12:nonroot; do
    docker image inspect "$image" >/dev/null 2>&1 || missing+=("$image")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ ! -x "$standins/build.sh" ]; then
    say "to be pulled: ${missing[*]}"
    return 0
  fi
  say "building stand-ins, for want of ${missing[*]}"
  NATS_TAGS=nats:2.15-alpine NATS_VERSION=v2.15.2 "$standins/build.sh"
}

stored() { [ "$(sql 'SELECT count(*) FROM articles')" = "$1" ]; }
# The ledger by stage (intake, fetch, extract, index) and verdict (1 produced, 4 rejected).
ledger() { sql "SELECT string_agg(line, ' ') FROM (SELECT stage || ':' || verdict || '=' || count(*) AS line FROM outcomes GROUP BY stage, verdict ORDER BY stage, verdict) AS lines"; }
balanced() { [ "$(ledger)" = "$1" ]; }
target_up() { scraped "up{job=\"$1\"}" | grep -q ' => 1 '; }

say 'settings'
"$deploy/generate-env.sh" 'DatelineTrial/1.0 (+https://example.com/bot)' "$scratch/env"
# Any free port, so that a deployment on this machine is not in the way.
sed -i 's/^\(NATS\|PROMETHEUS\)_PORT=.*/\1_PORT=0/' "$scratch/env"
base_images

say 'without secrets'
refusal=$(docker compose --env-file /dev/null -f "$deploy/compose.yaml" config 2>&1) && fail 'the stack starts without secrets'
grep -q 'generate-env.sh' <<<"$refusal" || fail "no word on what to do about missing secrets: $refusal"

say 'building the images'
compose build --quiet

say 'starting'
started=$SECONDS
compose up -d --wait --wait-timeout 120 >"$scratch/up.log" 2>&1 || { cat "$scratch/up.log"; fail 'the stack did not come up healthy'; }
say "healthy after $((SECONDS - started)) s"

for port in 'nats 4222' 'indexer 8080' 'prometheus 9090'; do
  address=$(compose port $port)
  [[ $address == 127.0.0.1:* ]] || fail "$port is published on $address, not on loopback"
  (exec 3<>"/dev/tcp/${address/://}") || fail "nothing answers on $address ($port)"
done

say 'publishing'
for host in "${hosts[@]}"; do
  for n in $(seq "$articles"); do echo "http://$host.example:8080/articles/$n"; done
  echo "http://$host.example:8080/articles/$((articles + 1))"   # 404
  echo "http://$host.example:8080/private/diary"                # denied by robots.txt
done >"$scratch/urls"
compose run --rm -T publisher <"$scratch/urls"

good=$((${#hosts[@]} * articles))
bad=$((${#hosts[@]} * 2))
until_true 90 "$good articles in PostgreSQL" stored "$good"
say "$good articles are in PostgreSQL"
want="1:1=$((good + bad)) 2:1=$good 2:4=$bad 3:1=$good 4:1=$good"
until_true 30 "a ledger of $want" balanced "$want"
say "every URL has its outcome at every stage: $want"

# The API, asked over the published port: without a token, and with it.
address=$(compose port indexer 8080)
ask() { # path, headers: the answer, whole
  exec 3<>"/dev/tcp/${address/://}" || return 1
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n%b\r\n' "$1" "$address" "${2-}" >&3
  cat <&3
}
[[ $(ask /api/v1/articles) == *' 401 '* ]] || fail 'the API answers without a token'
token=$(sed -n 's/^DATELINE_HTTP_READ_TOKEN=//p' "$scratch/env")
found=$(ask '/api/v1/articles?limit=1000' "Authorization: Bearer $token\r\n" | grep -o '"first_seen"' | wc -l)
[[ $found == "$good" ]] || fail "the API finds $found articles, not $good"
say "the API finds all $good articles, and nobody without a token"

for job in fetcher extractor indexer; do
  until_true 30 "Prometheus reaching the $job" target_up "$job"
done
say 'Prometheus reaches all three services'

say ok
