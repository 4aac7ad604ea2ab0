# A shift's triage from the queue to the handoff (1.8, 31): the same script on a local terminal, on a wide one, and on a line of 9,600
# bytes a second with 300 ms. What is decided is read back from the engine at the end.
. "$(dirname "$0")/lib.sh"
cd "$MW_WORK" || exit 1
shift_script() { # lines before run, lines after
	printf '%s\n' "$1" "deadline ${3:-30000}" "run MW" "$2"
	cat <<'X'
expect Role key of web-07
key Enter
expect CONTAINED
key c
expect work
key 1
expect data reaches
key t
expect events  UTC
key /
type GetObject
key Enter
expect filter GetObject
key p
expect pinned
key n
type bulk read of the archive, from outside
key Enter
expect noted in
key Enter
expect sha256
key Esc
expect filter GetObject
key Esc
absent filter GetObject
key Esc
expect > chat
absent > timeline
key a
type who else used 203.0.113.77
key Enter
expect you  who else used 203.0.113.77
expect values of
key Esc
settle
key Esc
expect CONTAINED
absent > chat
key w
key P
expect Claim, status in progress
key Esc
expect CONTAINED
key l
expect log cover
key Esc
absent log cover
key D
expect draft 1
key Esc
expect CONTAINED
absent draft 1
key Esc
absent CONTAINED
key End
key m
type close
key Enter
expect verdict
key 2
expect reason
type planned change
key Enter
expect note
key Enter
expect Enter closes it
key Enter
expect 1 done, 0 failed
key Esc
expect hidden 1
key D
expect # Handoff
key /
type bulk read of the archive
key Enter
expect noted INC-1, text bulk read
never is not in this text
key q
exit 0
restored
X
}
decided() { # name
	if $mw call incident.get '{"id":"INC-1"}' </dev/null | grep -q '"pins":\[{' &&
		$mw call incident.get '{"id":"INC-1"}' </dev/null | grep -q 'bulk read of the archive' &&
		$mw call queue.list '{"limit":1}' </dev/null | grep -q '"closed":1'; then
		echo "ok $1: claim, pin, note and close are the engine's"
	else
		echo "not ok $1: claim, pin, note and close are the engine's"
		failed=1
	fi
}
for line in "80x24|size 24 80|settle" "200x60|size 60 200|settle" "slow line|size 24 80|slow 9600 300"; do
	name=${line%%|*} before=${line#*|} after=${line##*|}
	before=${before%%|*}
	demo
	shift_script "$before" "$after" | vt "a shift's triage, $name (31)"
	decided "$name"
	$mw engine stop >/dev/null 2>&1 </dev/null
done
exit $failed
