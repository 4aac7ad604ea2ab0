#!/bin/sh
# Makes the demo state if there is none yet (generate, import, correlate: about ten seconds), then opens the console on it.
# usage: tools/demo.sh BUILD [console options]; MW_DEMO_STATE names another folder, MW_DEMO_NO_CONSOLE=1 only makes it.
set -eu
build=$1
shift
state=${MW_DEMO_STATE:-${XDG_STATE_HOME:-$HOME/.local/state}/midwatch-demo}
mw="$build/midwatch --state $state"
if [ ! -e "$state/demo.ready" ]; then
	mkdir -p "$state"
	chmod 700 "$state"
	data=$(mktemp -d "${TMPDIR:-/tmp}/midwatch-demo.XXXXXX")
	trap 'rm -rf "$data"' EXIT
	echo "demo: generating a company with three days of logs (seeded, made on this machine)"
	"$build/midwatchd" demo-data "$data/all" ${MW_DEMO_END:+--end "$MW_DEMO_END"}
	echo "demo: importing"
	rm -f "$data/all/truth.jsonl" # what the tests know, the product must find
	$mw import --label demo "$data/all"
	echo "demo: correlating"
	$mw call incident.refresh {} >/dev/null
	date -u +%FT%TZ >"$state/demo.ready"
	rm -rf "$data"
	trap - EXIT
fi
[ -z "${MW_DEMO_NO_CONSOLE:-}" ] || exit 0
exec $mw "$@"
