#!/bin/sh
# Changes settings in an .env that generate-env.sh has written. "make deploy" calls it
# with the settings on its command line.
# Usage: set-env.sh FILE NAME=VALUE…
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { echo "usage: $0 FILE NAME=VALUE…" >&2; exit 2; }
file=$1
shift
[ -w "$file" ] || { echo "$0: $file cannot be written: run ./generate-env.sh first" >&2; exit 1; }

umask 077
partial=$(mktemp "$file.XXXXXX")
trap 'rm -f "$partial"' EXIT

for setting; do
  name=${setting%%=*}
  value=${setting#*=}
  case $name in
    *PASSWORD | *TOKEN | *SECRET_KEY | DEPLOYMENT_ID)
      echo "$0: $name is a secret or identifies the volumes: change it in $file (README: Settings)" >&2
      exit 2 ;;
  esac
  case $name in *[!A-Z0-9_]*) false ;; *) grep -q "^#\{0,1\}$name=" "$here/.env.example" ;; esac || { echo "$0: .env.example has no setting $name" >&2; exit 2; }
  case $value in *\'* | *[[:cntrl:]]*)
    echo "$0: the value of $name contains a single quote, a line break or another control character, which .env cannot represent" >&2
    exit 2 ;;
  esac
  before=$(sed -n "s/^$name=//p" "$file" | tail -n 1)
  before=${before#\'}
  before=${before%\'}
  [ "$before" != "$value" ] || continue
  line=$name=$value
  case $value in *[!a-zA-Z0-9_./:,-]*) line=$name="'$value'" ;; esac
  # The environment passes the value unchanged; -v would interpret backslashes.
  LINE=$line awk -v name="$name" '
    index($0, name "=") == 1 { if (!done) print ENVIRON["LINE"]; done = 1; next }
    { print }
    END { if (!done) print ENVIRON["LINE"] }' "$file" >"$partial"
  mv "$partial" "$file"
  printf '%s: %s is now %s (was %s)\n' "$file" "$name" "$value" "${before:-not set}"
done
