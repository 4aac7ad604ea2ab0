#!/usr/bin/env bash
# Closing: verdict and reason, a preview for each system, and many at once as one reviewed step that can be stopped and gone on with.
. "$(dirname "$0")/lib.sh"
export MW_APPROVAL_EXPIRES=2s
findings 60 >"$S/f.jsonl"
run import "$S/f.jsonl" >/dev/null 2>&1
ok "sixty incidents" until_queue 60

ok "no verdict of that name" says 'did you mean "duplicate"' run case INC-1 close duplicat x
ok "no reason, no close" says "needs a reason" run case INC-1 close duplicate " "
ok "a review changes nothing" says "nothing runs" run bulk close benign_positive "our scanner" INC-1 INC-2
ok "it says what each system gets" says 'guardduty: finding archived, feedback USEFUL (not written: no target "guardduty" is configured' \
	run bulk close benign_positive "our scanner" INC-1 INC-2
ok "nothing was closed" says "hidden: 0 suppressed, 0 snoozed, 0 closed" run queue
digest() { # bulk
	run call bulk.get "{\"bulk\":$1}" | sed 's/.*"digest":"\([0-9a-f]*\)".*/\1/'
}
ok "another digest is not run" says "not what was reviewed" run bulk run 1 00
run case INC-2 note "something new" >/dev/null
run bulk run 1 "$(digest 1)" >/dev/null
until_bulk() { # bulk, text
	for _ in $(seq 300); do
		run bulk show "$1" | grep -qF "$2" && return 0
		sleep 0.05
	done
	run bulk show "$1"
	return 1
}
ok "it runs to its end" until_bulk 1 "bulk 1 done: 1 done, 1 failed, 0 open"
ok "each item has its result" says "INC-2     failed INC-2 was changed since the review" run bulk show 1
ok "what is closed is not reviewed again" says "INC-1 is closed already" run bulk close duplicate x INC-1
ok "it does not run twice" says "it is done already" run bulk run 1 "$(digest 1)"

# forty at a limited rate, cut by kill -9: the rest is closed afterwards, nothing twice
ids=$(seq -f 'INC-%.0f' 3 42)
run bulk close false_positive_logic "the rule is too wide" $ids >/dev/null
D=$(digest 3)
run bulk run 3 "$D" >/dev/null
run bulk show 3 >"$S/part"
ok "it takes its time" fails grep -q " 40 done" "$S/part"
kill -9 "$(engine_pid)"
ok "a new engine has it stopped" says "bulk 3 stopped" run bulk show 3
ok "and goes on" says "bulk 3 running" run bulk run 3 "$D"
ok "to its end" until_bulk 3 "bulk 3 done: 40 done, 0 failed, 0 open"
ok "each was closed once" [ "$(run call audit.list '{"limit":500}' | grep -o '"action":"incident.close"' | wc -l)" = 41 ]
run bulk close duplicate "later" $(seq -f 'INC-%.0f' 43 60) >/dev/null
run bulk run 4 "$(digest 4)" >/dev/null
ok "a running one is stopped" says "bulk 4 stopped" run bulk stop 4

# actions: expired when their time has come, and lapsed where their incident is merged away
run action propose INC-2 1 >/dev/null
expired() {
	for _ in $(seq 100); do
		run call audit.list '{"limit":5}' | grep -q '"action":"action.expired"' && return 0
		sleep 0.1
	done
	return 1
}
ok "an action expires by itself" expired
ok "and is not approved" says "it is expired already" run action approve A-1 00 INC-2
run action propose INC-2 1 >/dev/null
run case INC-60 merge INC-2 >/dev/null
ok "what is open of a merged incident lapses" says "merged into INC-60: propose it there" run case INC-60
ok "and is not approved" says "it is lapsed already" run action approve A-2 00 INC-2
ok "the step can be proposed anew" says "A-3" run action propose INC-60 1
ok "the chain holds" says '"ok":true' run call audit.verify
