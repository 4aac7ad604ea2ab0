#!/usr/bin/env bash
# A real sshd on loopback: the line is cut by SIGHUP and by SIGKILL of sshd's child, and `attach` from another login finds the same case,
# scroll and draft, and the answer to what was being asked.
. "$(dirname "$0")/lib.sh"
if ! command -v sshd >/dev/null && [ ! -x /usr/sbin/sshd ] || ! command -v ssh >/dev/null || ! command -v tmux >/dev/null; then
	echo "skipped: no sshd, ssh or tmux"
	echo "ok lost lines over ssh (skipped)"
	exit 0
fi
sshd=$(command -v sshd || echo /usr/sbin/sshd)
export LC_ALL=C.UTF-8
K=$S/ssh
mkdir -m 700 "$K"
if [ "$(id -u)" = 0 ]; then mkdir -p -m 755 /run/sshd; fi # what sshd of root is separated into
ssh-keygen -q -t ed25519 -N '' -f "$K/host"
ssh-keygen -q -t ed25519 -N '' -f "$K/key"
cp "$K/key.pub" "$K/authorized"
chmod 600 "$K/authorized"
# shellcheck disable=SC2016
start_sshd() { # tries ports until one is free
	for port in $(seq $((20000 + RANDOM % 20000)) 7 60000); do
		cat >"$K/config" <<-END
			Port $port
			ListenAddress 127.0.0.1
			HostKey $K/host
			AuthorizedKeysFile $K/authorized
			PidFile $K/pid
			StrictModes no
			UsePAM no
			PasswordAuthentication no
			PermitRootLogin prohibit-password
			AcceptEnv MW_IDLE
		END
		"$sshd" -f "$K/config" -E "$K/log" && return 0
		grep -q "Address already in use" "$K/log" || return 1
	done
}
T() { tmux -L "mw-ssh-$$" "$@"; }
end() {
	T kill-server 2>/dev/null
	[ -s "$K/pid" ] && kill "$(cat "$K/pid")"
	run engine stop >/dev/null 2>&1
}
trap end EXIT
if ! start_sshd; then
	echo "not ok sshd starts"
	sed 's/^/# /' "$K/log"
	exit 1
fi
login() { # words of midwatch: in a terminal of its own
	T kill-session -t line 2>/dev/null
	T -f /dev/null new-session -d -s line -x 80 -y 24 \
		"ssh -tt -F /dev/null -p $port -i $K/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=$K/known -o SendEnv=MW_IDLE 127.0.0.1 exec $mw --state $S $*; sleep 60"
}
screen() { T capture-pane -p -t line; }
sees() { # text: waits for it on the screen
	local deadline=$((SECONDS + 20))
	while [ $SECONDS -lt $deadline ]; do
		screen | grep -qF -- "$1" && return 0
		sleep 0.1
	done
	screen
	return 1
}
# The process of sshd that carries the line: the parent of the console's session.
child() {
	for p in $(pgrep -P "$(cat "$K/pid")"); do
		pgrep -P "$p" >/dev/null && p=$(pgrep -P "$p" -f sshd || echo "$p")
		echo "$p"
	done | tail -n 1
}
consoles() { pgrep -fc -- "^$mw --state $S( attach)?\$"; }
no_console() { # waits until none is left
	for _ in $(seq 200); do
		[ "$(consoles)" = 0 ] && return 0
		sleep 0.05
	done
	pgrep -af -- "$mw --state $S"
	return 1
}

# three kinds of title: findings alike would be one row, which opens as a storm
{ finding 1 "Credentials used from outside" role-1 203.0.113.1; finding 2 "Bucket opened to everybody" role-2 203.0.113.2
	finding 3 "Mining traffic seen" role-3 203.0.113.3; } >"$S/f.jsonl"
lines "$S/l.jsonl" 60000
run import "$S/f.jsonl" "$S/l.jsonl" >/dev/null 2>&1
ok "a queue" until_queue 3
engine=$(engine_pid)

cut_line() { # name, signal, question whose answer shows, what the answer says
	login
	ok "$1: logged in, the console starts" sees "Credentials used"
	T send-keys -t line Enter
	ok "$1: a case is open" sees "> INC-"
	case_line=$(screen | grep -o '> INC-[0-9]*' | head -n 1)
	T send-keys -t line -l "a$3"
	ok "$1: a question is typed" sees "$3"
	T send-keys -t line Enter
	T send-keys -t line -l "half a thought"
	ok "$1: and the next one begun" sees "half a thought"
	[ -z "${5:-}" ] || look_up
	ok "$1: it is kept" kept "half a thought"
	kill -"$2" "$(child)"
	ok "$1: no console is left" no_console
	login attach
	ok "$1: attach is in the same case" sees "${case_line# }"
	ok "$1: the draft is there" sees "half a thought"
	if [ -n "${5:-}" ]; then
		ok "$1: the view stands where it was read" sees "below, End"
		T send-keys -t line End
	fi
	ok "$1: the answer came" sees "$4"
	T kill-session -t line
	no_console >/dev/null
}
look_up() { # reading further up; what the last second held may be lost
	sees "ans  1,200" >/dev/null
	T send-keys -t line PPage
	sees "below, End" >/dev/null
	sleep 1.2
}
kept() { # draft: the engine has it
	for _ in $(seq 100); do
		run call session.list '{}' | grep -o '"session":"[^"]*"' | sort -u | while IFS= read -r s; do
			run call session.get "{$s}"
		done | grep -qF -- "$1" && return 0
		sleep 0.05
	done
	return 1
}
cut_line "SIGHUP" HUP "how many events by user u7" "ans  1,200."
cut_line "SIGKILL" KILL "all events by user u8" "1,200 events" up
ok "there was one" [ -n "$engine" ]
ok "one engine served it all" [ "$(engine_pid)" = "$engine" ]
