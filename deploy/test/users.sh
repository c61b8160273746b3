#!/usr/bin/env bash
# Plays the three users of Dateline from a clean clone: a developer, an operator and an
# analyst. It uses only what the README shows, and checks what each of them reads: in a
# pipe, on a terminal of 80 columns, and with NO_COLOR.
#
#   COMPOSE=1   also play the operator of the shipped Compose file, with the images
#               dateline-trial-* that endtoend.sh has built
set -euo pipefail
. "$(dirname "$0")/stack.sh"
running=()
if [ "${COMPOSE:-0}" = 1 ]; then
  BUILD=0
  stack_init users
else
  scratch=$(mktemp -d)
  trap users_finish EXIT
fi
clone=$scratch/clone

# on_exit ends what the users have started.
on_exit() {
  local pid
  for pid in "${running[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
}
users_finish() {
  local code=$?
  trap - EXIT
  [ "$code" = 0 ] || tail -n 40 "$scratch"/*.log || true
  on_exit
  rm -rf "$scratch"
  exit "$code"
}

# free_address VARIABLE: sets it to an address of this machine on which nothing listens.
port=$((21000 + $$ % 10000))
free_address() {
  port=$((port + 1))
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  printf -v "$1" '127.0.0.1:%s' "$port"
}

# dateline …: runs the command of the clone for the user. Its folder and configuration are
# the user's own.
dateline() { (cd "$home" && XDG_CONFIG_HOME=$home/config exec "$clone/bin/dateline" "$@"); }
# starts NAME …: runs the command in the background, with its output in NAME.log.
starts() {
  local log=$scratch/$1.log
  shift
  (cd "$home" && XDG_CONFIG_HOME=$home/config exec "$clone/bin/dateline" "$@") >"$log" 2>&1 &
  running+=($!)
}

# shows TEXT COMMAND…: runs a command of the user, and checks that it succeeds and prints
# the text.
shows() {
  local want=$1 out
  shift
  out=$("$@" 2>&1) || fail "$* ended with $?: $out"
  grep -qF -- "$want" <<<"$out" || fail "$* does not print \"$want\": $out"
}
# refuses CODE TEXT COMMAND…: like shows, for a command that ends with another code.
refuses() {
  local code=0 want=$2 expected=$1 out
  shift 2
  out=$("$@" 2>&1) || code=$?
  [ "$code" = "$expected" ] || fail "$* ended with $code, not $expected: $out"
  grep -qF -- "$want" <<<"$out" || fail "$* does not print \"$want\": $out"
}
succeeds() { "$@" >/dev/null 2>&1; }
prints() { grep -qF -- "$1" <<<"$("${@:2}" 2>&1)"; }

# fits COMMAND…: checks that a table fits 80 columns, in a pipe and on a terminal, and that
# escape codes appear in neither with NO_COLOR.
fits() {
  local out where
  for where in pipe terminal; do
    if [ $where = pipe ]; then
      out=$(COLUMNS=80 dateline "$@")
    else
      out=$(cd "$home" && XDG_CONFIG_HOME=$home/config NO_COLOR=1 script -qec \
        "stty cols 80; $clone/bin/dateline $(printf '%q ' "$@")" /dev/null </dev/null | tr -d '\r')
    fi
    [ -n "$out" ] || fail "$* prints nothing in a $where"
    ! grep -q $'\e' <<<"$out" || fail "$* prints escape codes in a $where: $out"
    [ "$(wc -L <<<"$out")" -le 80 ] || fail "$* is wider than 80 columns in a $where: $out"
  done
}

say 'a developer clones and builds'
git clone -q --no-hardlinks "$root" "$clone"
make -s -C "$clone" demo >"$scratch/make-demo.log" 2>&1 || fail 'make demo failed'
grep -q '40 of 47 URLs led to an article' "$scratch/make-demo.log" || fail 'the demo did not end as the README says'
home=$scratch/developer
mkdir "$home"
# The Go tool records the commit unless it is told not to.
revision=$(git -C "$clone" rev-parse HEAD)
[[ $(go env GOFLAGS) != *buildvcs=false* ]] || revision=unknown
shows "commit $revision" dateline --version
refuses 2 'did you mean "dateline search"?' dateline serch
refuses 1 'there is no store' dateline search
[ -z "$(ls "$home")" ] || fail "a command that only reads has created $(ls "$home")"
cat >"$home/page.html" <<'PAGE'
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Ferry pier repaired - Example Gazette</title>
  <meta property="og:type" content="article">
  <meta property="article:published_time" content="2026-11-20T08:30:00Z">
</head>
<body>
  <article>
    <h1>Ferry pier repaired</h1>
    <p class="byline">By Wilma Ness</p>
    <p>The pier at Lower Quay is open again after nine weeks of repairs, the harbour office said on Friday. Divers replaced
      forty piles, and the first ferry docked at seven in the morning with two passengers and a bicycle.</p>
    <p>The work cost less than planned, because the storm that was forecast for October did not come. What is left of the
      money will pay for a shelter, which the regular passengers have asked for since the old one blew away.</p>
  </article>
</body>
</html>
PAGE
shows '# Ferry pier repaired' dateline extract page.html --url https://gazette.example/pier --format markdown
shows '2026-11-20T08:30:00Z' dateline extract page.html --url https://gazette.example/pier
mkdir "$clone/reader"
cat >"$clone/reader/main.go" <<'GO'
// Command reader extracts a page with the library, as another program would.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func main() {
	html, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	page := article.Page{Body: html, URL: "https://gazette.example/pier"}
	a, err := article.Extract(context.Background(), page, article.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.Title)
}
GO
shows 'Ferry pier repaired' go -C "$clone" run ./reader "$home/page.html"

say 'an analyst opens the demo'
home=$scratch/analyst
mkdir "$home"
free_address web
free_address admin
starts demo demo --pace 1s --http-addr "$web" --admin-addr "$admin"
until_true 120 'a paper of the demo to be out of service' grep -qs 'is out of service' "$scratch/demo.log"
demo=(--data-dir "$home/dateline-demo")
shows 'Aboard the night train' dateline search "${demo[@]}" '"night train"'
shows '"language":"ar"' dateline search "${demo[@]}" --language ar --since 2026-11-01 --json
fits search "${demo[@]}"
fits search "${demo[@]}" ferry OR boat
fits sources "${demo[@]}"
report=$(sed -n 's/.* corrects the report: //p' "$scratch/demo.log")
shows '[-third-]{+fourth+}' dateline history "${demo[@]}" --changes "$report"
fits history "${demo[@]}" "$report"
shows 'no_date' dateline drift "${demo[@]}"
shows 'unreachable' dateline sources "${demo[@]}" --silent
shows 'Correction: ' dateline show "${demo[@]}" "$report"
for format in csv jsonl parquet; do
  dateline export "${demo[@]}" --language en --format $format --output "$home/articles.$format"
  [ -s "$home/articles.$format" ] || fail "the export as $format is empty"
done
[ "$(head -c 4 "$home/articles.parquet")" = PAR1 ] || fail 'the export is not a Parquet file'
shows '<feed' curl -fsS "http://$web/api/v1/feed.atom?q=ferry"
shows '"articles":[' curl -fsS "http://$web/api/v1/articles?q=ferry"
browser=(chromium --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/chromium" --timeout=60000 --dump-dom)
shows 'Aboard the' "${browser[@]}" "http://$web/?q=night+train"

say 'an operator runs the pipeline on this machine'
home=$scratch/operator
mkdir "$home"
free_address nats
free_address admin
free_address web
starts up up --data-nats-addr "$nats" --admin-addr "$admin" --http-addr "$web" \
  --fetcher-allow-private --fetcher-delay 10ms --fetcher-max-attempts 2 --fetcher-retry-delay 100ms
until_true 60 'the pipeline to be ready' succeeds curl -fsS "http://$admin/readyz"
shows 'local' dateline context ls
shows 'healthy, ' dateline status --interval 200ms
shows '1 of 1 URL led to an article' dateline publish "$report" --wait
broken=$(grep -o 'http://[^ ]*/world/cut-cable' "$scratch/make-demo.log" "$scratch/demo.log" | tail -n 1)
broken=${broken#*:http}
broken=http${broken#http}
refuses 1 'reset' dateline publish "$broken" --wait
shows 'reset' dateline dead list
fits dead list
fits status --interval 200ms
fits explain "$broken"
shows '1 of 1 processes answer' dateline top --once --interval 200ms
refuses 1 'problem  dead letters' dateline doctor
shows 'requeue: 1 dead letter' dateline dead requeue --all
until_true 60 'the requeued URL to fail again' prints 'reset' dateline dead list
shows 'drop: 1 dead letter' dateline dead drop --all
shows '0 dead letters' dateline dead list
shows '0 problems' dateline doctor
shows 'FRONTIER' dateline backup "$home/backup"
shows 'Harbour bell' dateline search bell --store-url "sqlite:$home/backup/articles.db"
shows 'Harbour bell' dateline search bell

if [ "${COMPOSE:-0}" != 1 ]; then
  say 'ok, without the operator of the Compose file (COMPOSE=1)'
  exit 0
fi

say 'an operator deploys with Compose'
home=$scratch/deployer
mkdir "$home"
stack_up
sed "s/^NATS_PORT=.*/NATS_PORT=$(compose port nats 4222 | sed 's/.*://')/
  s/^HTTP_PORT=.*/HTTP_PORT=$(compose port indexer 8080 | sed 's/.*://')/" "$scratch/env" >"$scratch/ports.env"
XDG_CONFIG_HOME=$home/config "$deploy/context.sh" "$scratch/ports.env"
shows 'healthy, ' dateline status --interval 200ms
shows '1 of 1 URL led to an article' dateline publish http://north.example:8080/articles/1 --wait
shows '1 article' dateline search harbour
shows 'http://north.example:8080/articles/1' dateline show http://north.example:8080/articles/1
shows 'north.example' dateline sources
fits search harbour
refuses 1 'not_found' dateline publish http://north.example:8080/nosuch --wait
shows '0 dead letters' dateline dead list --context "$project-operator"
say ok
