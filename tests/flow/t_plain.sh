#!/usr/bin/env bash
# 1.4: what the screen does, --plain does: a shift of its own in lines. Entries are chosen by name, as a reader hears them.
. "$(dirname "$0")/lib.sh"
findings 6 >"$S/f.jsonl"
lines "$S/a.jsonl" 2000
run import "$S/f.jsonl" "$S/a.jsonl" >/dev/null 2>&1
ok "six incidents" until_queue 6
plain() { # lines typed
	printf '%s\n' "$@" quit | run --plain >"$S/plain.out" 2>&1
}
heard() {
	grep -qF -- "$1" "$S/plain.out" || { tail -n 20 "$S/plain.out"; return 1; }
}
plain group 3 assign ana status wait
ok "headings with their counts" heard "owner unknown, 6 incidents"
ok "assigned" says "ana" run queue
plain open pin e1 "the first" unpin e1 watch 9h "who used 203.0.113.1" watches back
ok "a watch is set" heard "who used 203.0.113.1"
ok "pinned and unpinned" [ "$(grep -c 'Done\.$' "$S/plain.out")" -ge 4 ]
plain open "top 3 users" "export the last answer" csv "$S/answer.csv" "the query as it was sent" "export the timeline" markdown "$S/timeline.md"
ok "an answer and a timeline are files" [ -s "$S/answer.csv" ] && [ -s "$S/timeline.md" ]
ok "the query as it was sent" heard "lake: "
plain "hide others like it" 1d "known scanner" "Credentials used from outside, 6*" high "what is hidden"
ok "hidden with owner, reason and end" heard "Done."
ok "which rule hides it" says "known scanner" run suppress list
plain "close many" "INC-1 INC-2" benign_positive planned no
ok "any other word closes nothing" heard "Nothing was closed."
plain "close many" "INC-1 INC-2" benign_positive planned close
ok "two are closed after the review" heard "Bulk 2 runs"
closed() {
	for _ in $(seq 100); do
		plain bulk 2
		heard "2 done" && return 0
		sleep 0.05
	done
	return 1
}
ok "the bulk tells its results" closed
plain handoff "sign a handoff" 1 ana "show a handoff" 1
ok "a handoff is signed" heard "not accepted"
plain :"case INC-3" ":nonsense"
ok "a colon runs a command" heard "INC-3"
ok "an unknown command is said" heard 'no command "nonsense"'
printf '%s\n' assign mallory quit | run --plain --read-only >"$S/plain.out" 2>&1
ok "read-only says that it does not" heard "Not done: this console was started read-only."
ok "and changes nothing" fails says mallory run queue
