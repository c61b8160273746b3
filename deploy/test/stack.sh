# Functions that run the shipped stack under a project name of its own. A test sources
# this file:
#
#   . stack.sh
#   stack_init NAME          create settings and a scratch folder; remove everything at exit
#   stack_up [SERVICE…]      build and start the stack, and wait until it is healthy
#   compose …                run Compose on this stack
#   sql QUERY                run a query as the owner of the database
#   promql QUERY             run an instant query on Prometheus
#   outside_up               start NATS and PostgreSQL outside the project, and use them
#   outside …                run Compose on these
#   pods_up                  run the pods of the Helm chart as containers, with NATS and
#                            PostgreSQL outside; from then on, compose means these
#   until_true SECONDS WHAT COMMAND…   repeat a command until it succeeds
#
#   KEEP=1      leave the stack running
#   BUILD=0     use the existing images dateline-trial-*
#   OVERLAYS=   further Compose files, separated by spaces
#   PROFILES=   profiles to start, separated by commas (monitoring)
#   STANDINS=   folder with a build.sh that builds substitutes for missing base images,
#               for a machine without access to a container registry
test=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
deploy=$(dirname "$test")
root=$(dirname "$deploy")
standins=${STANDINS:-$root/../shared/standins}

say() { printf '[%3ss] %s\n' "$SECONDS" "$*"; }
fail() { say "FAILED: $*"; exit 1; }

compose() {
  local file files=()
  for file in ${OVERLAYS-}; do files+=(-f "$file"); done
  COMPOSE_PROFILES=${PROFILES-} docker compose -p "$project" --env-file "$scratch/env" \
    -f "$deploy/compose.yaml" -f "$test/compose.test.yaml" "${files[@]}" "$@"
}
sql() { compose exec -T postgres psql -XAtq -U dateline -d dateline -c "$1"; }
promql() { compose exec -T prometheus promtool query instant http://127.0.0.1:9090 "$1"; }
setting() { sed -n "s/^$1=//p" "$scratch/env"; }

# until_true SECONDS WHAT COMMAND…: repeats the command until it succeeds, and fails
# after that time.
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "timed out waiting for $what"
    sleep 1
  done
}

# stack_init NAME: creates a project and its settings. Docker assigns free ports, so that
# the test does not collide with a deployment on the same machine.
stack_init() {
  compose_plugin
  project=dateline-$1-$$
  scratch=$(mktemp -d)
  trap stack_finish EXIT
  "$deploy/generate-env.sh" 'DatelineTrial/1.0 (+https://example.com/bot)' "$scratch/env" >/dev/null
  sed -i "s/_PORT=.*/_PORT=0/; s/^COMPOSE_PROJECT_NAME=.*/COMPOSE_PROJECT_NAME=$project/" "$scratch/env"
  # All tests share their images, so that they are built once.
  export IMAGE_PREFIX=dateline-trial
  # Concurrent tests must not share the network of the made-up site.
  export TRIAL_SUBNET=10.213.$(($$ % 250)).0/24
}

stack_up() {
  base_images
  if [ "${BUILD:-1}" = 1 ]; then
    say 'building the images'
    PROFILES='*' compose build --quiet
  fi
  say 'starting'
  local started=$SECONDS
  compose up -d --wait --wait-timeout 120 "$@" >"$scratch/up.log" 2>&1 || { cat "$scratch/up.log"; fail 'the stack did not come up healthy'; }
  say "healthy after $((SECONDS - started)) s"
}

# outside_up starts a NATS server and a PostgreSQL with the shipped accounts in another
# project, which the stack uses instead of its own.
outside_up() {
  OVERLAYS="$deploy/compose.external.yaml $test/compose.outside.yaml"
  cat >>"$scratch/env" <<EOF
NATS_ADDRESS=nats.outside.example:4222
NATS_MONITOR_URL=http://nats.outside.example:8222
STORE_URL=postgres://dateline:$(setting POSTGRES_OWNER_PASSWORD)@postgres.outside.example/dateline?sslmode=disable
OUTSIDE_NETWORK=$project-outside
EOF
  base_images
  say 'starting NATS and PostgreSQL outside the project'
  outside up -d --wait >"$scratch/outside.log" 2>&1 || { cat "$scratch/outside.log"; fail 'NATS and PostgreSQL outside the project do not start'; }
}
outside() { docker compose -p "$project-outside" --env-file "$scratch/env" -f "$test/outside.yaml" "$@"; }
outside_down() { [ -z "$(setting OUTSIDE_NETWORK)" ] || outside down -v --timeout 5 >/dev/null 2>&1 || true; }

