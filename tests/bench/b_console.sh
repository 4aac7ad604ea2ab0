#!/usr/bin/env bash
# The console's part of the bench: what it costs its terminal, beside htop, tig, lnav and weechat in the same run.
# b_console.sh BUILD CACHE prints rows "what|ours|peer|value of the peer|target". Peers that are not there are installed where one may.
set -u
build=$(cd "$1" && pwd)
cache=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "$cache/console.XXXXXX")
chmod 700 "$work"
mw="$build/midwatch --state $work/state"
tty=$build/tests/bench/tool_tty
export TERM=xterm-256color LC_ALL=C.UTF-8 HOME=$work/home XDG_CONFIG_HOME=$work/home/.config XDG_STATE_HOME=$work/home/.state INPUTRC=/dev/null MW_IDLE=10m
mkdir -p "$HOME"
trap '$mw engine stop >/dev/null 2>&1; rm -rf "$work"' EXIT
[ -x "$tty" ] || make -s -C "$here/../.." "$tty" BUILD="$build" || exit 1
missing=''
for p in htop tig lnav weechat; do command -v $p >/dev/null || missing="$missing $p"; done
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${missing/weechat/weechat-curses} >/dev/null 2>&1
fi
# tig is measured in a repository made here: what this tree is a checkout of is nobody's peer.
if command -v git >/dev/null && command -v tig >/dev/null; then
	git init -q "$work/repo"
	for i in $(seq 300); do
		printf 'commit refs/heads/main\ncommitter A Name <a@example.org> %d +0000\ndata 11\nchange %04d\nM 644 inline file\ndata 4\n%04d\n' $((1700000000 + i * 60)) "$i" "$i"
	done | git -C "$work/repo" fast-import --quiet
	git -C "$work/repo" symbolic-ref HEAD refs/heads/main
fi
field() { sed -n "s/.*\b$1 \([-0-9]*\).*/\1/p" "$work/$2"; }
runs=${BENCH_RUNS:-3}
# The run whose first paint is the median.
measure() { # name, start, key, times, program...
	local name=$1
	shift
	for i in $(seq "$runs"); do "$tty" "${size% *}" "${size#* }" "$@" >"$work/$name.$i" 2>/dev/null </dev/null; done
	sort -n -t' ' -k2 "$work/$name".[0-9]* | sed -n "$(((runs + 1) / 2))p" >"$work/$name"
}
finding() { # numbers on stdin: GuardDuty records, each an incident of its own
	awk '{ printf "{\"schemaVersion\":\"2.0\",\"accountId\":\"111122223333\",\"region\":\"eu-west-1\",\"id\":\"aaaabbbbccccddddeeee%012d\",\"arn\":\"arn:aws:guardduty:eu-west-1:111122223333:detector/x/finding/y%d\",\"type\":\"Recon:IAMUser/MaliciousIPCaller\",\"resource\":{\"resourceType\":\"AccessKey\",\"accessKeyDetails\":{\"accessKeyId\":\"ASIA%016d\",\"principalId\":\"P%d\",\"userType\":\"IAMUser\",\"userName\":\"user-%d\"}},\"service\":{\"serviceName\":\"guardduty\",\"detectorId\":\"x\",\"action\":{\"actionType\":\"AWS_API_CALL\",\"awsApiCallAction\":{\"api\":\"GetObject\",\"serviceName\":\"s3.amazonaws.com\",\"callerType\":\"Remote IP\",\"remoteIpDetails\":{\"ipAddressV4\":\"10.%d.%d.%d\"}}},\"eventFirstSeen\":\"2026-01-02T02:41:06Z\",\"eventLastSeen\":\"2026-01-02T03:00:00Z\",\"count\":1},\"severity\":%d,\"createdAt\":\"2026-01-02T03:00:00Z\",\"updatedAt\":\"2026-01-02T03:00:00Z\",\"title\":\"Listed address used by user-%d\",\"description\":\"x\"}\n",
		$1, $1, $1, $1, $1, $1 / 65536, int($1 / 256) % 256, $1 % 256, 2 + $1 % 7, $1 }'
}
incidents=${BENCH_INCIDENTS:-10000}
seq "$incidents" | finding >"$work/f.jsonl"
mkdir -p -m 700 "$work/state"
$mw import "$work/f.jsonl" >/dev/null 2>&1
for _ in $(seq 1200); do # correlation of them all
	n=$($mw queue --json 2>/dev/null | sed -n 's/.*"total":\([0-9]*\).*/\1/p')
	[ "${n:-0}" -ge "$incidents" ] && break
	sleep 0.1
