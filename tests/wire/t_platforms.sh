#!/usr/bin/env bash
# QRadar's offenses and Sentinel's incidents beside each other: into one queue with their addresses and users, closed in each one's own words,
# an incident of ours made there, events sent there.
if ! command -v python3 >/dev/null || ! command -v openssl >/dev/null; then
	echo "skipped: no python3 or openssl"
	echo "ok platforms (skipped)"
	exit 0
fi
. "$MW_TOP/tests/flow/lib.sh"
W=$MW_WORK/platforms
mkdir -p "$W"
export MW_CONFIG=$W/config.yaml QR_SECRET SEN_SECRET
constant() { # module, name
	python3 -c 'import sys; sys.path[:0] = [sys.argv[1]]; import twin, importlib; print(getattr(importlib.import_module("twins." + sys.argv[2]), sys.argv[3]))' "$MW_TOP/tests/wire" "$1" "$2"
}
QR_SECRET=$(constant qradar TOKEN) SEN_SECRET=$(constant sentinel SECRET)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$W/key.pem" -out "$W/cert.pem" 2>/dev/null
pids=
for vendor in qradar sentinel; do
	python3 "$MW_TOP/tests/wire/twin.py" $vendor --port-file "$W/$vendor.port" --keep "$W/$vendor.json" --cert "$W/cert.pem" --key "$W/key.pem" \
		--log "$W/$vendor.log" >"$W/$vendor.out" 2>&1 </dev/null &
	pids="$pids $!"
done
trap 'kill $pids 2>/dev/null; "$mw" --state "$S" engine stop >/dev/null 2>&1' EXIT
for vendor in qradar sentinel; do
	for _ in $(seq 200); do [ -s "$W/$vendor.port" ] || sleep 0.05; done
done
sen=https://localhost:$(cat "$W/sentinel.port")
cat >"$MW_CONFIG" <<C
engine:
  poll: 2h
sources:
  - name: qr
    kind: qradar
    url: https://localhost:$(cat "$W/qradar.port")
    credential: env:QR_SECRET
    ca_file: $W/cert.pem
    write: [status, owner, comment]
  - name: sen
    kind: sentinel
    url: $sen
    login_url: $sen
    manage_url: $sen
    tenant: $(constant sentinel TENANT)
    client: $(constant sentinel CLIENT)
    workspace: $(constant sentinel WORKSPACE)
    resource: $(constant sentinel RESOURCE)
    credential: env:SEN_SECRET
    ca_file: $W/cert.pem
    write: [status, owner, severity, comment, tag, create]
C
kept() { # vendor, python over what the twin has
	python3 -c 'import json,sys; k = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$W/$1.json" "$2"
}
until_said() {
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
incident_of() {
	run queue | grep -F -- "$1" | grep -o '^INC-[0-9]*' | head -n 1
}

ok "offenses are fetched" says '7 findings taken in' run source poll qr
ok "and stand in the queue" until_said 'Offense ' run queue
ok "with the platform named" sh -c '"$0" --state "$1" queue | grep "Offense" | grep -q " Q "' "$mw" "$S"
q=$(incident_of 'Offense ')
ok "the card counts as QRadar counts" says 'it counts 15 events' run case "$q"
ok "and the queue's number is the sum of them" sh -c '"$0" --state "$1" queue | grep "Offense" | grep -q " 105 "' "$mw" "$S"
ok "an address that only its own call tells is there" says 'src_endpoint.ip=203.0.113.9' run case "$q" --json
ok "incidents of Sentinel are fetched" says '5 findings taken in' run source poll sen
ok "and stand in the queue" until_said 'Incident ' run queue
s=$(incident_of 'Incident ')
ok "with the users of their alerts" says 'actor.user.name=administrator' run case "$s" --json
ok "a second poll of QRadar doubles nothing" says '0 findings taken in' run source poll qr
ok "nor one of Sentinel" says '0 findings taken in' run source poll sen
ok "closing QRadar's is previewed" says 'CLOSED, closing reason' run call bulk.review "{\"ids\":[\"$q\"],\"verdict\":\"false_positive_logic\",\"reason\":\"tuned\"}"
run case "$q" close false_positive_logic tuned >/dev/null
ok "and each offense is closed with the site's reason" until_said '{(2, '"'CLOSED'"')}' kept qradar 'set((o["closing_reason_id"], o["status"]) for o in k["offenses"].values())'
ok "a note on Sentinel's arrives" run case "$s" note "seen by us"
ok "once on each" until_said '[1, 1, 1, 1, 1]' kept sentinel '[sum("seen by us" in json.dumps(c) for c in v.values()) for v in k["comments"].values()]'
ok "a tag is one there" run case "$s" tag vip
ok "on each" until_said '[1, 1, 1, 1, 1]' kept sentinel '[len(i["properties"]["labels"]) for i in k["incidents"].values()]'
run case "$s" close benign_positive "planned test" >/dev/null
ok "closing Sentinel's writes classification and reason" until_said "{('Closed', 'BenignPositive', 'SuspiciousButExpected', 'planned test')}" \
	kept sentinel 'set(tuple(i["properties"].get(x) for x in ("status", "classification", "classificationReason", "classificationComment")) for i in k["incidents"].values())'
ok "QRadar has no call to make an offense" says 'has no call for that' run source create qr "$q"
ok "an incident of ours is made in Sentinel" run source create sen "$q"
ok "once" until_said '6' kept sentinel 'len(k["incidents"])'
ok "it belongs to ours" until_said 'sen (sentinel) incident' run case "$q"
rows=$(run queue --filter all | grep -c '^INC-')
ok "and a poll that brings it" says ' findings taken in' run source poll sen
ok "is sorted in" run call incident.refresh '{}'
ok "founds no other" test "$(run queue --filter all | grep -c '^INC-')" = "$rows"
