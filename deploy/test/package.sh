#!/usr/bin/env bash
# Installs a Debian package in a container, runs the service's command as its user, upgrades,
# removes and purges the package. It needs Docker, and runs no systemd.
# Usage: package.sh FILE.deb
#   IMAGE=   image of a Debian (default: debian:trixie-slim)
set -euo pipefail
package=$(realpath "${1:?Usage: package.sh FILE.deb}")
docker run --rm -i --network none -v "$package:/package.deb:ro" "${IMAGE:-debian:trixie-slim}" bash -eu <<'TEST'
fail() { echo "FAILED: $*"; exit 1; }
state() { stat -c '%U %G %a' "$1"; }

dpkg --install /package.deb >/dev/null || fail 'the package cannot be installed'
[ "$(state /var/lib/dateline)" = 'dateline dateline 700' ] || fail "the data folder is $(state /var/lib/dateline)"
[ "$(state /etc/dateline/dateline.yaml)" = 'root dateline 640' ] || fail "the settings are $(state /etc/dateline/dateline.yaml)"
getent passwd dateline | grep -q ':/var/lib/dateline:/usr/sbin/nologin$' || fail "the user is $(getent passwd dateline)"
# The slim image leaves out documents.
differs=$(dpkg --verify dateline | grep -v ' /usr/share/doc/' || true)
[ -z "$differs" ] || fail "files differ from the package: $differs"
echo 'installed'

start=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/dateline.service)
user=$(sed -n 's/^User=//p' /usr/lib/systemd/system/dateline.service)
as_service="setpriv --reuid=$user --regid=$user --init-groups env XDG_CONFIG_HOME=/var/lib/dateline/config"
code=0
$as_service $start 2>/tmp/log || code=$?
[ "$code" = 2 ] && grep -q user-agent /tmp/log || fail "without a user agent, the service ends with $code: $(cat /tmp/log)"
sed -i 's|user-agent: ""|user-agent: Trial/1.0 (+https://example.com/bot)|' /etc/dateline/dateline.yaml
$as_service $start 2>/tmp/log &
service=$!
until grep -q '"ready"\|msg=ready' /tmp/log; do
  kill -0 "$service" 2>/dev/null || fail "the service does not start: $(cat /tmp/log)"
  sleep 0.2
done
$as_service dateline status --interval 200ms | grep '^healthy, ' || fail 'the service is not healthy'
kill "$service"
wait "$service" || fail "the service ended with $?"
[ -e /var/lib/dateline/articles.db ] || fail "the data folder has no store: $(ls /var/lib/dateline)"
echo 'the service runs with the settings of the package'

dpkg --install /package.deb >/dev/null || fail 'the package cannot be upgraded'
grep -q 'Trial/1.0' /etc/dateline/dateline.yaml || fail 'an upgrade changes the settings'
dpkg --remove dateline >/dev/null
[ ! -e /usr/bin/dateline ] && [ -e /etc/dateline/dateline.yaml ] || fail 'removing leaves the program, or takes the settings'
dpkg --purge dateline 2>/tmp/log >/dev/null
[ ! -e /etc/dateline/dateline.yaml ] || fail 'purging leaves the settings'
[ -e /var/lib/dateline/articles.db ] && grep -q 'are kept' /tmp/log || fail "purging takes the articles, or does not mention them: $(cat /tmp/log)"
leftover=$(find /etc/systemd /var/lib/systemd -name 'dateline*' 2>/dev/null)
[ -z "$leftover" ] || fail "purging leaves $leftover"
dpkg --install /package.deb >/dev/null || fail 'the package cannot be installed again'
echo 'upgraded, removed, purged and installed again'
TEST
echo ok
