#!/bin/sh
# Makes .env from .env.example, with random secrets.
# Usage: generate-env.sh USER_AGENT [FILE]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
agent=${1:-}
file=${2:-$here/.env}

if [ -z "$agent" ]; then
  echo "usage: $0 'ExampleNews/1.0 (+https://example.com/bot)' [FILE]" >&2
  echo "The first argument is how the fetcher names itself to sites; use your own." >&2
  exit 2
fi
case $agent in *\'*)
  echo "$0: the user agent has a single quote in it, which .env cannot hold: leave it out" >&2
  exit 2 ;;
esac
if [ -e "$file" ]; then
  echo "$0: $file exists and its secrets may be in use: move it away to make another" >&2
  exit 1
fi

# Letters alone: they need no quoting in an address, in .env or in nats.conf.
secret() { LC_ALL=C tr -dc 'a-zA-Z' </dev/urandom | head -c 40; }

umask 077
while IFS= read -r line; do
  case $line in
    *PASSWORD= | *TOKEN= | *_ID=) echo "$line$(secret)" ;;
    *USER_AGENT=) echo "$line'$agent'" ;;
    *) echo "$line" ;;
  esac
done <"$here/.env.example" >"$file.partial"
mv "$file.partial" "$file"
echo "wrote $file"
