# Items of TERMINAL.md section 8 that need more than one screen or an engine of their own: 10, 20, 23, 28, 29, 30, 32. The numbers of
# all items stand in the names of the tests; the last test here holds the list complete.
. "$(dirname "$0")/lib.sh"
demo
cd "$MW_WORK" || exit 1
say() { # status, name
	if [ "$1" = 0 ]; then echo "ok $2"; else
		echo "not ok $2"
		failed=1
		[ ! -s out.txt ] || head -c 1500 out.txt
	fi
}

# --- 10: what is drawn beside the divider does not move it ------------------------------------------------------------------------
printf '%s\n' \
	'{"time":"2026-01-02T03:04:05Z","user":"\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627","host":"\ud83d\ude80\ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67","message":"wide corpus 1 \u4e2d\u6587\u5b57\u7b26 e\u0301\u0302\u0303 \u2764\ufe0f"}' \
	'{"time":"2026-01-02T03:04:06Z","user":"\ud83c\udde9\ud83c\uddea","host":"\uff37\uff49\uff44\uff45","message":"wide corpus 2 \u0e01\u0e33 \u0915\u094d\u0937\u093f \u200f\u202eRTL\u202c"}' >wide.jsonl
$mw import wide.jsonl >/dev/null 2>&1 </dev/null
for at in "30 100:42" "40 180:60"; do
	size=${at%:*} column=${at#*:}
	vt "emoji, CJK, RTL and combining marks keep the divider straight, $size (10)" <<X
size $size
deadline 20000
run MW
expect Role key of web-07
key a
type all events on 2026-01-02
key Enter
expect data reaches
expect wide corpus
settle
column $column │
key Esc
settle
key t
expect > timeline
expect events  UTC
settle
column 42 │
key q
exit 0
X
done

# --- 20: five tries, since the time is the program's only where the machine has some to give ----------------------------------------
: >out.txt
for _ in 1 2 3 4 5; do
	sed "s|^run MW|run $mw|" <<'X' | "$vt_tool" esc >out.txt && break
deadline 20000
run MW
expect Role key of web-07
key a
type all events
key Enter
expect you  all events
key Esc
within 100 cancelling
key Ctrl-Q
exit 0
X
done
grep -q '^ok' out.txt
say $? "Esc is acknowledged within 100 ms (20)"

# --- 23: the engine dies, the terminal stays whole ----------------------------------------------------------------------------------
for sig in TERM ABRT KILL; do
	vt "engine ended by $sig: the console goes on, and gives the terminal back (23)" <<X
deadline 20000
run MW
expect Role key of web-07
key a
type kept words
sh kill -$sig \$($mw call engine.status | grep -o '"pid":[0-9]*' | head -n 1 | tr -dc 0-9)
expect the engine is back
expect kept words
key Ctrl-C
settle
key Ctrl-Q
exit 0
restored
X
done

# --- 28: the engine refuses what has expired, whoever asks ----------------------------------------------------------------------------
$mw engine stop >/dev/null 2>&1 </dev/null
export MW_APPROVAL_EXPIRES=1s
$mw action propose INC-1 1 >out.txt 2>&1 </dev/null
id=$(grep -o 'A-[0-9]*' out.txt | head -n 1)
digest=$($mw call action.get "{\"action\":\"$id\"}" </dev/null | grep -o '"digest":"[0-9a-f]*"' | head -n 1 | cut -d'"' -f4)
gone=1
for _ in $(seq 100); do
	$mw call action.get "{\"action\":\"$id\"}" </dev/null | grep -q '"state":"expired"' && gone=0 && break
	read -rt 0.1 <> <(:) || :
done
say $gone "a proposed action expires by itself (28)"
! $mw call action.approve "{\"action\":\"$id\",\"digest\":\"$digest\",\"word\":\"INC-1\"}" >out.txt 2>&1 </dev/null && grep -q expired out.txt
say $? "approved late with the right digest and word: the engine refuses (28)"
unset MW_APPROVAL_EXPIRES
$mw engine stop >/dev/null 2>&1 </dev/null

# --- 29: without a screen, from triage to an approval --------------------------------------------------------------------------------
printf '%s\n' 1 11 1 7 1 y 7 1 INC-1 10 9 | $mw --plain >out.txt 2>&1
grep -q 'Left open\|NOT approved' out.txt && grep -q 'Digest' out.txt && grep -q 'A-[0-9]*: done' out.txt && grep -q '^ans ' out.txt
say $? "--plain: card, question by number, citation, wrong word, approval (29)"

# --- 30: exit codes as the man page says them ------------------------------------------------------------------------------------------
code() { # status, name, words...
	local want=$1 name=$2 got
	shift 2
	"$@" >out.txt 2>&1 </dev/null
	got=$?
	[ "$got" = "$want" ]
	say $? "exit $want: $name, got $got (30)"
}
code 0 "an answer" $mw ask --json "how many events"
code 1 "no engine there" $mw --engine unix:/no/such/socket queue
code 2 "wrong usage" $mw ask
code 2 "unknown option" $mw --no-such-option
code 3 "nothing was found" $mw ask "all events from 1.2.3.4"
code 3 "no such incident" $mw case INC-9999
code 0 "with --json the object says it" $mw ask --json "all events from 1.2.3.4"
code 4 "the question is asked back" $mw ask "is app-web compromised"
$mw docs man | grep -q '0 it worked; 1 it failed; 2 wrong usage; 3 nothing was found; 4 the question was not understood and is asked'
say $? "the man page says the same (30)"
$mw ask --json "who used app-web" 2>/dev/null </dev/null | "${PYTHON:-python3}" -c 'import json,sys
for line in sys.stdin: json.loads(line)' 2>out.txt
say $? "each line is JSON (30)"

# --- 32: completions, man page, ? and sample configuration are the tables ------------------------------------------------------------
defs() { grep -oE "^$1\([A-Z_0-9]+, \"[^\"]+\"" "$2" | cut -d'"' -f2; }
flags=$(grep '^OPTION(' "$MW_TOP/src/base/options.def" | sed -E 's/^OPTION\([^,]*, "[^"]*", [A-Z]*, "[^"]*", "([^"]*)".*/\1/' | grep .)
missing=
for kind in man bash zsh fish; do
	$mw docs $kind </dev/null | tr -d '\\' >docs.$kind
	for f in $flags; do grep -qE -- "(--|-l )$f\b" docs.$kind || missing="$missing $kind:$f"; done
done
for c in $($mw help </dev/null 2>&1 | sed -nE 's/^  ([a-z]+)( .*|$)/\1/p'); do
	for kind in man bash zsh fish; do grep -qw -- "$c" docs.$kind || missing="$missing $kind:$c"; done
done
for a in $(defs ACTION "$MW_TOP/ui/keys/actions.def"); do grep -qw -- "$a" docs.man || missing="$missing man:$a"; done
$mw config options </dev/null >sample.txt 2>&1
for o in $(defs OPTION "$MW_TOP/src/base/options.def"); do grep -qF -- "${o##*.}" sample.txt || missing="$missing config:$o"; done
echo "$missing" >out.txt
[ -z "$missing" ]
say $? "completions, man page and sample configuration have every flag, command, action and option (32)"
vt "? lists the actions of the table that act on the queue, and no other (32)" <<X
size 60 100
run MW
expect Role key of web-07
key ?
expect Keys on the screen
settle
dump help.txt
key Esc
settle
key q
exit 0
X
bad=
while IFS=$'\t' read -r cx effect; do
	case $cx in
	*CX_QUEUE*) grep -qF -- "${effect:0:30}" help.txt || bad="$bad [missing: $effect]" ;;
	*CX_ANY*) ;;
	*) ! grep -qF -- "$effect" help.txt || bad="$bad [acts not here: $effect]" ;;
	esac
done < <(sed -nE 's/^ACTION\([A-Z_]+, "[^"]*", "[^"]*", (.*), PERM_[A-Z]+, [0-9]+, "[^"]*", "(.*)"\)$/\1\t\2/p' "$MW_TOP/ui/keys/actions.def")
echo "$bad" >out.txt
[ -z "$bad" ]
say $? "? equals the table (32)"

# --- every item has its test ------------------------------------------------------------------------------------------------------------
lost=
for n in $(seq 1 32); do
	grep -qE "[(, ]$n[,)]" "$MW_TOP"/tests/screen/t_*.sh || grep -qE "tem[s]? ([0-9, ]*)?$n\b" "$MW_TOP"/tests/unit/test_ui_*.c || lost="$lost $n"
done
echo "$lost" >out.txt
[ -z "$lost" ]
say $? "every item of the acceptance list is named by a test"
exit $failed
