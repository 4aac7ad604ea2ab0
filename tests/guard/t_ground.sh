#!/usr/bin/env bash
# The checker against lies: a mutation corpus over the real logs (a sample; all of it with MW_LONG), sentences written by hand, its speed.
cd "${MW_TOP:?}" || exit 1
if ! command -v python3 >/dev/null; then
	echo "skipped: no python3"
	echo "ok grounding corpus skipped"
	exit 0
fi
if [ ! -d "$MW_SHARED/data/events" ]; then
	echo "skipped: no ../shared"
	echo "ok grounding corpus skipped"
	exit 0
fi
python3 tests/guard/ground_corpus.py "$MW_BUILD/tests/guard/tool_ground" "$MW_SHARED" ${MW_LONG:+--full}
