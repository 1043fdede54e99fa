#!/bin/bash
# Two roles: one owns and migrates, the one that serves can do no more than row-level security lets it.
set -euo pipefail
: "${CONSTAT_OWNER_PASSWORD:?is not set}" "${CONSTAT_APP_PASSWORD:?is not set}"
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v owner="$CONSTAT_OWNER_PASSWORD" -v app="$CONSTAT_APP_PASSWORD" <<'SQL'
CREATE ROLE constat_owner LOGIN PASSWORD :'owner';
CREATE ROLE constat_app LOGIN PASSWORD :'app';
ALTER DATABASE constat OWNER TO constat_owner;
ALTER SCHEMA public OWNER TO constat_owner;
SQL
