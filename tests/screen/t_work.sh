# Work on incidents as an analyst does it, on the demo. Numbers are those of TERMINAL.md section 8.
. "$(dirname "$0")/lib.sh"
demo
cd "$MW_WORK" || exit 1
printf '{"time":"2026-01-01T00:00:00Z","user":"one","message":"extra record"}\n' >"$MW_WORK/extra.jsonl"

vt "14 incidents or more at 80x24 (3), severity by letter (9)" <<'X'
env NO_COLOR=1
run MW
expect Role key of web-07
row 3 C 100
row 16 M
nocolour
key q
exit 0
X
vt "a list move costs at most 450 bytes (15)" <<'X'
run MW
expect Role key of web-07
settle
median 450 Down 20
median 450 Up 10
key q
exit 0
X
vt "filter as typed, Esc clears it" <<'X'
run MW
expect Role key of web-07
key /
type sev:c
expect filter sev:c
absent M  51
key Enter
key Esc
expect filter none
key /
type nosuchwordanywhere
expect No incident passes the filter
key Esc
expect filter none
key q
exit 0
X
vt "claim: owner and state change, the card stays" <<'X'
run MW
expect Role key of web-07
key Enter
expect unowned
key c
absent unowned
expect work
key Esc
expect Queue
key q
exit 0
X
vt "Enter c 1 t: the card's first question and its timeline" <<'X'
deadline 20000
run MW
expect Role key of web-07
key Enter
expect Next   1
key 1
expect ans
absent running
key t
expect > timeline
expect events  UTC
key q
exit 0
X
vt "Esc stops a question within 100 ms of the key (20)" <<'X'
deadline 20000
run MW
expect Role key of web-07
key a
type all events
key Enter
expect you  all events
key Esc
deadline 1000
expect cancelling
deadline 20000
absent running..
key Esc
settle
key Ctrl-Q
exit 0
X
vt "hang-up, then attach: same case, same draft (22)" <<'X'
run MW
expect Role key of web-07
key Enter
expect CONTAINED
key a
type a draft that must not be lost
expect must not be lost
signal HUP
exit 0
restored
X
vt "attach puts it back (22)" <<'X'
run MW attach
expect INC-
expect CONTAINED
expect a draft that must not be lost
key Ctrl-C
settle
key Ctrl-Q
exit 0
X
vt "the pivot menu opens on a row of the timeline" <<'X'
deadline 20000
run MW
expect Role key of web-07
key Enter
expect CONTAINED
key t
expect events  UTC
expect vpcflow
key .
expect Enter choose
key Esc
settle
key q
exit 0
X
vt "log cover, jobs, report and response open and say what they are" <<'X'
deadline 20000
run MW
expect Role key of web-07
key l
expect log cover
expect management
key Esc
expect Queue
key J
expect Lake
key Esc
expect Queue
key Enter
expect CONTAINED
key P
expect Claim, status in progress
key Esc
expect CONTAINED
key Esc
expect Queue
key D
expect draft 1
key Esc
expect Queue
key q
exit 0
X
vt "wide: the queue stays on the left" <<'X'
size 40 160
deadline 20000
run MW
expect Role key of web-07
key Enter
expect CONTAINED
row 1 Queue
row 3 C 100
key Tab
expect > chat
key Esc
settle
key q
exit 0
X
vt "read-only console: nothing that changes anything" <<'X'
run MW --read-only
expect READ-ONLY
expect Role key of web-07
key c
expect this console is read-only
key q
exit 0
X
vt "copying goes through OSC 52 only when asked (12)" <<'X'
run MW
expect Role key of web-07
lacks \e]52
key y
expect Copy
key 1
expect sent to the terminal
has \e]52;c;
key q
exit 0
X

vt "import from inside the console" <<X
deadline 20000
run MW
expect Role key of web-07
key :
expect Palette
type import
key Enter
expect import file or folder
type $MW_WORK/extra.jsonl
key Enter
expect import done
key :
type import
key Enter
expect import file or folder
type /no/such/file
key Enter
expect cannot be read
key q
exit 0
X

