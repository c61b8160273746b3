#!/usr/bin/env bash
# Starts the shipped stack with the profile archive, and checks that every fetched page is
# archived, that the API reads the archive, that an erasure reaches it, and that "dateline
# archive stop" ends it. stack.sh lists the variables, and there is one more:
#
#   BUCKET=1   keep the archive in a bucket (run make bin/versitygw before)
set -euo pipefail
. "$(dirname "$0")/stack.sh"
stack_init archive
PROFILES=archive
if [ "${BUCKET:-0}" = 1 ]; then
  OVERLAYS="$deploy/compose.bucket.yaml $test/compose.bucket-service.yaml"
  printf '%s\n' ARCHIVE_BUCKET=s3://news/pages S3_ENDPOINT=http://bucket:7070 S3_ACCESS_KEY=trial \
    S3_SECRET_KEY=trial-secret-key >>"$scratch/env"
fi
stack_up

captured() { [ "$(sql "SELECT count(*) FROM archive_captures WHERE url LIKE '%/articles/%'")" = 5 ]; }
# The index keeps no URL of an erased capture.
overwritten() { [ "$(sql "SELECT count(*) FROM archive_captures WHERE type = 'erased'")" = 1 ]; }
dateline() { compose run --rm -T --no-deps dateline "$@"; }

for n in 1 2 3 4 5; do echo "http://north.example:8080/articles/$n"; done | compose run --rm -T publisher
until_true 90 'five captures' captured
[ "$(dateline archive ls --json --host north.example | grep -c /articles/)" = 5 ] || fail 'archive ls does not list five captures'
say 'every page is archived'
uploaded() { [ -n "$(compose exec -T bucket find /data/news/pages -name '*.warc.gz')" ]; }
if [ "${BUCKET:-0}" = 1 ]; then
  until_true 60 'a file in the bucket' uploaded
  say 'the bucket has the archive'
fi

address=$(compose port indexer 8080)
ask() { # path: prints the response
  exec 3<>"/dev/tcp/${address/://}" || return 1
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n' "$1" "$address" "$(setting DATELINE_HTTP_READ_TOKEN)" >&3
  cat <&3
}
stored() { [ "$(sql 'SELECT count(*) FROM articles')" = 5 ]; }
until_true 60 'five articles' stored
id=$(sql "SELECT id FROM articles ORDER BY id LIMIT 1")
when=$(ask "/api/v1/articles/$id/captures" | grep -o '"time":"[^"]*"' | head -n 1 | cut -d '"' -f 4)
[[ $(ask "/api/v1/articles/$id/captures/$when") == *' 200 '* ]] || fail "the API does not read the capture of $when from the archive"
say 'the API reads the archive'

dateline erase "$id" --yes >"$scratch/erased" 2>&1 || { cat "$scratch/erased"; fail 'the article cannot be erased'; }
until_true 30 'the archiver to overwrite the record' overwritten
say 'an erasure reaches the archive, although only the archiver can write to it'

compose stop archiver >/dev/null 2>&1
dateline archive stop --yes | grep -q 'no longer kept' || fail 'archive stop does not end keeping pages'
PROFILES='' dateline doctor --json | grep '"status":"problem"' | grep -q archiver && fail 'the doctor still looks for an archiver'
say 'ok'
