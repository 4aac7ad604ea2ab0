#!/usr/bin/env bash
# Both compilers take the tree without a warning: gcc built it, clang reads the console here and builds the engine for tests/fuzz.
command -v clang >/dev/null || { echo "skipped: no clang (make deps)"; echo "ok clang (skipped)"; exit 0; }
cd "$MW_TOP" || exit 1
if make --no-print-directory CC=clang syntax >"$MW_WORK/clang.log" 2>&1; then
	echo "ok clang reads the console without a warning"
else
	echo "not ok clang reads the console without a warning"
	tail -n 20 "$MW_WORK/clang.log"
fi