# --- hostile text: a log that tries to write to the terminal (10, 11) ----------------------------------------------------------
printf '{"time":"2026-01-02T03:04:05Z","user":"mallory\\u001b]52;c;ZWNobw==\\u0007","host":"\\u202eevil\\u200b","message":"row one\\nC 99 FORGED row two \\u001b[2J\\u009b31m"}\n{"time":"2026-01-02T03:04:06Z","user":"\\u05e9\\u05dc\\u05d5\\u05dd","host":"\\ud83d\\ude80\\ud83d\\udc69\\u200d\\ud83d\\udc69","message":"\\u4e2d\\u6587 e\\u0301 hostile corpus"}\n' >"$MW_WORK/hostile.jsonl"
$mw import "$MW_WORK/hostile.jsonl" >/dev/null 2>&1
vt "hostile log text reaches the terminal as text (11), wide text keeps the divider (10)" <<'X'
size 30 120
deadline 20000
run MW
expect Role key of web-07
key a
type all events on 2026-01-02
key Enter
expect hostile corpus
expect mallory
absent running
settle
lacks \e]52
lacks \e[2J\x9b
lacks \xe2\x80\xae
lacks \xc2\x9b
lacks \nC 99 FORGED
key Esc
settle
key Esc
settle
key Ctrl-Q
exit 0
X

vt "hide others like it: what is offered hides it" <<'X'
run MW
expect S3 data events off
key /
type S3 data
key Enter
key m
expect hide others like it
key 8
expect ts off for *
key Enter
expect hidden for 7 days, because
type planned
key Enter
expect hidden 1
key r
expect No incident passes the filter
key q
exit 0
X
vt "metrics: a screen with its name, what stands behind a name stays behind it" <<'X'
run MW
expect Role key of web-07
key :
type metrics
key Enter
expect > metrics
expect false-positive relief
lacks \x0aclosed as
key Esc
expect filter none
key q
exit 0
X

# On a wide screen the queue keeps its focus beside an open card: what a menu there offers is for the row under the cursor.
vt "wide: a menu of the queue opens beside an open card" <<'X'
size 40 200
run MW
expect Role key of web-07
key Home
key Enter
expect CONTAINED
settle
key Tab
settle
key Tab
expect Space tick
key Down
key Down
settle
key m
expect status: waiting
key 1
expect assign to
key Ctrl-a
key Ctrl-k
type nightowl
key Enter
expect INC-3: assigned
settle
key q
exit 0
X
owned() { $mw call incident.get "{\"id\":\"$1\"}" </dev/null | grep -q '"owner":"nightowl"'; }
if $mw call queue.list '{"limit":40}' </dev/null | grep -q '"owner":"nightowl"' && ! owned INC-1; then
	echo "ok wide: the row has the new owner, the card has not"
else
	echo "not ok wide: the row has the new owner, the card has not"
	failed=1
fi

vt "wide: a pivot from the queue opens beside an open card" <<'X'
size 40 200
run MW
expect Role key of web-07
key Home
key Enter
expect CONTAINED
settle
key Tab
settle
key Tab
expect Space tick
key Down
key .
expect first and last seen of
key Esc
absent first and last seen of
settle
key q
exit 0
X

# --- without a screen (29, 30) ------------------------------------------------------------------------------------------------
say() {
	if [ "$2" = 0 ]; then echo "ok $1"; else
		echo "not ok $1"
		head -c 1500 "$MW_WORK/plain.out"
		failed=1
	fi
}
printf '1\n2\nwhat did app-web do\n3\n10\n9\n' | $mw --plain >"$MW_WORK/plain.out" 2>&1
grep -q 'INC-.* critical, score' "$MW_WORK/plain.out" && grep -q 'STILL ACTIVE' "$MW_WORK/plain.out" &&
	grep -q '^ans ' "$MW_WORK/plain.out" && grep -q '\[e[0-9]' "$MW_WORK/plain.out"
say "--plain: triage, question, citation (29)" $?
! grep -q $'\033' "$MW_WORK/plain.out"
say "--plain moves no cursor" $?
$mw ask --json "who used app-web" 2>/dev/null </dev/null | head -c 1 | grep -q '{'
say "ask without a terminal prints JSON (30)" $?
[ "$($mw keys | wc -l)" = "$(grep -c '^ACTION(' "$MW_TOP/ui/keys/actions.def")" ] &&
	[ "$($mw keys --sample | grep -c '^#[a-z-]*: \[')" = "$(grep -c '^ACTION(' "$MW_TOP/ui/keys/actions.def")" ]
say "keys and sample keymap equal the table (32)" $?
exit $failed