done

seq 5000 | sed 's/^/2026-01-02T03:00:00 host program[1]: line /' >"$work/log"
peers() {
	command -v htop >/dev/null && measure htop '' '\e[B' 12 htop
	command -v tig >/dev/null && measure tig '' j 12 tig -C "$work/repo"
	command -v lnav >/dev/null && measure lnav '' j 12 lnav -n "$work/log" && measure lnav '' j 12 lnav "$work/log"
	command -v weechat >/dev/null && measure weechat '' x 12 weechat -d "$work/weechat-home"
}
# Processor time that the engine uses while a console looks on and nobody types: ms in so many seconds, once it has come to rest.
idle_engine() {
	local pid last
	pid=$($mw engine status --json | sed 's/^{"version":"[^"]*","pid":\([0-9]*\),.*/\1/')
	cpu() { sed 's/.*) //' "/proc/$pid/stat" | awk -v hz="$(getconf CLK_TCK)" '{ print ($12 + $13) * 1000 / hz }'; }
	TTY_IDLE_MS=$((1000 * $1 + 20000)) "$tty" 24 80 '' j 1 $mw >/dev/null 2>&1 </dev/null &
	sleep 3 # until it has drawn its queue
	for _ in $(seq 15); do
		last=$(cpu)
		sleep 1
		[ "$last" = "$(cpu)" ] && break
	done
	sleep "$1"
	echo "$last $(cpu)" | awk '{ print $2 - $1 }'
	kill %% 2>/dev/null
	wait 2>/dev/null
}
row() { printf '%s|%s|%s|%s|%s\n' "$@"; }
beside() { # what, our file, field, unit, target: a row for each peer
	local p
	for p in htop tig lnav weechat; do
		[ -s "$work/$p" ] && row "$1" "$(field "$3" "$2") $4" "$p" "$(field "$3" "$p") $4" "$5"
	done
	[ -s "$work/htop" ] || row "$1" "$(field "$3" "$2") $4" "" "" "$5"
}
for size in "24 80" "48 160"; do
	$mw engine status >/dev/null 2>&1
	measure list '' j 12 $mw
	measure typed a x 12 $mw
	peers
	where="${size#* }x${size% *}"
	beside "start to first byte, $where" list first_ms ms "<= 100 ms"
	beside "start to settled, $where" list settled_ms ms "<= 300 ms"
	beside "first paint, $where" list paint B ""
	[ "$size" = "24 80" ] && most="<= 450 B" || most=""
	row "list move, $where" "$(field key list) B" htop "$(field key htop 2>/dev/null) B" "$most"
	row "list move, $where" "$(field key list) B" tig "$(field key tig 2>/dev/null) B" "$most"
	row "list move, $where" "$(field key list) B" lnav "$(field key lnav 2>/dev/null) B" "$most"
	row "typed character, $where" "$(field key typed) B" weechat "$(field key weechat 2>/dev/null) B" "<= 16 B"
	[ "$size" = "24 80" ] && row "idle CPU of the engine in 10 s, a console attached" "$(idle_engine 10) ms" "" "" "0"
	beside "idle bytes in 5 s, $where" list idle_bytes B "0"
	beside "idle CPU in 5 s, $where" list idle_cpu_ms ms "0"
	beside "resident, $where" list rss_kib KiB "< 20480 KiB"
done
size="24 80"
measure filter / 7 4 $mw # user-7, user-77, ..: each key leaves fewer
row "a key of a filter over $incidents incidents" "$(field key_ms filter) ms" "" "" "<= 50 ms"
row "resident with $incidents incidents" "$(field rss_kib filter) KiB" "" "" "< 20480 KiB"

# An answer that comes into a long chat against one that comes into an empty one: the cost may not grow with the chat.
measure empty 'a' 'how many events\r' 3 $mw attach
turns=${BENCH_TURNS:-5000}
if [ -x "$build/tests/flow/tool_asks" ]; then
	"$build/tests/flow/tool_asks" "$work/state/engine.sock" 1 "$turns" --session main "how many events" >/dev/null 2>"$work/err" ||
		head -n 1 "$work/err" >&2
fi
measure long 'a' 'how many events\r' 3 $mw attach
row "an answer into a chat of $turns questions" "$(field key long) B, $(field key_ms long) ms" "ours, empty" "$(field key empty) B, $(field key_ms empty) ms" "the same"
row "resident with that chat" "$(field rss_kib long) KiB" "" "" "< 20480 KiB"
