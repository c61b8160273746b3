#!/usr/bin/env bash
# Starts the shipped stack with encrypted connections (compose.tls.yaml), and checks
# that articles arrive, that a client without certificate is refused by NATS and by
# PostgreSQL, and that renewed certificates are used without a restart of NATS and
# PostgreSQL. stack.sh lists the variables.
#   CLUSTER=1   three NATS nodes, with encrypted connections between them
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init encrypted
OVERLAYS=$deploy/compose.tls.yaml
nodes=nats
if [ "${CLUSTER:-0}" = 1 ]; then
  OVERLAYS="$deploy/compose.cluster.yaml $OVERLAYS $deploy/compose.cluster-tls.yaml"
  nodes='nats nats-2 nats-3'
fi
PROFILES=monitoring
DAYS=3 "$deploy/tls.sh" "$scratch/tls" >/dev/null
echo "TLS_FOLDER=$scratch/tls" >>"$scratch/env"
stack_up

stored() { [ "$(sql 'SELECT count(*) FROM articles')" = "$1" ]; }
publish() { # numbers of the articles
  local n
  for n; do echo "http://north.example:8080/articles/$n"; done | compose run --rm -T dateline publish -
}
# Days until the expiry of the certificate that each service has seen.
days_left() { promql '(dateline_bus_certificate_expiry_timestamp_seconds - time()) / 86400' | sed -n 's/.* => \([0-9]*\)\..*/\1/p' | sort -u; }
are_left() { [ "$(days_left)" = "$1" ]; }

publish 1 2 3
until_true 90 '3 articles in PostgreSQL' stored 3
say 'articles pass over encrypted connections'
until_true 60 'the expiry of the first certificate' are_left 2

# A busy machine may also fail to connect at all.
refused() {
  compose run --rm -T publisher </dev/null >"$scratch/refused.log" 2>&1 && fail 'NATS admits a client without certificate'
  grep -qi 'certificate\|tls' "$scratch/refused.log"
}
until_true 60 'NATS to refuse a client for its missing certificate' refused
compose exec -T -e PGPASSWORD="$(setting POSTGRES_OWNER_PASSWORD)" -e PGSSLMODE=require postgres \
  psql -h postgres -U dateline -d dateline -c 'SELECT 1' >"$scratch/refused.log" 2>&1 && fail 'PostgreSQL admits a client without certificate'
grep -q 'valid client certificate' "$scratch/refused.log" || { cat "$scratch/refused.log"; fail 'PostgreSQL refuses for another reason'; }
compose exec -T -e PGPASSWORD="$(setting POSTGRES_OWNER_PASSWORD)" -e PGSSLMODE=disable postgres \
  psql -h postgres -U dateline -d dateline -c 'SELECT 1' >/dev/null 2>&1 && fail 'PostgreSQL admits a client without encryption'
say 'clients without certificate are refused'

if [ "${CLUSTER:-0}" = 1 ]; then
  for node in $nodes; do
    routes=$(compose exec -T "$node" wget -qO- http://127.0.0.1:8222/varz | sed -n '/"cluster": {/,/}/p')
    [[ $routes == *'"tls_required": true'* && $routes == *'"tls_verify": true'* ]] || fail "$node admits nodes without a certificate: $routes"
  done
  say 'connections between the nodes are encrypted'
fi

started() { docker inspect --format '{{.State.StartedAt}}' $(compose ps -q $nodes postgres); }
before=$(started)
DAYS=9 "$deploy/tls.sh" "$scratch/tls" >/dev/null
compose run --rm -T certificates
compose kill -s HUP $nodes postgres
compose restart fetcher discoverer extractor indexer notifier >/dev/null 2>&1
until_true 90 'the expiry of the second certificate' are_left 8
[ "$(started)" = "$before" ] || fail 'NATS or PostgreSQL was restarted'
publish 4 5
until_true 90 '5 articles in PostgreSQL' stored 5
say 'renewed certificates are used; NATS and PostgreSQL were not restarted'
say ok
