# Questions over other logs than those of the sample, with answers that tests/ask/own_questions.py computes from the raw files.
if [ ! -d "$MW_SHARED/data/events" ]; then
	echo "skipped: no ../shared"
	echo "ok own questions (skipped)"
	exit 0
fi
export MW_IDLE=30s
PYTHONDONTWRITEBYTECODE=1 python3 tests/ask/own.py "$MW_BUILD/midwatch" "$MW_SHARED/data" "$(mktemp -d "$MW_WORK/own.XXXXXX")"
