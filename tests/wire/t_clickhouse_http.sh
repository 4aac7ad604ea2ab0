#!/usr/bin/env bash
# ClickHouse's connector against the real current engine (npm chdb, see t_clickhouse.sh) behind a small HTTP front: the demo events loaded by
# the connector, the table made by it, the same rows as the embedded lake.
: "${MW_CHDB:=/tmp/chdb}"
if ! command -v node >/dev/null || ! command -v python3 >/dev/null || [ ! -d "$MW_CHDB/node_modules/chdb" ]; then
	echo "skipped: no chdb in $MW_CHDB, or no node or python3"
	echo "ok clickhouse over http (skipped)"
	exit 0
fi
mkdir -p "$MW_WORK/chhttp"
python3 "$MW_TOP/tests/wire/check_chdb.py" "$MW_BUILD" "$MW_WORK/chhttp" "$MW_CHDB" </dev/null
