#!/usr/bin/env bash
# Connectors against their twins on loopback TLS: see check_twins.py. MW_LONG: the whole fault matrix. They mostly wait, so two halves run
# side by side.
if ! command -v python3 >/dev/null || ! command -v openssl >/dev/null; then
	echo "skipped: no python3 or openssl"
	echo "ok twins (skipped)"
	exit 0
fi
half() { # 0 or 1: every second vendor
	local names
	names=$(for f in "$MW_TOP"/tests/wire/check_*.py; do basename "${f##*check_}" .py; done | while read -r n; do [ ! -e "$MW_TOP/tests/wire/twins/$n.py" ] || echo "$n"; done | awk "NR % 2 == $1")
	mkdir -p "$MW_WORK/twins$1"
	# shellcheck disable=SC2086
	python3 "$MW_TOP/tests/wire/check_twins.py" "$MW_BUILD" "$MW_WORK/twins$1" $names </dev/null
}
half 0 >"$MW_WORK/twins.0" 2>&1 &
other=$!
half 1
rc=$?
wait "$other" || rc=1
cat "$MW_WORK/twins.0"
exit $rc
