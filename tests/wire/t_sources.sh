#!/usr/bin/env bash
# A question over a configured source, through the whole engine: its worker in its sandbox, evidence, timeline, findings, failure.
if ! command -v python3 >/dev/null || ! command -v openssl >/dev/null; then
	echo "skipped: no python3 or openssl"
	echo "ok sources (skipped)"
	exit 0
fi
. "$MW_TOP/tests/flow/lib.sh"
W=$MW_WORK/sources
mkdir -p "$W"
export MW_CONFIG=$W/config.yaml TWIN_SECRET=eyJ-splunk-token
: >"$MW_CONFIG"
"$MW_BUILD/midwatchd" demo-data "$W/demo" --end 2026-11-24T15:00:00Z >/dev/null </dev/null
find "$W/demo/logs" -path '*/CloudTrail/*' -type f -print0 | xargs -0 "$MW_BUILD/tests/wire/tool_twin" import "$W/lake" >"$W/import.out" 2>&1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$W/key.pem" -out "$W/cert.pem" 2>/dev/null
python3 "$MW_TOP/tests/wire/twin.py" splunk --port-file "$W/port" --lake "$W/lake" --tool "$MW_BUILD/tests/wire/tool_twin" --cert "$W/cert.pem" \
	--key "$W/key.pem" --options '{"lacks": ["http_user_agent"]}' --log "$W/twin.log" >"$W/twin.out" 2>&1 </dev/null &
twin=$!
trap 'kill $twin 2>/dev/null; "$mw" --state "$S" engine stop >/dev/null 2>&1' EXIT
for _ in $(seq 100); do [ -s "$W/port" ] || python3 -c 'import select; select.select([], [], [], 0.1)'; done
port=$(cat "$W/port")

ok "source add refuses what its kind does not have" says 'no KEY=VALUE of splunk' run source add splunk name=s1 url=https://localhost credentail=env:X
ok "source add writes a checked entry and explains the role" says 'capability' run source add splunk name=spl "url=https://localhost:$port" \
	credential=env:TWIN_SECRET "ca_file=$W/cert.pem" table=main
ok "config check takes it" run config check
ok "source test looks at login, rights and clock" says 'may not write' run source test spl
ok "source list says that it is up" says 'splunk      up' run source list
ok "a source that is not there is said" says 'no source is called "splx"' run source test splx
run ask --json "failed console logins in splunk" >"$W/answer.json" 2>&1
ok "a question that names a source asks it alone" grep -q '"source":"spl"' "$W/answer.json"
python3 - "$W" <<'P' >"$W/want"
import glob, gzip, json, sys
n = 0
for f in glob.glob(sys.argv[1] + "/demo/logs/**/*_CloudTrail_*", recursive=True):
    text = gzip.open(f, "rt").read()
    for r in (json.loads(text)["Records"] if text.lstrip().startswith('{"Records"') else map(json.loads, text.splitlines())):
        n += r["eventName"] == "ConsoleLogin" and (r.get("responseElements") or {}).get("ConsoleLogin") == "Failure"
print(n)
P
ok "its rows are those that a count over the files gives" test "$(run ask --json "how many failed console logins in splunk" | python3 -c 'import json,sys; print(json.load(sys.stdin)["result"]["value"])')" = "$(cat "$W/want")"
id=$(run ask "failed console logins in splunk" | grep -o "ev:9[0-9]*" | head -n 1)
ok "its records open byte for byte under an id of their own" says '"source":"spl"' run call evidence.get "{\"id\":\"$id\"}"
ok "its catalogue is read and shown" says 'main (' run source catalog spl
ok "and kept with its age" says '"catalog":{"at":"20' run --json source list
ok "a field that it does not have is an answer in words" says 'has no field http_user_agent' run ask "events where user agent contains curl in splunk"
hand="search index=main earliest=1 sourcetype=\"aws:cloudtrail\"
| sort 0 _time
| head 20"
ok "a text written by hand runs there" says 'ev:9' run source query spl "$hand"
ok "and is told as such" says 'a text written by hand, in spl' run source query spl "$hand"
ok "a command that is not on the list is refused and named" says 'outputlookup is not allowed' run source query spl "search index=main earliest=1 | outputlookup x | head 5"
ok "so is one without a bound" says 'it is not bounded' run source query spl "search index=main earliest=1"
ok "an index that is not its entry's is refused" says 'has to begin with index=NAME' run source query spl "search index=other earliest=1 | head 5"
ok "OR does not lead out of the index" says 'has to begin with index=NAME' run source query spl "search index=main OR x earliest=1 | head 5"
ok "what is refused here does not make the source look down" says 'splunk      up' run source list
ok "doctor looks at each source" says 'spl may not write' run doctor
ok "its notables come into the lake" says 'findings taken in' run source poll spl
ok "and once only" says '0 findings taken in' run source poll spl
dead_is_named() { # five notables came into the lake before
	run ask "how many events" >"$W/dead" 2>&1
	cat "$W/dead"
	grep -q '^missing: .*spl' "$W/dead" && grep -qx 5 "$W/dead" && grep -q '^PARTIAL' "$W/dead"
}
kill $twin
wait $twin 2>/dev/null
ok "a dead source does not hide the lake's rows, and is named" dead_is_named
ok "and the list says that it is down" says 'splunk      down' run source list
