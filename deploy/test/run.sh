#!/usr/bin/env bash
# Starts the shipped stack, publishes URLs of a made-up site, and checks that their
# articles are in PostgreSQL and in the API, that a site can be previewed, that the callback
# for hubs answers, that Prometheus reaches every service, that replicas share the work, and
# that subscriptions deliver e-mails and files. Then removes the stack. stack.sh lists the variables.
set -euo pipefail
. "$(dirname "$0")/stack.sh"
hosts=(north south east west harbour upland)
articles=5
stack_init trial
PROFILES=monitoring
OVERLAYS="$deploy/compose.hub.yaml $deploy/compose.mail.yaml $test/compose.receiver.yaml"
printf 'HUB_CALLBACK_URL=https://dateline.example.org/hub\nHUB_PORT=0\n' >>"$scratch/env"
printf 'SMTP_SERVER=receiver:2525\nSMTP_FROM=news@example.com\nSMTP_SECURITY=none\n' >>"$scratch/env"

stored() { [ "$(sql 'SELECT count(*) FROM articles')" = "$1" ]; }
# The ledger by stage (intake, fetch, extract, index) and verdict (1 produced, 4 rejected).
ledger() { sql "SELECT string_agg(line, ' ') FROM (SELECT stage || ':' || verdict || '=' || count(*) AS line FROM outcomes GROUP BY stage, verdict ORDER BY stage, verdict) AS lines"; }
balanced() { [ "$(ledger)" = "$1" ]; }
targets_up() { [ "$(promql "count(up{job=\"$1\"} == 1)" | sed -n 's/.* => \([0-9]*\) .*/\1/p')" = "$2" ]; }

publish() { # from, to: publishes the URLs of the articles with these numbers on every host
  local host n
  for host in "${hosts[@]}"; do
    for n in $(seq "$1" "$2"); do echo "http://$host.example:8080/articles/$n"; done
  done | compose run --rm -T publisher
}

say 'without secrets'
refusal=$(docker compose --env-file /dev/null -f "$deploy/compose.yaml" config 2>&1) && fail 'the stack starts without secrets'
grep -q 'generate-env.sh' <<<"$refusal" || fail "the error does not say what to do about missing secrets: $refusal"

stack_up

for port in 'nats 4222' 'indexer 8080' 'prometheus 9090' 'alertmanager 9093' 'discoverer 8090'; do
  address=$(compose port $port)
  [[ $address == 127.0.0.1:* ]] || fail "$port is published on $address, not on loopback"
  (exec 3<>"/dev/tcp/${address/://}") || fail "nothing answers on $address ($port)"
done

compose run --rm -T dateline subscribe add mail --event new --to mailto:desk@example.com >/dev/null
compose run --rm -T dateline subscribe add list --event new --to files:daily/list >/dev/null
mailed() { [ "$(compose exec -T receiver /deploytrial received http://127.0.0.1:8080/mail | cut -d ' ' -f 1)" = "$1" ]; }
# filed COUNT: whether the finished files have at least so many events, each in a manifest.
filed() {
  rm -rf "$scratch/files"
  compose cp notifier:/deliveries "$scratch/files" >/dev/null 2>&1 || return 1
  [ "$(cat "$scratch"/files/daily/list/*/*.jsonl 2>/dev/null | wc -l)" -ge "$1" ] &&
    awk -v want="$1" '/"rows"/ { gsub(/[^0-9]/, ""); rows += $0 } END { exit rows < want }' "$scratch"/files/daily/list/*/*.manifest.json
}

say 'publishing'
publish 1 "$articles"
for host in "${hosts[@]}"; do
  echo "http://$host.example:8080/articles/999"     # 404
  echo "http://$host.example:8080/private/archive"    # denied by robots.txt
done | compose run --rm -T publisher

good=$((${#hosts[@]} * articles))
bad=$((${#hosts[@]} * 2))
until_true 90 "$good articles in PostgreSQL" stored "$good"
say "$good articles are in PostgreSQL"
want="1:1=$((good + bad)) 2:1=$good 2:4=$bad 3:1=$good 4:1=$good"
until_true 30 "a ledger of $want" balanced "$want"
say "every URL has its outcome at every stage: $want"

# Request the API over the published port, without and with a token.
address=$(compose port indexer 8080)
ask() { # path, headers, body: prints the whole response to a POST if there is a body, or else to a GET
  local method=GET length=''
  [ -z "${3-}" ] || { method=POST; length="Content-Type: application/json\r\nContent-Length: ${#3}\r\n"; }
  exec 3<>"/dev/tcp/${address/://}" || return 1
  printf '%s %s HTTP/1.0\r\nHost: %s\r\n%b\r\n%s' "$method" "$1" "$address" "${2-}$length" "${3-}" >&3
  cat <&3
}
[[ $(ask /api/v1/articles) == *' 401 '* ]] || fail 'the API answers without a token'
token=$(setting DATELINE_HTTP_READ_TOKEN)
found=$(ask '/api/v1/articles?limit=1000' "Authorization: Bearer $token\r\n" | grep -o '"first_seen"' | wc -l)
[[ $found == "$good" ]] || fail "the API finds $found articles, not $good"
say "the API finds all $good articles, and refuses requests without a token"

tried=$(ask /api/v1/discovery/try "Authorization: Bearer $(setting DATELINE_HTTP_OPERATE_TOKEN)\r\n" '{"url":"http://north.example:8080"}')
[[ $tried == *'"purpose":"links"'*'{"end":true}'* ]] || fail "the preview of a site lacks its home page or its end: $tried"
say "a site was previewed: $(grep -c '"endpoint"' <<<"$tried") endpoints"
address=$(compose port discoverer 8090)
[[ $(ask /hub/unknown) == *' 404 '* ]] || fail 'the callback for hubs does not refuse an unknown subscription'
say 'the callback for hubs answers'

for job in fetcher extractor indexer notifier postgres prometheus alertmanager; do
  until_true 60 "Prometheus to reach the $job" targets_up "$job" 1
done
say 'Prometheus reaches every service'

say 'idle memory:'
docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' $(compose ps -q)

say 'three fetchers and four extractors'
"$deploy/set-env.sh" "$scratch/env" FETCHER_REPLICAS=3 EXTRACTOR_REPLICAS=4
compose up -d --wait --wait-timeout 120 >"$scratch/scale.log" 2>&1 || { cat "$scratch/scale.log"; fail 'the replicas did not come up'; }
until_true 90 'Prometheus to reach three fetchers' targets_up fetcher 3
until_true 90 'Prometheus to reach four extractors' targets_up extractor 4
publish "$((articles + 1))" "$((articles * 2))"
until_true 120 "$((good * 2)) articles in PostgreSQL" stored "$((good * 2))"
share=$(compose logs --no-log-prefix extractor | grep -c '"verdict":"produced"' || true)
[ "$share" -ge "$((good * 2))" ] || fail "the extractors log $share articles, not $((good * 2))"
say "$((good * 2)) articles are in PostgreSQL; Prometheus sees every replica"

until_true 60 'an e-mail about each article' mailed "$((good * 2))"
until_true 120 'files with the first articles' filed "$good"
say "$((good * 2)) e-mails, and files with at least $good articles, were delivered"

if compose logs --no-color nats | grep -i violation; then
  fail 'a service lacks a NATS permission'
fi

say ok
