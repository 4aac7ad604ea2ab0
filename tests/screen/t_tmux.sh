# The console in a second, independent emulator: real tmux, with a server of this test's own. Every wait is for something on the
# screen, with a deadline; nothing sleeps for a fixed time.
. "$(dirname "$0")/lib.sh"
if ! command -v tmux >/dev/null; then
	echo "skipped: no tmux"
	echo "ok tmux: not here"
	exit 0
fi
demo
cd "$MW_WORK" || exit 1
socket=mw-$$
tx() { tmux -L "$socket" -f /dev/null "$@"; }
trap 'tx kill-server >/dev/null 2>&1; cleanup' EXIT
bad= now=
fail() {
	[ -z "$bad" ] || return
	bad=$*
	tx capture-pane -p -t mw 2>/dev/null | sed 's/^/# /' >tmux.screen
}
flow() { # name, rows, cols, words after the program
	now=$1 bad=
	local rows=$2 cols=$3
	shift 3
	tx kill-session -t mw >/dev/null 2>&1
	tx new-session -d -s mw -x "$cols" -y "$rows" "env PS1='shell> ' bash --norc" || fail "tmux does not start"
	tx set -s escape-time 0 \; set -g status off \; set -g set-clipboard on \; set -g bell-action any >/dev/null
	expect 'shell> '
	run "$*"
}
run() { # the console, in the pane's shell
	tx send-keys -t mw -l "env INPUTRC=/dev/null LC_ALL=C.UTF-8 ${environment:-} $mw $1" && tx send-keys -t mw Enter
}
until_true() { # what, command...
	local what=$1 end=$((SECONDS + 20))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { fail "$what"; return; }
		read -rt 0.05 <> <(:) || :
	done
}
shows() { tx capture-pane -p -J -t mw | grep -qF -- "$1"; }
hides() { ! shows "$1"; }
expect() { [ -n "$bad" ] || until_true "never shows: $1" shows "$1"; }
absent() { [ -n "$bad" ] || until_true "still shows: $1" hides "$1"; }
key() { [ -n "$bad" ] || tx send-keys -t mw "$@"; }
typed() { [ -n "$bad" ] || tx send-keys -t mw -l "$1"; }
is() { [ "$(tx display-message -p -t mw "$1")" = "$2" ]; }
flag() { [ -n "$bad" ] || until_true "tmux says $1 is not $2" is "$1" "$2"; }
end() {
	if [ -z "$bad" ]; then echo "ok tmux: $now"; else
		echo "not ok tmux: $now: $bad"
		cat tmux.screen
		failed=1
	fi
}

flow "queue, card, question, timeline, record" 24 80
expect 'Role key of web-07'
flag '#{alternate_on}' 1
flag '#{mouse_any_flag}' 0
key Enter
expect CONTAINED
key 1
expect 'data reaches'
key t
expect 'events  UTC'
key /
typed GetObject
key Enter
expect 'filter GetObject'
key Enter
expect sha256
key Escape
expect '> timeline'
key q
expect 'shell> '
flag '#{alternate_on}' 0
end

flow "typed question, its plan, Esc" 24 80
expect 'Role key of web-07'
key a
typed 'what did app-web do'
key Enter
expect 'you  what did app-web do'
expect 'data reaches'
key Escape
expect 't timeline'
key v
expect 'as run'
key Escape
expect '> chat'
key Escape
key q
end

flow "filter, sort, tick, menu" 24 80
expect 'Role key of web-07'
key /
typed 'sev:h'
expect 'filter sev:h'
absent 'Role key of web-07'
key Enter
key Space
expect '1 ticked'
key m
expect 'hide others like it'
key Escape
absent 'hide others like it'
key s
expect 'sort sla'
key q
end

flow "sizes: too small says so, wide has three columns, and back" 24 80
expect 'Role key of web-07'
tx resize-window -t mw -x 60 -y 15
expect 'Midwatch needs 60x16, this is 60x15'
tx resize-window -t mw -x 200 -y 60
expect 'Brute force seen on orders-replica-db, port 3306'
key Enter
expect CONTAINED
key 1
expect 'data reaches'
expect CONTAINED
tx resize-window -t mw -x 80 -y 24
absent CONTAINED
expect '> chat'
key q
end

flow "help and palette" 24 80
expect 'Role key of web-07'
key '?'
expect 'Keys on the screen'
key Escape
absent 'Keys on the screen'
key C-p
expect 'Palette'
typed mouse
key Enter
flag '#{mouse_any_flag}' 1
key q
expect 'shell> '
flag '#{mouse_any_flag}' 0
end

flow "copy reaches tmux's buffer by OSC 52, and only when asked" 24 80
expect 'Role key of web-07'
[ -z "$(tx list-buffers 2>/dev/null)" ] || fail "something was copied unasked"
key y
expect Copy
key 1
expect 'sent to the terminal'
buffer() { tx list-buffers | grep -q .; }
[ -n "$bad" ] || until_true "no buffer" buffer
key q
end

flow "an approval by the typed word" 24 80
expect 'Role key of web-07'
key Enter
expect CONTAINED
key P
expect 'Claim, status in progress'
key A
expect 'deny, because>'
typed INC-1
key Enter
key PgDn PgDn
expect 'approve, type'
absent Decided
key Tab
expect 'approve, type'
approved() { tx send-keys -t mw -l INC-1; tx send-keys -t mw Enter; hides 'approve, type'; } # inert at first: typed again
[ -n "$bad" ] || until_true "not approved" approved
key Escape
expect 'proposed plan'
key q
end

flow "the line is cut: attach finds case and draft" 24 80
expect 'Brute force seen'
key Down Enter
expect CONTAINED
key a
typed 'half a question'
expect 'half a question'
tx kill-session -t mw
kept=$now
flow "$kept" 24 80 attach
expect CONTAINED
expect 'half a question'
key C-c
key C-q
end

flow "suspend and come back" 24 80
expect 'Brute force seen'
key C-z
expect 'Stopped'
flag '#{alternate_on}' 0
typed fg
key Enter
expect 'Brute force seen'
flag '#{alternate_on}' 1
key q
end

environment=NO_COLOR=1
flow "without colour no colour is sent" 24 80
environment=
expect 'Brute force seen'
[ -n "$bad" ] || ! tx capture-pane -p -e -t mw | grep -qE $'\033\\[[0-9;]*(3[0-8]|9[0-7])(;|m)' || fail "a colour was sent"
key q
end

flow "--plain in a terminal" 24 80 --plain
expect '1 open'
flag '#{alternate_on}' 0
typed 1
key Enter
expect 'question of the card'
typed 10
key Enter
expect '1 open'
typed 9
key Enter
expect 'shell> '
end

flow "claim, note, snooze" 24 80
expect 'Brute force seen'
key c
expect 'work'
key Enter
expect CONTAINED
key n
expect 'note>'
typed 'called the owner'
key Enter
expect 'noted in'
key Escape
expect 'Queue  '
key m
typed snooze
key Enter
expect 'snooze for'
key Enter
expect 'snoozed until'
key Escape
expect 'hidden'
key q
end
exit $failed
