#!/bin/sh
# Looks, before anything starts, at what would make a part fail or start over and
# over: one line on standard error says what is wrong and what to do.
#
#   check.sh settings          secrets: there, long enough, each its own
#   check.sh nats FOLDER       the volume of NATS: writable, room, whose it is; the clock
#   check.sh postgres FOLDER   the volume of PostgreSQL: writable, room, its version
#
# MIN_FREE_MIB is the room in MiB that a volume must have.
set -u

refuse() { echo "dateline: $*" >&2; exit 1; }

check_settings() {
  # Nothing else in the environment has a name that ends so.
  names=$(env | sed -n 's/^\([A-Z_]*_\(PASSWORD\|TOKEN\)\)=.*/\1/p' | sort)
  seen=' '
  for name in $names; do
    eval "value=\$$name"
    [ "${#value}" -ge 24 ] || refuse "$name in .env has ${#value} characters and can be guessed: take at least 24 random letters, as ./generate-env.sh does"
    case $value in
      *[!a-zA-Z0-9]*) refuse "$name in .env has characters other than letters and digits, which NATS and addresses read otherwise: take 24 or more letters, as ./generate-env.sh does" ;;
      [0-9]*) refuse "$name in .env begins with a digit, which NATS may read as a number: let it begin with a letter" ;;
    esac
    distinct=$(printf %s "$value" | fold -w 1 | sort -u | wc -l)
    [ "$distinct" -ge 10 ] || refuse "$name in .env has only $distinct different characters and can be guessed: take 24 or more random letters, as ./generate-env.sh does"
    case $seen in
      *" $value "*) refuse "$name in .env is the same as another secret: whoever knows one would know both; give each its own, as ./generate-env.sh does" ;;
    esac
    seen="$seen$value "
  done
}

check_room() { # folder, volume
  free=$(($(df -Pk "$1" | awk 'NR == 2 { print $4 }') / 1024))
  [ "$free" -ge "${MIN_FREE_MIB:-1024}" ] ||
    refuse "the volume $2 has $free MiB left and ${MIN_FREE_MIB:-1024} are needed: make room on the disk that Docker keeps its volumes on (docker system df), or set MIN_FREE_MIB in .env"
}

check_writable() { # folder, volume, who should own it
  if ! (: >"$1/.check") 2>/dev/null; then
    refuse "the volume $2 cannot be written: it belongs to user $(stat -c %u "$1") with mode $(stat -c %a "$1"), or is full; give it back with: docker run --rm -v ${COMPOSE_PROJECT_NAME:-dateline}_$2:/v busybox chown -R $3 /v"
  fi
  rm -f "$1/.check"
}

# The volume remembers whose it is and when it was last started.
check_nats() {
  check_writable "$1" nats 0:0
  check_room "$1" nats
  now=$(date +%s)
  [ "$now" -ge 1767225600 ] || refuse "the clock says $(date -u), which is long past: set it (timedatectl set-ntp true), then start again"
  mark=$1/deployment
  if [ -e "$mark" ]; then
    read -r id last <"$mark"
    [ "$id" = "$DEPLOYMENT_ID" ] ||
      refuse "the volume ${COMPOSE_PROJECT_NAME:-dateline}_nats is that of another deployment (DEPLOYMENT_ID $id): use the .env it was made with, or set COMPOSE_PROJECT_NAME in .env to a name of its own"
    [ $((now + 300)) -ge "$last" ] ||
      refuse "the clock is $((last - now)) seconds behind the last start: set it (timedatectl set-ntp true), then start again"
  fi
  echo "$DEPLOYMENT_ID $now" >"$mark"
}

check_postgres() {
  check_writable "$1" postgres "$(id -u):$(id -g)"
  check_room "$1" postgres
  have=$(postgres --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  if [ -s "$1/PG_VERSION" ]; then
    read -r made <"$1/PG_VERSION"
    [ "$made" = "$have" ] ||
      refuse "the volume postgres was made by PostgreSQL $made and this is $have, which cannot read it: back up with the former version and restore into a new volume (docs/backup.md)"
  fi
}

case ${1-} in
  settings) check_settings ;;
  nats) check_nats "$2" ;;
  postgres) check_postgres "$2" ;;
  *) refuse "usage: $0 settings | nats FOLDER | postgres FOLDER" ;;
esac
