#!/bin/sh
# On the first start of a volume: the owner of the database, who may do nothing
# outside it, and a role that may look at the server's statistics.
set -eu
psql -X -q -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v owner="$POSTGRES_OWNER_PASSWORD" -v monitor="$POSTGRES_MONITOR_PASSWORD" <<'SQL'
CREATE ROLE dateline LOGIN PASSWORD :'owner';
ALTER DATABASE dateline OWNER TO dateline;
ALTER SCHEMA public OWNER TO dateline;
REVOKE CONNECT, TEMPORARY ON DATABASE dateline FROM PUBLIC;
CREATE ROLE monitor LOGIN PASSWORD :'monitor' IN ROLE pg_monitor;
GRANT CONNECT ON DATABASE dateline TO monitor;
SQL
