#!/usr/bin/env bash
# Tests the shipped stack under load and failure. It publishes 500 pages with a plain
# NATS client while each service is killed once, and checks that no page is lost or
# duplicated in PostgreSQL and in the API, that a subscription gets every article, that
# every query of the dashboards returns data, and that alerts fire only for the failures
# that it causes later. stack.sh lists the variables.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init endtoend
PROFILES=monitoring,archive
OVERLAYS="$test/compose.load.yaml $test/compose.receiver.yaml"
hosts=(north south east west harbour upland)
pages=500

count() { sql "SELECT count(*) FROM $1"; }
stored() { [ "$(count articles)" -ge "$1" ]; }
ended() { [ "$(sql "SELECT count(*) FROM outcomes WHERE stage = 4 AND verdict = 1")" -ge "$1" ]; }

# urls FROM TO: prints the URLs with these numbers, distributed over the hosts in turn.
urls() {
  local n
  for n in $(seq "$1" "$2"); do
    echo "http://${hosts[$((n % ${#hosts[@]}))]}.example:8080/articles/$((n / ${#hosts[@]} + 1))"
  done
}
# publish SUBJECT [USER]: publishes each line of standard input as a message.
publish() {
  local user=${2:-client} password
  password=$(setting "NATS_${user^^}_PASSWORD")
  compose run --rm -T publisher publish "nats://$user:$password@nats:4222" "$1"
}

# received: prints how many different articles the target of the subscription has got, and
# how many deliveries were repeated.
received() { compose exec -T receiver /deploytrial received http://127.0.0.1:8080; }
delivered() { [ "$(received | cut -d ' ' -f 1)" = "$1" ] && [ "$(sql "SELECT count(*) FROM notify_deliveries WHERE state = 'delivered'")" = "$1" ]; }

# alerts STATE: prints the names of the alerts in that state.
alerts() { promql "ALERTS{alertstate=\"$1\"}" | sed -n 's/.*alertname="\([A-Za-z]*\)".*/\1/p' | sort -u; }
fires() { alerts firing | grep -qx "$1"; }
quiet() { [ -z "$(alerts firing)" ]; }
notified() { compose exec -T alertmanager wget -q -O - http://127.0.0.1:9093/api/v2/alerts | grep -q "\"alertname\":\"$1\""; }

# killed SERVICE: kills its process, as a crash would, and waits until it is healthy.
killed() {
  local id before
  id=$(compose ps -q "$1" | head -n 1)
  before=$(docker inspect -f '{{.RestartCount}}' "$id")
  kill -9 "$(docker inspect -f '{{.State.Pid}}' "$id")"
  until_true 90 "$1 to restart" restarted "$id" "$before"
  say "$1 was killed and has restarted; $(count articles 2>/dev/null || echo some) articles are stored"
}
restarted() {
  [ "$(docker inspect -f '{{.RestartCount}}' "$1")" -gt "$2" ] && [ "$(docker inspect -f '{{.State.Health.Status}}' "$1")" = healthy ]
}

# The overlays fit compose.yaml.
for overlay in cluster external hub; do
  NATS_ADDRESS=nats.example:4222 STORE_URL=postgres://postgres.example/dateline HUB_CALLBACK_URL=https://hub.example/hub OVERLAYS=$deploy/compose.$overlay.yaml \
    compose config -q || fail "compose.$overlay.yaml does not fit compose.yaml"
done
OVERLAYS="$deploy/compose.cluster.yaml $deploy/compose.tls.yaml $deploy/compose.cluster-tls.yaml" compose config -q ||
  fail 'the overlays for encryption and for three nodes do not fit together'

stack_up

compose run --rm -T dateline subscribe add everything --event new --to http://receiver:8080/ --unsigned >/dev/null
say "publishing $pages URLs"
urls 1 "$pages" | publish urls
# The fetcher comes last, because its hosts wait until its leases have expired.
for service in extractor archiver indexer notifier postgres nats prometheus alertmanager postgres-exporter fetcher; do
  killed "$service"
done
until_true 300 "$pages articles in PostgreSQL" stored "$pages"
# An outcome may need two redeliveries (16.5 s each) and two retries in place (15 s each).
until_true 120 "$pages outcomes of the last stage" ended "$pages"

for table in articles revisions; do
  [ "$(count $table)" = "$pages" ] || fail "$(count $table) $table, not $pages"
done
[ "$(sql 'SELECT count(DISTINCT canonical_url) FROM articles')" = "$pages" ] || fail 'an article is stored twice'
for stage in 1 2 3 4; do
  got=$(sql "SELECT count(*) || ' ' || count(DISTINCT url) FROM outcomes WHERE stage = $stage AND verdict = 1")
  [ "$got" = "$pages $pages" ] || fail "stage $stage has outcomes and URLs: $got, not $pages of each"
done
[ "$(sql 'SELECT count(*) FROM outcomes WHERE verdict = 5')" = 0 ] || fail 'the ledger has dead outcomes'
say "$pages articles, each once, each with its outcome at every stage"
# A subscription whose notifier was killed goes on after 110 s.
until_true 240 "$pages articles at the target of the subscription" delivered "$pages"
say "the subscription got each article; $(received | cut -d ' ' -f 2) deliveries were repeated"

address=$(compose port indexer 8080)
token=$(setting DATELINE_HTTP_READ_TOKEN)
found=$(curl -fsS -H "Authorization: Bearer $token" "http://$address/api/v1/export?q=harbour+book" | wc -l)
[ "$found" = "$pages" ] || fail "a search of the API finds $found articles, not $pages"
say "a search of the API finds them all"

compose run --rm -T dateline sources add http://south.example:8080/feed.xml >/dev/null
promql 'dateline_disk_free_bytes > 0' | grep -q 'job="indexer"' || fail 'the indexer exports no metric of free disk space'
quiet || fail "alerts fire: $(alerts firing | tr '\n' ' ')"
say 'no alert fires'
make -C "$root" dashboards-live PROMETHEUS="http://$(compose port prometheus 9090)"

say 'an extractor that hangs, and an unreadable message'
docker pause "$(compose ps -q extractor)" >/dev/null
echo 'no article' | publish articles.en.example.north operator
more=$((pages + 30))
urls "$((pages + 1))" "$more" | publish urls
until_true 120 'the alert for dead letters' fires DatelineDeadLetters
say 'the alert for dead letters fires'
until_true 300 'the alert for a service that does not answer' fires DatelineTargetDown
until_true 60 'the alert to reach Alertmanager' notified DatelineTargetDown
say 'the alert for the extractor fires, and Alertmanager has it'
docker unpause "$(compose ps -q extractor)" >/dev/null
until_true 120 "$more articles in PostgreSQL" stored "$more"
[ "$(count articles) $(count revisions)" = "$more $more" ] || fail "$(count articles) articles and $(count revisions) revisions, not $more"
until_true 60 "$more articles at the target of the subscription" delivered "$more"
gone() { ! fires DatelineTargetDown; }
until_true 120 'the alert to end' gone
say "$more articles, each once; the alert has ended"

say ok
