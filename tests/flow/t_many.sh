#!/usr/bin/env bash
# Many consoles on one engine while an import runs: no error, no answer later than twice its fair share, and every screen says the same.
. "$(dirname "$0")/lib.sh"
consoles=6 screens=2 times=20 # so many of the consoles are real ones in terminals, the others speak the protocol
[ -z "${MW_LONG:-}" ] || { consoles=30 screens=6 times=50; }
command -v tmux >/dev/null || screens=0
n=$((consoles - screens))
export LC_ALL=C.UTF-8
findings 40 >"$S/f.jsonl"
lines "$S/a.jsonl" 30000
lines "$S/b.jsonl" 300000
# What is imported meanwhile is of other people and addresses, so that the questions stay as large as they were.
sed -i 's/00000000-0000/11111111-0000/; s/"userName":"u/"userName":"v/; s/198.51.100/203.0.113/' "$S/b.jsonl"
sed 's/11111111-0000/22222222-0000/' "$S/b.jsonl" >"$S/c.jsonl"
run import "$S/f.jsonl" "$S/a.jsonl" >/dev/null 2>&1
ok "forty incidents" until_queue 40
T() { tmux -L "mw-many-$$" "$@"; }
trap 'T kill-server 2>/dev/null; kill "$importer" 2>/dev/null; run engine stop >/dev/null 2>&1' EXIT
asks() { # consoles
	"$MW_BUILD/tests/flow/tool_asks" "$S/engine.sock" "$1" "$times" "how many events by user u7" "top 5 users" "all events by user u9" \
		"events from 198.51.100.8" "count events by hour"
}
figure() { sed -n "s/.* $1 \([0-9.]*\).*/\1/p" "$S/$2"; }
importing() { # file: an import that goes on while the others ask
	run import "$1" >/dev/null 2>&1 &
	importer=$!
}
importing "$S/b.jsonl"
one_asks() { asks 1 >"$S/one"; }
ok "one console asks beside an import" one_asks
wait "$importer"
for i in $(seq "$screens"); do T -f /dev/null new-session -d -s "c$i" -x 80 -y 24 "$mw --engine unix:$S/engine.sock"; done
importing "$S/c.jsonl"
asks "$n" >"$S/many" 2>"$S/errors" &
asking=$!
while kill -0 "$asking" 2>/dev/null; do # they scroll meanwhile
	for i in $(seq "$screens"); do T send-keys -t "c$i" Down Down PPage NPage; done
	sleep 0.2
done
wait "$asking"
ok "$consoles consoles ask and scroll without an error" [ $? = 0 ]
sed 's/^/# /' "$S/one" "$S/many" "$S/errors"
wait "$importer"
# The single user's figure of before and after, the later one of as large a lake.
asks 1 >"$S/after"
cores=$(nproc)
one=$(printf '%s\n%s\n' "$(figure p95_ms one)" "$(figure p95_ms after)" | sort -n | tail -n 1)
share=$(awk -v one="$one" -v n="$n" -v c="$cores" 'BEGIN { printf "%.1f", one * n / (c < n ? c : n) }')
if awk -v c="$cores" '{ exit !($1 > 2 * c) }' /proc/loadavg; then
	echo "skipped: p95 $(figure p95_ms many) ms, fair share $share ms: not judged, others load this machine ($(cut -d' ' -f1 /proc/loadavg))"
else
	ok "p95 $(figure p95_ms many) ms is within twice the fair share of $share ms" \
		awk -v p="$(figure p95_ms many)" -v s="$share" 'BEGIN { exit !(p > 0 && p <= 2 * s) }'
fi
same() { # the rows of the queue: what one has read up to is its own
	local deadline=$((SECONDS + 20)) i
	while [ $SECONDS -lt $deadline ]; do
		for i in $(seq "$screens"); do T send-keys -t "c$i" r Home; done
		sleep 0.5
		for i in $(seq "$screens"); do T capture-pane -p -t "c$i" | sed -n '2,20p' | md5sum; done | sort -u >"$S/sums"
		[ "$(wc -l <"$S/sums")" = 1 ] && T capture-pane -p -t c1 | grep -q "Credentials used" && return 0
	done
	for i in 1 2; do T capture-pane -p -t "c$i" | head -n 8; done
	return 1
}
[ "$screens" = 0 ] || ok "$screens screens say the same" same
