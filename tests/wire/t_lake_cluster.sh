#!/usr/bin/env bash
# A ClickHouse cluster (npm chdb behind its HTTP front) as the store of events, through the whole engine: import, import again, the same answers as
# the embedded lake, proofs of empty answers, evidence.
: "${MW_CHDB:=/tmp/chdb}"
if ! command -v node >/dev/null || ! command -v python3 >/dev/null || [ ! -d "$MW_CHDB/node_modules/chdb" ]; then
	echo "skipped: no chdb in $MW_CHDB, or no node or python3"
	echo "ok a cluster as the lake (skipped)"
	exit 0
fi
. "$MW_TOP/tests/flow/lib.sh"
W=$MW_WORK/cluster
mkdir -p "$W/logs"
: >"$W/none.yaml"
export MW_LAKE_PASSWORD=ch-k3y
"$MW_BUILD/midwatchd" demo-data "$W/demo" --end 2026-11-24T15:00:00Z >/dev/null </dev/null
cp -r "$W/demo/findings" "$W/demo/inventory" "$W/logs"
find "$W/demo/logs" -type f -name "*signin*" -exec cp {} "$W/logs" \;
node "$MW_TOP/tests/wire/ch_front.cjs" "$MW_CHDB" "$W/data" "$W/port" midwatch ch-k3y >"$W/front.out" 2>&1 </dev/null &
front=$!
own() { MW_CONFIG=$W/none.yaml timeout 120 "$mw" --state "$W/own" "$@" </dev/null; }
there() { MW_CONFIG=$W/config.yaml timeout 120 "$mw" --state "$S" "$@" </dev/null; }
trap 'kill $front 2>/dev/null; own engine stop >/dev/null 2>&1; there engine stop >/dev/null 2>&1' EXIT
for _ in $(seq 300); do [ -s "$W/port" ] || python3 -c 'import select; select.select([], [], [], 0.1)'; done
echo "lake: clickhouse://midwatch@127.0.0.1:$(cat "$W/port")/soc" >"$W/config.yaml"
chmod 600 "$W"/*.yaml
own import "$W/logs" >"$W/own.out" 2>&1
there import "$W/logs" >"$W/there.out" 2>&1
sum() { grep -o 'events [0-9]*, duplicates [0-9]*' "$1"; }
ok "the cluster takes what the embedded lake takes" test "$(sum "$W/own.out")" = "$(sum "$W/there.out")"
n=$(grep -o 'events [0-9]*' "$W/there.out" | tr -dc 0-9)
ok "of which there is some" test "${n:-0}" -gt 100
ok "a second import adds nothing" says "events 0, duplicates $n" there import "$W/logs"
ok "lake status says how many events the cluster has" says "$n events" there lake status
incidents() { # they are made after the import, in the background
	for _ in $(seq 40); do
		there queue >"$W/queue" 2>&1
		grep -q INC- "$W/queue" && return 0
		python3 -c 'import select; select.select([], [], [], 0.25)'
	done
	cat "$W/queue"
	return 1
}
ok "the queue is made of the findings, and of what our detections see there" incidents
ok "an evidence id opens its record" says '"raw":"' there call evidence.get "{\"id\":\"$(there ask "show sign-ins" | grep -o 'ev:[0-9]*' | head -n 1)\"}"
there ask --json "how many events by mallory" >"$W/none.json" 2>&1
ok "a value that was never loaded is said" grep -q no_such_value "$W/none.json"
printf '%s\n' "how many sign-ins" "failed sign-ins by user" "top 3 source ips" "how many events by mallory" "show sign-ins" >"$W/questions"
python3 "$MW_TOP/tests/wire/compare_lakes.py" "$mw" "$W/own" "$S" "$W/config.yaml" "$W/none.yaml" <"$W/questions"
