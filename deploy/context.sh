#!/bin/sh
# Writes two contexts with which the command dateline on this host reaches the deployment
# of an .env. NAME has the NATS user client, which may publish URLs and subscribe to
# results. NAME-operator has the user operator, which may do everything. NAME is
# COMPOSE_PROJECT_NAME, and becomes the context in use.
# Usage: context.sh [FILE]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
file=${1:-$here/.env}
[ -r "$file" ] || { echo "$0: $file cannot be read: run ./generate-env.sh first" >&2; exit 1; }

setting() { sed -n "s/^$1=//p" "$file" | tail -n 1; }
name=$(setting COMPOSE_PROJECT_NAME)
name=${name:-dateline}
nats_port=$(setting NATS_PORT)
http_port=$(setting HTTP_PORT)

if [ -z "${XDG_CONFIG_HOME:-}" ] && [ -z "${HOME:-}" ]; then
  echo "$0: no context written: neither XDG_CONFIG_HOME nor HOME is set" >&2
  exit 0
fi
folder=${XDG_CONFIG_HOME:-$HOME/.config}/dateline

umask 077
mkdir -p "$folder/contexts"
partial=$folder/contexts/partial.$$
trap 'rm -f "$partial"' EXIT

# write NAME USER PASSWORD TOKEN_NAME TOKEN
write() {
  cat >"$partial" <<EOF
# Written by deploy/context.sh.
nats:
    url: nats://$2:$3@127.0.0.1:${nats_port:-4222}
client:
    web: http://127.0.0.1:${http_port:-8080}
http:
    $4: $5
EOF
  mv "$partial" "$folder/contexts/$1.yaml"
}
write "$name" client "$(setting NATS_CLIENT_PASSWORD)" read-token "$(setting DATELINE_HTTP_READ_TOKEN)"
write "$name-operator" operator "$(setting NATS_OPERATOR_PASSWORD)" operate-token "$(setting DATELINE_HTTP_OPERATE_TOKEN)"
echo "$name" >"$partial"
mv "$partial" "$folder/context"
echo "wrote the contexts $name and $name-operator; commands use $name"
