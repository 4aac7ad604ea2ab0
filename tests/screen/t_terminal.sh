# The terminal itself: sizes, modes given back on every way out, colours, ASCII, bytes, time. TERMINAL.md section 8.
. "$(dirname "$0")/lib.sh"
$mw queue >/dev/null # the engine is up

# Five tries: the time is the program's only where the machine has some to give.
for _ in 1 2 3 4 5; do
	sed "s|^run MW|run $mw|" <<'X' | "$vt_tool" "first paint within 100 ms (16)" >"$MW_WORK/paint.txt" && break
run MW
paint 100
expect ask all>
key q
exit 0
restored
X
done
cat "$MW_WORK/paint.txt"
grep -q '^ok' "$MW_WORK/paint.txt" || failed=1
vt "too small says so and recovers (4)" <<'X'
size 15 60
run MW
expect Midwatch needs 60x16, this is 60x15
resize 24 80
expect ask all>
resize 10 30
expect Midwatch needs
resize 24 80
expect Queue
key q
exit 0
X
for sig in TERM HUP ABRT SEGV QUIT KILL; do
	n=$(kill -l $sig)
	case $sig in TERM | HUP) status=0 ;; *) status=$((128 + n)) ;; esac
	vt "terminal restored after $sig (23)" <<X
run MW
expect ask all>
signal $sig
exit $status
restored
X
done
vt "no colour with NO_COLOR (6)" <<'X'
env NO_COLOR=1
run MW
expect ask all>
key ?
expect Keys on the screen
key q
exit 0
nocolour
X
vt "vt100 in the C locale gets ASCII only (7)" <<'X'
env TERM=vt100
env LC_ALL=C
run MW
expect ask all>
key ?
expect Keys on the screen
key Esc
settle
key :
expect Palette
key Esc
settle
key q
exit 0
ascii
nocolour
X
for term in tmux-256color screen linux xterm; do
	vt "console on $term" <<X
env TERM=$term
run MW
expect ask all>
key ?
expect Keys on the screen
key q
exit 0
restored
X
done
vt "idle costs nothing (13)" <<'X'
run MW
expect ask all>
settle
quiet 2500 90
key q
exit 0
X
vt "a typed character costs at most 16 bytes (14)" <<'X'
run MW
expect ask all>
key a
settle
median 16 x 12
expect xxxxxxxxxxxx
key Ctrl-C
settle
key Ctrl-Q
exit 0
X
vt "a paste of 200 lines is one edit and is not sent (24)" <<X
run MW
expect ask all>
settle
paste $(for i in $(seq 1 200); do printf 'line %d of the paste\\n' "$i"; done)
expect line 200 of the paste
never you
key Ctrl-_
settle
never line 200
key Ctrl-Q
exit 0
X
vt "help lists what acts here (1)" <<'X'
run MW
expect ask all>
key ?
expect Keys on the screen "queue"
expect Claim the incident
never Pin the record
key Esc
absent Keys on the screen
key q
exit 0
X
all=$(grep -c '^ACTION(' "$MW_TOP/ui/keys/actions.def")
vt "the palette reaches every action (2)" <<X
run MW
expect ask all>
key :
expect $all of $all
type theme
expect Next theme
key Enter
expect theme light
key Ctrl-P
expect Palette
type mouse
key Enter
expect mouse on
has \\e[?1000h
key Ctrl-Q
exit 0
restored
X
vt "nothing reaches the clipboard unasked (12)" <<'X'
run MW
expect ask all>
key a
type hello
key Esc
settle
key Ctrl-Q
exit 0
lacks \e]52
X
vt "engine killed: says so, comes back, the draft is kept (21)" <<X
run MW
expect ask all>
key a
type half a question
expect half a question
sh kill -9 \$($mw call engine.status | grep -o '"pid":[0-9]*' | head -n 1 | tr -dc 0-9)
expect the engine is back
expect half a question
key Ctrl-C
settle
key Ctrl-Q
exit 0
restored
X
vt "unknown terminal: plain words instead" <<'X'
env TERM=no-such-terminal
run MW
expect unknown here
exit 2
X
exit $failed
