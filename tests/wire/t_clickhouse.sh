#!/usr/bin/env bash
# ClickHouse SQL on the real engine, in process (npm chdb, not installed by itself: 500 MB): rows against the evaluator's.
# MW_CHDB names the folder whose node_modules has it: (mkdir /tmp/chdb && cd /tmp/chdb && npm install chdb)
set -o pipefail # a generator that dies halfway is no pass
: "${MW_CHDB:=/tmp/chdb}"
if ! command -v node >/dev/null || [ ! -d "$MW_CHDB/node_modules/chdb" ]; then
	echo "skipped: no chdb in $MW_CHDB"
	echo "ok clickhouse (skipped)"
	exit 0
fi
plans=200
[ -z "${MW_LONG:-}" ] || plans=3000
if "$MW_BUILD/tests/wire/tool_chdump" 3 $plans | node "$MW_TOP/tests/wire/ch_check.cjs" "$MW_CHDB" "$MW_WORK/chdb" >"$MW_WORK/ch.out" 2>&1; then
	echo "ok clickhouse: $(tail -n 1 "$MW_WORK/ch.out")"
else
	echo "not ok clickhouse"
	sed 's/^/# /' "$MW_WORK/ch.out" | tail -n 20
fi
