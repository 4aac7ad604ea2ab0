#!/usr/bin/env bash
# Orca and Lacework through the whole engine: added, tested, their findings in the lake and once only, one with its context, an asset, the hour's
# budget shown, and who is missing.
if ! command -v python3 >/dev/null || ! command -v openssl >/dev/null; then
	echo "skipped: no python3 or openssl"
	echo "ok orca and lacework (skipped)"
	exit 0
fi
. "$MW_TOP/tests/flow/lib.sh"
W=$MW_WORK/ol
mkdir -p "$W"
export MW_CONFIG=$W/config.yaml
: >"$MW_CONFIG"
(umask 077 && printf %s 'b3JjYS10b2tlbg==' >"$W/orca.key" && printf %s '_s3cr3t/+&=' >"$W/lacework.key")
"$MW_BUILD/midwatchd" demo-data "$W/demo" --end 2026-11-24T15:00:00Z >/dev/null </dev/null
find "$W/demo/inventory" -type f -print0 | xargs -0 "$MW_BUILD/tests/wire/tool_twin" import "$W/lake" >"$W/import.out" 2>&1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$W/key.pem" -out "$W/cert.pem" 2>/dev/null
declare -A pid url
begin() { # vendor
	python3 "$MW_TOP/tests/wire/twin.py" "$1" --port-file "$W/$1.port" --lake "$W/lake" --tool "$MW_BUILD/tests/wire/tool_twin" --cert "$W/cert.pem" \
		--key "$W/key.pem" --log "$W/$1.log" >"$W/$1.out" 2>&1 </dev/null &
	pid[$1]=$!
	for _ in $(seq 200); do [ -s "$W/$1.port" ] || python3 -c 'import select; select.select([], [], [], 0.1)'; done
	url[$1]=https://localhost:$(cat "$W/$1.port")
}
trap 'kill ${pid[@]} 2>/dev/null; "$mw" --state "$S" engine stop >/dev/null 2>&1' EXIT
begin orca
begin lacework
asset=i-025b2240373a19899

ok "orca is added with the role it needs" says 'role Viewer' run source add orca name=orc "url=${url[orca]}" "credential=file:$W/orca.key" "ca_file=$W/cert.pem"
ok "lacework is added, and its hourly limit is told" says '480 requests an hour' run source add lacework name=lw "url=${url[lacework]}" \
	client=ACME_0123456789ABCDEF account=acme-sub "credential=file:$W/lacework.key" "ca_file=$W/cert.pem"
ok "config check takes both" run config check
ok "source test looks at what orca's token may do" says 'may read alerts' run source test orc
ok "source test shows what is left of lacework's hour" says 'of 480 requests for alerts are left' run source test lw
ok "orca's alerts come into the lake" says '12 findings taken in' run source poll orc
ok "and once only" says '0 findings taken in' run source poll orc
ok "lacework's alerts come into the lake" says '19 findings taken in' run source poll lw
ok "and once only" says '0 findings taken in' run source poll lw
taken() { # dataset, count
	run search --json --limit 100 "dataset=$1" >"$W/$1.json" 2>&1
	test "$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["rows"]))' "$W/$1.json")" = "$2"
}
ok "orca's are findings in the lake" taken finding.orca 12
ok "lacework's are findings in the lake" taken finding.lacework 19
ok "an alert of orca with its context" says '"vulnerabilities"' run call source.finding '{"source":"orc","id":"orca-1000"}'
ok "an alert of lacework with its context" says '"investigation"' run call source.finding '{"source":"lw","id":"967000"}'
ok "an asset by its id" says "\"id\":\"$asset\"" run call source.asset "{\"source\":\"lw\",\"id\":\"$asset\"}"
kill "${pid[orca]}"
wait "${pid[orca]}" 2>/dev/null
ok "a dead one is named" says 'orc' run call source.asset "{\"source\":\"orc\",\"id\":\"$asset\"}"
run source list >"$W/list" 2>&1
ok "and listed as down" grep -q 'orc .*down' "$W/list"
ok "the other one is up" grep -q 'lw .*up' "$W/list"