# pods_up runs the pods of the Helm chart as containers, each with the image, settings and
# limits that Kubernetes would give it. Network policies and probes have no effect.
pods_up() {
  outside_up
  say 'building the images'
  [ "${BUILD:-1}" = 0 ] || PROFILES='*' compose build --quiet
  local address user
  address=$(setting NATS_ADDRESS)
  {
    printf 'userAgent: DatelineTrial/1.0 (+https://example.com/bot)\nnatsReplicas: 1\n'
    printf 'image: { prefix: dateline-trial, tag: latest }\n'
    printf 'settings: { DATELINE_CLIENT_NATS_MONITOR: %s }\nsecret:\n  data:\n' "$(setting NATS_MONITOR_URL)"
    for user in setup fetcher discoverer extractor indexer notifier operator; do
      printf '    nats-%s-url: nats://%s:%s@%s\n' $user $user "$(setting "NATS_${user^^}_PASSWORD")" "$address"
    done
    printf '    store-url: %s\n' "$(setting STORE_URL)"
    printf '    http-read-token: %s\n    http-operate-token: %s\n' \
      "$(setting DATELINE_HTTP_READ_TOKEN)" "$(setting DATELINE_HTTP_OPERATE_TOKEN)"
  } >"$scratch/values.yaml"
  GOWORK=off go -C "$root/tools" run ./manifests/cmd/compose "$deploy/helm/dateline" "$scratch/values.yaml" \
    "$project-outside" dateline-trial-site >"$scratch/pods.yaml"
  compose() { docker compose -p "$project" -f "$scratch/pods.yaml" "$@"; }
  compose up -d >"$scratch/up.log" 2>&1 || { cat "$scratch/up.log"; fail 'the pods do not start'; }
}

# on_exit removes what a test has started outside the stack. A test may redefine it.
on_exit() { :; }

stack_finish() {
  local code=$?
  trap - EXIT
  if [ "$code" != 0 ] && [ -e "$scratch/env" ]; then
    compose ps -a || true
    compose logs --no-color --tail 40 || true
  fi
  if [ "${KEEP:-0}" = 1 ]; then
    say "left running: project $project, settings in $scratch/env"
  else
    [ ! -e "$scratch/env" ] || PROFILES='*' compose down -v --timeout 20 >"$scratch/down.log" 2>&1 || cat "$scratch/down.log"
    [ ! -e "$scratch/env" ] || outside_down
    on_exit
    rm -rf "$scratch"
  fi
  exit "$code"
}

# compose_plugin installs a current Compose plugin if none runs and STANDINS can build it.
compose_plugin() {
  docker compose version >/dev/null 2>&1 && return 0
  [ -x "$standins/compose-tool.sh" ] || fail 'running docker compose failed: install the Compose plugin, 2.26 or later'
  export DOCKER_CONFIG=$root/bin/docker
  [ ! -x "$DOCKER_CONFIG/cli-plugins/docker-compose" ] || return 0
  docker image inspect debian:trixie-slim >/dev/null 2>&1 || "$standins/build.sh" base
  "$standins/compose-tool.sh" "$DOCKER_CONFIG"
}

# base_images builds substitutes for missing images if STANDINS can build them.
base_images() {
  local image missing=()
  for image in $(compose config --images | grep -v '^dateline') golang:1.26-bookworm gcr.io/distroless/static-debian12:nonroot; do
    docker image inspect "$image" >/dev/null 2>&1 || missing+=("$image")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ ! -x "$standins/build.sh" ]; then
    say "images to pull: ${missing[*]}"
    return 0
  fi
  say "building substitutes for ${missing[*]}"
  local parts=()
  [[ ${missing[*]} != *alertmanager* ]] || parts+=(alertmanager)
  [[ ${missing[*]} != *postgres-exporter* ]] || parts+=(postgres_exporter)
  NATS_TAGS=nats:2.15-alpine NATS_VERSION=v2.15.2 "$standins/build.sh"
  [ ${#parts[@]} = 0 ] || "$standins/build.sh" "${parts[@]}"
}
