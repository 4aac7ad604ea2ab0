#!/usr/bin/env bash
# Builds and runs every driver tests/fuzz/fuzz_*.c for FUZZ_SECONDS (default 20) with libFuzzer, ASan and UBSan.
# tests/fuzz/run.sh [NAME...] runs only those. A corpus grows in build-fuzz-clang/corpus/NAME; a crash stays there as well.
# Seeds, where there are any: tests/fuzz/seeds/NAME/. The last line is `N passed, N failed`.
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v clang >/dev/null || { echo "skipped: no clang (apt-get install clang)"; echo "0 passed, 0 failed"; exit 0; }
build=build-fuzz-clang
names=${*:-$(ls tests/fuzz/fuzz_*.c | sed 's|.*/fuzz_||; s|\.c$||')}
passed=0 failed=0
make --no-print-directory -j2 FUZZ=1 CC=clang $(for n in $names; do echo "$build/tests/fuzz/fuzz_$n"; done) || exit 1
for n in $names; do
	corpus=$build/corpus/$n
	mkdir -p "$corpus"
	seeds=
	[ -d "tests/fuzz/seeds/$n" ] && seeds=tests/fuzz/seeds/$n
	if "$build/tests/fuzz/fuzz_$n" -max_total_time="${FUZZ_SECONDS:-20}" -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$corpus/../$n-" "$corpus" $seeds >"$corpus.log" 2>&1; then
		echo "ok fuzz_$n: $(grep -a number_of_executed_units "$corpus.log" | grep -o '[0-9]*$') runs"
		passed=$((passed + 1))
	else
		echo "not ok fuzz_$n"
		grep -aE 'ERROR|SUMMARY|runtime error|^    #[0-9] |Test unit written' "$corpus.log" | head -n 20
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
