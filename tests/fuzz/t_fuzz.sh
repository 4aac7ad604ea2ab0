#!/usr/bin/env bash
# Every fuzz driver for a few seconds; MW_LONG: a minute each.
if ! command -v clang >/dev/null || ! echo 'int LLVMFuzzerTestOneInput(void){return 0;}' | clang -x c -fsanitize=fuzzer,address -o /dev/null - 2>/dev/null; then
	echo "skipped: no clang with libFuzzer (make deps)"
	echo "ok fuzz (skipped)"
	exit 0
fi
cd "$MW_TOP" || exit 1
FUZZ_SECONDS=${MW_LONG:+60} FUZZ_SECONDS=${FUZZ_SECONDS:-3} tests/fuzz/run.sh >"$MW_WORK/fuzz.log" 2>&1
rc=$?
grep -aE '^ok |^not ok |ERROR|SUMMARY|runtime error|^ *#[0-9]' "$MW_WORK/fuzz.log" || tail -n 20 "$MW_WORK/fuzz.log"
exit $rc
