#!/usr/bin/env bash
# Two CNAPPs through the whole engine: their findings in the lake, a finding and an asset with their context, questions to the graph that ask
# all of them, whose row it is, who is missing.
if ! command -v python3 >/dev/null || ! command -v openssl >/dev/null; then
	echo "skipped: no python3 or openssl"
	echo "ok cnapp (skipped)"
	exit 0
fi
. "$MW_TOP/tests/flow/lib.sh"
W=$MW_WORK/cnapp
mkdir -p "$W"
export MW_CONFIG=$W/config.yaml TWIN_SECRET='s3cr3t/+&='
: >"$MW_CONFIG"
"$MW_BUILD/midwatchd" demo-data "$W/demo" --end 2026-11-24T15:00:00Z >/dev/null </dev/null
find "$W/demo/inventory" -type f -print0 | xargs -0 "$MW_BUILD/tests/wire/tool_twin" import "$W/lake" >"$W/import.out" 2>&1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$W/key.pem" -out "$W/cert.pem" 2>/dev/null
declare -A pid
begin() { # vendor
	rm -f "$W/$1.port"
	python3 "$MW_TOP/tests/wire/twin.py" "$1" --port-file "$W/$1.port" --lake "$W/lake" --tool "$MW_BUILD/tests/wire/tool_twin" --cert "$W/cert.pem" \
		--key "$W/key.pem" --log "$W/$1.log" >"$W/$1.out" 2>&1 </dev/null &
	pid[$1]=$!
}
begin wiz
begin prisma
trap 'kill ${pid[@]} 2>/dev/null; "$mw" --state "$S" engine stop >/dev/null 2>&1' EXIT
for v in wiz prisma; do
	for _ in $(seq 200); do [ -s "$W/$v.port" ] || python3 -c 'import select; select.select([], [], [], 0.1)'; done
done
wiz=https://localhost:$(cat "$W/wiz.port") prisma=https://localhost:$(cat "$W/prisma.port")
asset=i-025b2240373a19899

ok "wiz is added with the scopes it needs" says 'read:vulnerabilities' run source add wiz name=wz "url=$wiz/graphql" "login_url=$wiz/oauth/token" client=sa-client-0001 \
	credential=env:TWIN_SECRET "ca_file=$W/cert.pem"
ok "prisma is added with the role it needs" says 'Account Group Read Only' run source add prisma name=pr "url=$prisma" client=11111111-aaaa-4bbb-8ccc-000000000001 \
	credential=env:TWIN_SECRET "ca_file=$W/cert.pem"
ok "config check takes both" run config check
ok "source test goes permission by permission" says 'read:projects' run source test wz
ok "and for the other" says 'permission search' run source test pr
ok "issues come into the lake" says '10 findings taken in' run source poll wz
ok "and once only" says '0 findings taken in' run source poll wz
ok "alerts come into the lake" says '9 findings taken in' run source poll pr
fields() { # words, dataset, how many: what each became has an asset, an account, a severity, a time
	run ask "findings in $1 since 2026-11-20" | grep -o 'ev:[0-9]*' | sort -u | while read -r ev; do run call evidence.get "{\"id\":\"$ev\"}"; done >"$W/$1.records"
	python3 - "$W/$1.records" "$2" "$3" <<'P'
import json, sys
want = {"resources.uid", "severity", "finding_info.title", "cloud.region"}
rows = [json.loads(line) for line in open(sys.argv[1])]
bad = [r for r in rows if r["dataset"] != sys.argv[2] or not r["time"] or not want <= {f["name"] for f in r["fields"]}]
accounts = {f["value"] for r in rows for f in r["fields"] if f["name"] == "cloud.account.uid"}
print(len(rows), accounts, bad[:1])
sys.exit(bool(bad) or len(rows) != int(sys.argv[3]) or "111122223333" not in accounts)
P
}
ok "a question that names wiz is about what it found, each with asset, account, severity, time" fields wz finding.wiz 10
ok "one that names prisma likewise" fields prisma finding.prisma 9
id=$(run ask "findings in wz since 2026-11-20" | grep -o "ev:[0-9]*" | head -n 1)
raw_is_theirs() { # every byte of the record is the platform's
	run call evidence.get "{\"id\":\"$id\"}" | tee "$W/evidence.json"
	python3 - "$W" <<'P'
import base64, json, sys
o = json.load(open(sys.argv[1] + "/evidence.json"))
raw = base64.b64decode(o["raw"]) if "raw" in o else o.get("text", "").encode()
issue = json.loads(raw)
sys.exit("entitySnapshot" not in issue or b'"sourceRule": {"__typename": "' not in raw)
P
}
ok "the record opens as it came" raw_is_theirs
ok "an asset with its context" says '"vulnerabilities"' run call source.asset "{\"source\":\"wz\",\"id\":\"$asset\"}"
ok "a finding with its context" says '"attack_path"' run call source.finding '{"source":"pr","id":"P-1"}'
run recipe exposure legacy-gw-01 >"$W/exposure" 2>&1
ok "a question about exposure reaches the one that knows ways" grep -q '"source":"wz","path"' "$W/exposure"
ok "who cannot answer it is named" grep -q 'pr: .*cannot be asked' "$W/exposure"
run recipe instance-activity "$asset" >"$W/match" 2>&1
each_its_part() { # both know the instance; only wiz has neighbours, and the other says so
	cat "$W/match"
	grep -q 'missing: step 2 .*pr: RQL follows permissions' "$W/match" && ! grep -q 'missing: step 1' "$W/match"
}
ok "graph steps over several sources: each gives what it can, and who cannot is named with the step" each_its_part
kill "${pid[wiz]}"
wait "${pid[wiz]}" 2>/dev/null
run recipe exposure legacy-gw-01 >"$W/dead" 2>&1
ok "a dead one is named" grep -q 'wz' "$W/dead"
ok "and listed as down" says 'wiz         down' run source list
