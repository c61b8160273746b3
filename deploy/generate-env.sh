#!/bin/sh
# Writes .env from .env.example, with random secrets.
# Usage: generate-env.sh USER_AGENT [FILE]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
agent=${1:-}
file=${2:-$here/.env}

case $agent in '' | -*)
  echo "usage: $0 'ExampleNews/1.0 (+https://example.com/bot)' [FILE]" >&2
  echo "The first argument is the fetcher's user agent: state your own name and address." >&2
  exit 2 ;;
esac
# A line break would add a setting.
case $agent in *\'* | *[[:cntrl:]]*)
  echo "$0: the user agent contains a single quote, a line break or another control character, which .env cannot represent: remove it" >&2
  exit 2 ;;
esac
if [ -e "$file" ]; then
  echo "$0: $file exists, and its secrets may be in use: move it away to generate a new one" >&2
  exit 1
fi

# Letters only: they need no quoting in a URL, in .env or in nats.conf.
secret() { LC_ALL=C tr -dc 'a-zA-Z' </dev/urandom | head -c 40; }

# mktemp creates a new file that only its owner can read. A file of a known name could
# exist, with other permissions or as a link of another user.
umask 077
partial=$(mktemp "$file.XXXXXX")
trap 'rm -f "$partial"' EXIT
while IFS= read -r line; do
  case $line in
    *PASSWORD= | *TOKEN= | *_ID=) echo "$line$(secret)" ;;
    *USER_AGENT=) echo "$line'$agent'" ;;
    *) echo "$line" ;;
  esac
done <"$here/.env.example" >"$partial"
mv "$partial" "$file"
echo "wrote $file"
# Any other file belongs to a test or to another host.
[ "$file" != "$here/.env" ] || "$here/context.sh" "$file"
