#!/usr/bin/env bash
# Providers of language models: our request bodies against their own schemas (../shared/data/specs), our client against aimock
# (npm @copilotkit/aimock: MW_AIMOCK names the folder whose node_modules has it; else npm fetches it), faults included.
set -o pipefail # a generator that dies halfway is no pass
tool=$MW_BUILD/tests/wire/tool_chat
specs=$MW_SHARED/data/specs
if [ ! -d "$specs" ]; then
	echo "skipped: no ../shared"
	echo "ok bodies (skipped)"
elif ! python3 -c 'import jsonschema' 2>/dev/null; then
	echo "skipped: python3 has no jsonschema"
	echo "ok bodies (skipped)"
elif "$tool" samples | python3 "$MW_TOP/tests/wire/check_bodies.py" "$specs" >"$MW_WORK/bodies.out" 2>&1; then
	echo "ok bodies: $(tail -n 1 "$MW_WORK/bodies.out")"
else
	echo "not ok bodies"
	sed 's/^/# /' "$MW_WORK/bodies.out" | head -n 20
fi

: "${MW_AIMOCK:=/tmp/aimock}"
if [ ! -d "$MW_AIMOCK/node_modules/@copilotkit/aimock" ] && command -v npm >/dev/null; then
	MW_AIMOCK=$MW_WORK/aimock
	mkdir -p "$MW_AIMOCK"
	timeout 60 npm install --prefix "$MW_AIMOCK" --no-audit --no-fund --ignore-scripts @copilotkit/aimock >"$MW_WORK/npm.out" 2>&1
fi
if ! command -v node >/dev/null || [ ! -d "$MW_AIMOCK/node_modules/@copilotkit/aimock" ]; then
	echo "skipped: no npm, or it cannot fetch @copilotkit/aimock"
	echo "ok aimock (skipped)"
	exit 0
fi
mkfifo "$MW_WORK/aimock.in"
node "$MW_TOP/tests/wire/aimock.mjs" "$MW_AIMOCK" <>"$MW_WORK/aimock.in" >"$MW_WORK/aimock.out" 2>&1 &
mock=$!
trap 'kill $mock 2>/dev/null' EXIT
url=
for _ in $(seq 200); do
	url=$(sed -n 's/^\(http.*\)$/\1/p' "$MW_WORK/aimock.out" | head -n 1)
	[ -z "$url" ] || break
	sleep 0.05
done
url=${url/localhost/127.0.0.1}
entry() { # kind
	[ "$1" = openai ] && printf '{"name":"mock","kind":"openai","model":"gpt-4o","url":"%s/v1"}' "$url" ||
		printf '{"name":"mock","kind":"anthropic","model":"claude-sonnet-4-20250514","url":"%s"}' "$url"
}
request() { # text, further members
	printf '{"system":"s","messages":[{"role":"user","text":"%s"}]%s}' "$1" "$2"
}
tools=',"tools":[{"name":"plan","description":"d","schema":{"type":"object"}}]'
expect() { # name, pattern, kind, request
	if "$tool" call "$(entry "$3")" "$4" >"$MW_WORK/aimock.reply" 2>&1; grep -qE -- "$2" "$MW_WORK/aimock.reply"; then
		echo "ok aimock $3: $1"
	else
		echo "not ok aimock $3: $1"
		sed 's/^/# /' "$MW_WORK/aimock.reply" "$MW_WORK/aimock.out" | head -n 10
	fi
}
chaos() { # rates as JSON
	node -e 'fetch(process.argv[1] + "/__aimock/chaos", {method: "DELETE"}).then(() => fetch(process.argv[1] + "/__aimock/chaos", {method: "POST", headers: {"content-type": "application/json"}, body: process.argv[2]})).then(r => r.ok || console.error("chaos", r.status))' "$url" "$1"
}
calm() {
	node -e 'fetch(process.argv[1] + "/__aimock/chaos", {method: "DELETE"})' "$url"
}
for kind in openai anthropic; do
	expect "text, with characters of every length" '"end":"done".*"text":"Hello, Zürich 😀"' $kind "$(request "say hello")"
	expect "a tool call, its arguments whole" '"name":"plan","args":".*ü.*","refused":null' $kind "$(request "make a plan" "$tools")"
	expect "what it has no fixture for is an error with its words" '^error: .*mock answered 4' $kind "$(request "something else")"
	chaos '{"dropRate":1}'
	expect "a server error" '^error: ' $kind "$(request "say hello")"
	chaos '{"malformedRate":1}'
	expect "a malformed reply is no reply that counts" '^error: |"end":"(error|eof_truncated)"' $kind "$(request "say hello")"
	chaos '{"disconnectRate":1}'
	expect "a connection that is cut" '^error: |"end":"eof_truncated"' $kind "$(request "say hello")"
	chaos '{"rateLimitRate":1}'
	expect "a rate limit" '^error: limit: mock answered 429' $kind "$(request "say hello")"
	calm
	expect "and well again" '"end":"done"' $kind "$(request "say hello")"
done
