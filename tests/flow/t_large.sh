#!/usr/bin/env bash
# More incidents than fit into one message of the protocol.
. "$(dirname "$0")/lib.sh"
findings 1500 >"$S/f.jsonl"
run import "$S/f.jsonl" >/dev/null 2>&1
all() {
	local deadline=$((SECONDS + 60))
	while [ $SECONDS -lt $deadline ]; do
		run queue --json | grep -q '"total":1500,' && return 0
		sleep 0.2
	done
	run queue --json | tail -c 200
	return 1
}
ok "1,500 incidents are made in one go" all
