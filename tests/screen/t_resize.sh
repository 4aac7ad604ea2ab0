# 200 random sizes, no crash, and no stale cell: what is on the screen afterwards is what a fresh start at that size shows (5).
. "$(dirname "$0")/lib.sh"
$mw queue >/dev/null
n=200
seed=11
next() { seed=$(((seed * 1103515245 + 12345) % 2147483648)); }
{
	echo "run MW"
	echo "expect ask all>"
	for _ in $(seq $n); do
		next
		rows=$((1 + seed / 7 % 60))
		next
		echo "resize $rows $((1 + seed / 7 % 200))"
	done
	echo "resize 24 80"
	echo "expect ask all>"
	echo "settle"
	echo "dump $MW_WORK/after"
	echo "key q"
	echo "exit 0"
	echo "restored"
} | vt "200 resizes (5)"
printf 'run MW\nexpect ask all>\nsettle\ndump %s\nkey q\nexit 0\n' "$MW_WORK/fresh" | vt "fresh start"
if diff <(sed 1d "$MW_WORK/fresh") <(sed 1d "$MW_WORK/after") >&2; then
	echo "ok no stale cell after 200 resizes (5)"
else
	echo "not ok no stale cell after 200 resizes (5)"
	failed=1
fi
exit $failed
