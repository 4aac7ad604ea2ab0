#!/usr/bin/env bash
# No seeded secret leaves in clear, in any disguise; structure survives. All values in all disguises with MW_LONG.
cd "${MW_TOP:?}" || exit 1
if ! command -v python3 >/dev/null; then
	echo "skipped: no python3"
	echo "ok redaction corpus skipped"
	exit 0
fi
python3 tests/guard/redact_corpus.py "$MW_BUILD/tests/guard/tool_redact" ${MW_LONG:+--full}
