#!/usr/bin/env bash
# Incidents of the platforms in the queue, and changes back to them: Splunk's notables through the whole engine and its outbox.
if ! command -v python3 >/dev/null || ! command -v openssl >/dev/null; then
	echo "skipped: no python3 or openssl"
	echo "ok outbox (skipped)"
	exit 0
fi
. "$MW_TOP/tests/flow/lib.sh"
W=$MW_WORK/outbox
mkdir -p "$W"
export MW_CONFIG=$W/config.yaml TWIN_SECRET=eyJ-splunk-token
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$W/key.pem" -out "$W/cert.pem" 2>/dev/null
twin=
start_twin() { # options of the twin: on the same port as before, with what it kept
	python3 "$MW_TOP/tests/wire/twin.py" splunk --port-file "$W/port" --port "${port:-0}" --keep "$W/kept.json" --cert "$W/cert.pem" --key "$W/key.pem" \
		--log "$W/twin.log" "$@" >>"$W/twin.out" 2>&1 </dev/null &
	twin=$!
	for _ in $(seq 200); do [ -s "$W/port" ] || sleep 0.05; done
	port=$(cat "$W/port")
}
stop_twin() {
	kill "$twin" 2>/dev/null
	wait "$twin" 2>/dev/null
	rm -f "$W/port"
}
trap 'stop_twin; "$mw" --state "$S" engine stop >/dev/null 2>&1' EXIT
start_twin
config() { # the list that is written back
	cat >"$MW_CONFIG" <<C
engine:
  poll: 2h
sources:
  - name: spl
    kind: splunk
    url: https://localhost:$port
    web_url: https://splunk.example
    credential: env:TWIN_SECRET
    ca_file: $W/cert.pem
    table: main
    users: ["$(id -un)=soc.alice"]
    $1
C
}
kept() { # a jq-like question of what the twin has: python over kept.json
	python3 -c 'import json,sys; k = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$W/kept.json" "$1"
}
elsewhere() { # notable, KEY=VALUE...: somebody changes it there
	python3 - "https://localhost:$port/services/notable_update" "$W/cert.pem" output_mode=json "ruleUIDs=$1" "${@:2}" <<'P'
import ssl, sys, urllib.parse, urllib.request
q = urllib.request.Request(sys.argv[1], urllib.parse.urlencode([tuple(a.split("=", 1)) for a in sys.argv[3:]]).encode(), {"Authorization": "Bearer eyJ-splunk-token"})
urllib.request.urlopen(q, context=ssl.create_default_context(cafile=sys.argv[2])).read()
P
}
until_said() { # text, command...
	local text=$1
	shift
	for _ in $(seq 200); do
		"$@" >"$W/said" 2>&1
		grep -qF -- "$text" "$W/said" && return 0
		sleep 0.05
	done
	cat "$W/said"
	return 1
}
incident_of() { # words of the title
	run queue | grep -F -- "$1" | grep -o '^INC-[0-9]*' | head -n 1
}
updates() {
	grep -c '/services/notable_update' "$W/twin.log"
}

config 'default: true'
ok "notables are fetched" says '5 findings taken in' run source poll spl
ok "and stand in the queue" until_said 'Notable 2' run queue
ok "with the platform named" sh -c '"$0" --state "$1" queue | grep "Notable 2" | grep -q " S "' "$mw" "$S"
rows=$(run queue | grep -c '^INC-')
inc=$(incident_of 'Notable 2')
ok "the card says how it stands there" says 'spl (splunk) notable 5E6DE97D-B137-47AB-8905-8C4F42998937@@notable@@' run case "$inc"
ok "with status, owner and severity of the platform" says ': New, owner nobody, severity ' run case "$inc"
ok "and its page there" says 'https://splunk.example/app/SplunkEnterpriseSecuritySuite/incident_review' run case "$inc" --json
ok "a second poll doubles nothing" says '0 findings taken in' run source poll spl
ok "the queue has as many rows" test "$(run queue | grep -c '^INC-')" = "$rows"
ok "where nothing may be written the card says so" says 'nothing is written back' run case "$inc"
run case "$inc" claim >/dev/null
ok "and nothing is on its way" says 'nothing was or is to be written' run source outbox
ok "the preview of a close says so" says 'does not name status' run call bulk.review "{\"ids\":[\"$inc\"],\"verdict\":\"benign_positive\",\"reason\":\"planned\"}"
ok "a tag that goes nowhere is refused" says 'none of its sources lets this be written' run case "$inc" tag vip

