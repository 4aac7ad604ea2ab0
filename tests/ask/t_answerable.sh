# The questions with answers of ../shared/data/nlq over the imported files, through the command line.
file=$MW_SHARED/data/nlq/answerable.jsonl
if [ ! -e "$file" ]; then
	echo "skipped: no ../shared"
	echo "ok answerable questions (skipped)"
	exit 0
fi
export MW_IDLE=30s
PYTHONDONTWRITEBYTECODE=1 python3 tests/ask/answerable.py "$MW_BUILD/midwatch" "$file" "$MW_SHARED/data" "$(mktemp -d "$MW_WORK/ask.XXXXXX")"
