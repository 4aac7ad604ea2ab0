#!/usr/bin/env bash
# Our own true sentences: what the templates say of every incident of the demo, and of answers about it, passes the checker.
cd "${MW_TOP:?}" || exit 1
if ! command -v python3 >/dev/null; then
	echo "skipped: no python3"
	echo "ok true sentences skipped"
	exit 0
fi
S=$MW_WORK/true
export MW_IDLE=30s MW_DEMO_STATE=$S MW_DEMO_NO_CONSOLE=1
trap '"$MW_BUILD/midwatch" --state "$S" engine stop >/dev/null 2>&1' EXIT
sh tools/demo.sh "$MW_BUILD" </dev/null >"$MW_WORK/true.log" 2>&1 || cat "$MW_WORK/true.log"
python3 tests/guard/true_sentences.py "$MW_BUILD/midwatch" "$S" ${MW_LONG:+--full} </dev/null
