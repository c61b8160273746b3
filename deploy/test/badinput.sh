#!/usr/bin/env bash
# Starts the stack with common mistakes, and checks that each is reported in one line
# before any service runs. stack.sh lists the variables.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init badinput
base_images
[ "${BUILD:-1}" = 0 ] || compose build --quiet
cp "$scratch/env" "$scratch/good"

change() { sed -i "s|^$1=.*|$1=$2|" "$scratch/env"; }

# refused WHAT SERVICE PATTERN: the start fails, SERVICE logs one line that matches
# PATTERN, and neither NATS nor PostgreSQL has been started.
refused() {
  say "$1"
  ! compose up -d --wait --wait-timeout 60 "${up[@]}" >"$scratch/up.log" 2>&1 || fail "the stack starts with $1"
  local said
  said=$(compose logs --no-log-prefix --no-color "$2" | sed 's/^.\[2K//')
  [ "$(grep -c . <<<"$said")" = 1 ] || fail "$2 logs: $said"
  grep -q "$3" <<<"$said" || fail "$2 logs: $said"
  [ -z "$(compose ps -q --status running)" ] || fail "containers are running: $(compose ps)"
  say "  $said"
  cp "$scratch/good" "$scratch/env"
  compose rm -fs >/dev/null 2>&1
}
up=(nats postgres)
on_exit() { docker rm -f "$project-alone" >/dev/null 2>&1 || true; }

change NATS_FETCHER_PASSWORD hunter2
refused 'a weak secret' check-settings 'NATS_FETCHER_PASSWORD in .env has 7 characters'

change POSTGRES_PASSWORD "$(setting POSTGRES_OWNER_PASSWORD)"
refused 'one secret for two users' check-settings 'equals another secret'

change MIN_FREE_MIB 999999999
refused 'a full volume' check-nats 'free space on'

# Volumes that the servers cannot use.
volume() { docker run --rm --user 0 -v "${project}_$1:/v" --entrypoint sh postgres:17-alpine -c "$2"; }
compose create nats postgres >/dev/null 2>&1
volume nats 'echo another 0 >/v/deployment'
refused 'the volume of another deployment' check-nats 'COMPOSE_PROJECT_NAME'
volume nats "echo $(setting DEPLOYMENT_ID) 4102444800 >/v/deployment"
refused 'a clock that is behind' check-nats 'the clock is .* set it'
volume nats 'rm /v/deployment && chown -R 1234 /v && chmod 700 /v'
refused 'a volume of another owner' check-nats 'chown -R 0:0'
volume nats 'chown -R 0:0 /v && chmod 755 /v'
volume postgres 'echo 14 >/v/PG_VERSION && chown 70:70 /v/PG_VERSION'
refused 'an older database' check-postgres 'created by PostgreSQL 14'
volume postgres 'rm /v/PG_VERSION'

say 'a port in use by another deployment'
up=(nats)
compose up -d --wait nats >"$scratch/up.log" 2>&1 || { cat "$scratch/up.log"; fail 'NATS does not start'; }
taken=$(compose port nats 4222)
# Another project on the same port.
sed "s/^NATS_PORT=.*/NATS_PORT=${taken##*:}/; s/^COMPOSE_PROJECT_NAME=.*/COMPOSE_PROJECT_NAME=$project-second/" "$scratch/good" >"$scratch/second"
if docker compose -p "$project-second" --env-file "$scratch/second" -f "$deploy/compose.yaml" up -d nats >"$scratch/second.log" 2>&1; then
  fail 'a second deployment starts on the same port'
fi
grep -q "port is already allocated\|address already in use" "$scratch/second.log" || { cat "$scratch/second.log"; fail 'the error does not name the port'; }
docker compose -p "$project-second" --env-file "$scratch/second" -f "$deploy/compose.yaml" down -v >/dev/null 2>&1
say "  $(grep -o 'Bind for.*\|.*address already in use' "$scratch/second.log" | tail -n 1)"

say 'a database that is unreachable'
{ compose up -d --wait --wait-timeout 120 nats postgres && compose run --rm --no-deps setup; } >"$scratch/up.log" 2>&1 || { cat "$scratch/up.log"; fail 'NATS and PostgreSQL do not start'; }
compose run -d --no-deps --name "$project-alone" -e DATELINE_STORE_URL=postgres://dateline:x@nowhere.invalid/dateline indexer >/dev/null 2>&1
ended() { [ "$(docker inspect -f '{{.State.Status}}' "$project-alone")" = exited ] || [ "$(docker inspect -f '{{.RestartCount}}' "$project-alone")" -gt 0 ]; }
until_true 60 'the indexer to exit' ended
docker logs "$project-alone" 2>&1 | grep -q 'indexer: opening the store, database dateline at nowhere.invalid: .*check that the server runs' || { docker logs "$project-alone"; fail 'the error does not name the database'; }
say "  $(docker logs "$project-alone" 2>&1 | grep -m 1 '^indexer:')"
docker rm -f "$project-alone" >/dev/null

say 'a store that the image cannot open'
compose run -d --no-deps --name "$project-alone" -e DATELINE_STORE_URL=sqlite:/tmp/articles.db indexer >/dev/null 2>&1
until_true 60 'the indexer to exit' ended
docker logs "$project-alone" 2>&1 | grep -q 'built without SQLite; use postgres://' || { docker logs "$project-alone"; fail 'the error does not name SQLite'; }
say "  $(docker logs "$project-alone" 2>&1 | grep -m 1 '^indexer:')"
docker rm -f "$project-alone" >/dev/null

say 'a wrong NATS password'
compose run -d --no-deps --name "$project-alone" -e DATELINE_NATS_URL=nats://extractor:wrong@nats:4222 extractor >/dev/null 2>&1
until_true 60 'the extractor to exit' ended
docker logs "$project-alone" 2>&1 | grep -qi 'extractor: connecting to NATS .*authorization.*credentials' || { docker logs "$project-alone"; fail 'the error does not mention credentials'; }
say "  $(docker logs "$project-alone" 2>&1 | grep -m 1 '^extractor:')"
docker rm -f "$project-alone" >/dev/null

say ok
