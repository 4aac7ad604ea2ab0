# Approvals cannot happen by accident (26), end first (27), and the engine decides (28). TERMINAL.md section 4.
. "$(dirname "$0")/lib.sh"
demo
open_step() { # to the approval screen of the first step of the top incident's playbook
	cat <<'X'
deadline 20000
run MW
expect Role key of web-07
key Enter
expect CONTAINED
key P
expect Claim, status in progress
X
}
{
	open_step
	cat <<'X'
key A
expect deny, because>
key Enter
type y
type INC-1
key Enter
settle
expect open
never Decided
quiet 800 100000
key Enter
settle
expect open
key PgDn PgDn
expect approve, type
key Tab
settle
paste INC-1
expect pasted text is refused here
resize 30 100
resize 24 80
settle
expect open
never Decided
type wrong
key Enter
expect not approved
never Decided
key Esc
expect proposed plan
key Esc
settle
key q
exit 0
X
} | vt "Enter, early keys, y, paste, resize, a wrong word do not approve (26)"
{
	open_step
	cat <<'X'
key Enter
expect deny, because>
quiet 800 100000
key PgDn PgDn
expect Digest
expect approve, type the target's name
key Tab
settle
type INC-1
key Enter
expect INC-1
absent approve, type
key Esc
expect proposed plan
key Esc
settle
key q
exit 0
X
} | vt "the typed word approves, and the step is done"
{
	printf 'size 16 70\n'
	open_step
	cat <<'X'
key Down
key Down
key Down
key A
expect deny, because>
quiet 800 100000
expect the end has not been shown
key Tab
settle
key Enter
settle
never Decided
key PgDn PgDn PgDn PgDn PgDn PgDn
expect approve, type
key Esc
settle
key Esc
settle
key q
exit 0
X
} | vt "approving is off until the end was shown (27)"
# A request of its own: of one that is done the engine would refuse any digest.
$mw action propose INC-2 1 >"$MW_WORK/approval.out" 2>&1 </dev/null
id=$(grep -o 'A-[0-9]*' "$MW_WORK/approval.out" | head -n 1)
$mw action approve "$id" 00 INC-2 >"$MW_WORK/approval.out" 2>&1 </dev/null
if grep -q 'not the one that was shown' "$MW_WORK/approval.out"; then
	echo "ok the engine refuses a digest that is not the action's (28)"
else
	echo "not ok the engine refuses a digest that is not the action's (28)"
	cat "$MW_WORK/approval.out"
	failed=1
fi
exit $failed
