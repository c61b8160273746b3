#!/bin/sh
# Checks, before anything starts, for conditions that would make a service fail or
# restart repeatedly. One line on standard error states the problem and what to do.
#
#   check.sh settings          secrets: present, long enough, all different
#   check.sh nats FOLDER       the volume of NATS: writable, space, deployment; the clock
#   check.sh postgres FOLDER   the volume of PostgreSQL: writable, space, version
#
# MIN_FREE_MIB is the free space in MiB that a volume needs.
set -u

refuse() { echo "dateline: $*" >&2; exit 1; }

check_settings() {
  # No other variable has a name with one of these endings.
  names=$(env | sed -n 's/^\([A-Z_]*_\(PASSWORD\|TOKEN\)\)=.*/\1/p' | sort)
  seen=' '
  for name in $names; do
    eval "value=\$$name"
    [ "${#value}" -ge 24 ] || refuse "$name in .env has ${#value} characters and can be guessed: use at least 24 random letters, like ./generate-env.sh"
    case $value in
      *[!a-zA-Z0-9]*) refuse "$name in .env has characters other than letters and digits, which NATS and URLs interpret: use 24 or more letters, like ./generate-env.sh" ;;
      [0-9]*) refuse "$name in .env starts with a digit, which NATS may parse as a number: start it with a letter" ;;
    esac
    distinct=$(printf %s "$value" | fold -w 1 | sort -u | wc -l)
    [ "$distinct" -ge 10 ] || refuse "$name in .env has only $distinct different characters and can be guessed: use 24 or more random letters, like ./generate-env.sh"
    case $seen in
      *" $value "*) refuse "$name in .env equals another secret, so that a leak of one reveals both: use a different value for each, like ./generate-env.sh" ;;
    esac
    seen="$seen$value "
  done
}

check_room() { # folder, volume
  free=$(($(df -Pk "$1" | awk 'NR == 2 { print $4 }') / 1024))
  [ "$free" -ge "${MIN_FREE_MIB:-1024}" ] ||
    refuse "the volume $2 has $free MiB free and needs ${MIN_FREE_MIB:-1024}: free space on the disk of Docker's volumes (docker system df), or set MIN_FREE_MIB in .env"
}

check_writable() { # folder, volume, who should own it
  if ! (: >"$1/.check") 2>/dev/null; then
    refuse "the volume $2 is not writable: it belongs to user $(stat -c %u "$1") with mode $(stat -c %a "$1"), or is full; restore its owner with: docker run --rm -v ${COMPOSE_PROJECT_NAME:-dateline}_$2:/v busybox chown -R $3 /v"
  fi
  rm -f "$1/.check"
}

# The volume records its deployment and the time of its last start.
check_nats() {
  check_writable "$1" nats 0:0
  check_room "$1" nats
  now=$(date +%s)
  [ "$now" -ge 1767225600 ] || refuse "the clock is at $(date -u), which is in the past: set it (timedatectl set-ntp true), then start again"
  mark=$1/deployment
  if [ -e "$mark" ]; then
    read -r id last <"$mark"
    [ "$id" = "$DEPLOYMENT_ID" ] ||
      refuse "the volume ${COMPOSE_PROJECT_NAME:-dateline}_nats belongs to another deployment (DEPLOYMENT_ID $id): use the .env it was created with, or set another COMPOSE_PROJECT_NAME in .env"
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
      refuse "the volume postgres was created by PostgreSQL $made and cannot be read by version $have: back up with the old version and restore into a new volume (docs/backup.md)"
  fi
}

case ${1-} in
  settings) check_settings ;;
  nats) check_nats "$2" ;;
  postgres) check_postgres "$2" ;;
  *) refuse "usage: $0 settings | nats FOLDER | postgres FOLDER" ;;
esac
