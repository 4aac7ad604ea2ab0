#!/usr/bin/env bash
# 1.1: nobody types and nothing comes: the console, the engine and its workers use no processor time. What /proc counts over ten seconds is at
# most one clock tick of each process.
. "$(dirname "$0")/lib.sh"
if ! command -v tmux >/dev/null; then
	echo "skipped: no tmux"
	exit 0
fi
demo
tx() { tmux -L "mw-idle-$$" -f /dev/null "$@"; }
trap 'tx kill-server >/dev/null 2>&1; cleanup' EXIT
tx new-session -d -x 80 -y 24 "$mw"
for _ in $(seq 200); do
	tx capture-pane -p | grep -q '^Queue .* of ' && break
	sleep 0.05
done
console=$(tx list-panes -F '#{pane_pid}')
engine=$($mw engine status --json | sed 's/^{"version":"[^"]*","pid":\([0-9]*\),.*/\1/')
pids() { echo "$console" "$engine"; pgrep -P "$console,$engine"; }
used() { # "pid ticks" of each
	local p
	for p in $(pids); do
		[ -r "/proc/$p/stat" ] && echo "$p $(sed 's/.*) //' "/proc/$p/stat" | awk '{ print $12 + $13 }')"
	done
}
settled() { # nothing was used for a second
	local last
	for _ in $(seq 30); do
		last=$(used)
		sleep 1
		[ "$last" = "$(used)" ] && return 0
	done
	return 1
}
settled || echo "not ok the console and its engine come to rest"
used >"$MW_WORK/idle.before"
sleep 10 # what is measured is this time
used >"$MW_WORK/idle.after"
if [ "$(wc -l <"$MW_WORK/idle.before")" -ge 2 ] && paste "$MW_WORK/idle.before" "$MW_WORK/idle.after" | awk '$1 != $3 || $4 - $2 > 1 { bad = 1 } END { exit bad }'; then
	echo "ok an idle console and its engine use no processor time"
else
	echo "not ok an idle console and its engine use no processor time"
	paste "$MW_WORK/idle.before" "$MW_WORK/idle.after" | sed 's/^/# /'
fi
