#!/bin/sh
# Run once, when the database server has made its data folder: the user of the platform, who is no superuser, and a
# database for each service.
set -eu
password=$(cat /run/secrets/database_password)
psql -v ON_ERROR_STOP=1 -v password="$password" --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE ngkt LOGIN PASSWORD :'password';
CREATE DATABASE registry OWNER ngkt;
CREATE DATABASE investment OWNER ngkt;
CREATE DATABASE events OWNER ngkt;
CREATE DATABASE notification OWNER ngkt;
SQL