config 'write: [status, owner, severity, comment, tag, events]'
run engine reload >/dev/null 2>&1 || run call config.reload >/dev/null
ok "with write in the configuration a claim is written back" run case "$inc" claim
ok "by the platform's name of the analyst" until_said 'True' kept 'any(r.get("owner") == "soc.alice" for r in k["review"].values())'
ok "the card says when" until_said 'written back' run case "$inc"
ok "and who owns it there" says 'owner soc.alice' run case "$inc"
before=$(updates)
ok "a comment and a status go in their order" run case "$inc" note "looked at the keys"
run case "$inc" status work >/dev/null
ok "both arrive" until_said '[midwatch mw-' kept '[r for r in k["review"].values() if r.get("status") == "2"][0]["comment"][-1]'
ok "the comment first, each once" test "$(kept '[sum("looked at the keys" in c for r in k["review"].values() for c in r["comment"]), len([c for r in k["review"].values() for c in r["comment"]])]')" = "[1, 3]"
ok "two updates were sent" test "$(($(updates) - before))" = 2

# Somebody else is faster.
elsewhere "$(kept 'list(k["review"])[0]')" newOwner=bob status=3
ok "a change over somebody else's is a conflict" run case "$inc" status wait
ok "that is shown with what is there now" until_said 'changed meanwhile: it is now Pending, owner bob' run source outbox
ok "theirs is not overwritten" test "$(kept '[r["owner"] for r in k["review"].values()]')" = "['bob']"
ok "and the card says that too" says 'conflict' run case "$inc"
ok "their change shows on the card" says 'changed there: status In Progress -> Pending, owner soc.alice -> bob' run case "$inc"
n=$(run source outbox | grep ' conflict: ' | grep -o '^#[0-9]*' | tr -d '#')
ok "what comes after it waits" run case "$inc" note "after the conflict"
ok "ours over theirs, on request" run source outbox retry "$n"
ok "goes through, and what waited after it" until_said 'after the conflict' kept '[r["comment"][-1] for r in k["review"].values()]'
ok "the status is ours" test "$(kept '[r["status"] for r in k["review"].values()]')" = "['3']"

# A conflict where theirs stays.
elsewhere "$(kept 'list(k["review"])[0]')" newOwner=carol
run case "$inc" assign dave >/dev/null
until_said ' conflict: owner' run source outbox
n=$(run source outbox | grep ' conflict: owner' | grep -o '^#[0-9]*' | tr -d '#')
ok "theirs stays, on request" run source outbox drop "$n"
ok "and ours follows" says ' carol ' run queue
ok "with a note of it" says 'keeps its own' run case "$inc"

# Down, then up again: in order, once.
stop_twin
run case "$inc" note "first while down" >/dev/null
run case "$inc" note "second while down" >/dev/null
ok "what cannot be sent waits, with the reason" until_said 'waiting: comment first while down; next try' run source outbox
ok "the status counts it" says '"outbox":{"waiting":2' run engine status --json
ok "the engine dies" kill -9 "$(engine_pid)"
start_twin
ok "a new one has them still" says 'second while down' run source outbox
ok "and sends them once the platform is there" until_said '[1, 1]' kept '[sum(t in c for r in k["review"].values() for c in r["comment"]) for t in ("first while down", "second while down")]'
ok "in their order" test "$(kept '(lambda c: [x for x in range(len(c)) if "first while" in c[x]][0] < [x for x in range(len(c)) if "second while" in c[x]][0])(list(k["review"].values())[0]["comment"])')" = True

ok "the preview of a close says what is written there" says 'status Closed, disposition False Positive - Inaccurate Data' run call bulk.review "{\"ids\":[\"$inc\"],\"verdict\":\"false_positive_data\",\"reason\":\"sensor\"}"
ok "closing" run case "$inc" close false_positive_data "the sensor doubled them" "seen twice"
ok "writes the disposition" until_said "['5', 'disposition:4']" kept '[(lambda r: [r["status"], r.get("disposition")])(list(k["review"].values())[0])][0]'
ok "all of it is sent" until_said '"outbox":{"waiting":0,"sending":0,"failed":0,"conflict":0}' run engine status --json
ok "a poll of our own change is no change of theirs" sh -c '"$0" --state "$1" source poll spl >/dev/null && card=$("$0" --state "$1" case "$2") && ! printf "%s" "$card" | grep -q "changed there: .*Closed"' "$mw" "$S" "$inc"
ok "all of it stands in the audit chain" says 'outbox.sent' run call audit.list {}
ok "which holds" says '"ok":true' run call audit.verify {}

# Closed there: shown, never closed here.
other=$(incident_of 'Notable 1')
id=$(run case "$other" --json | grep -o '"noun":"notable","id":"[^"]*' | head -n 1 | sed 's/.*"//')
elsewhere "$id" status=5 newOwner=bob
ok "a change there is fetched" says '1 findings taken in' run source poll spl
ok "and shown on the incident" until_said 'changed there: status New -> Closed, owner nobody -> bob' run case "$other"
ok "which stays open here" says "$other" run queue
