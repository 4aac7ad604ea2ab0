#!/usr/bin/env bash
# Drafts over the real engine: what a handoff says, versions, and that only what still holds leaves.
. "$(dirname "$0")/lib.sh"
findings 12 >"$S/f.jsonl"
run import "$S/f.jsonl" >/dev/null 2>&1
ok "twelve incidents" until_queue 12

# a night's work
run case INC-1 claim >/dev/null
run case INC-1 note "think: outsider with the key of role-1" >/dev/null
run case INC-1 note "ruled out: no other key, see password=hunter2" >/dev/null
run case INC-1 note "next: payments to answer, by 12:00" >/dev/null
run case INC-1 pin ev:1 >/dev/null
run case INC-2 close benign_positive "a test of ours" >/dev/null
run watch add --until 9h --incident INC-1 "all events of role-1" >/dev/null
run suppress add --until 2h --owner vuln-team --reason "CHG-88121" rule=no-such-rule >/dev/null
run action propose INC-1 1 >/dev/null
ok "a question that came back empty" says "" run ask --incident INC-1 "failed console logins of role-1 yesterday"
start=$(date +%s%N)
run handoff >"$S/h.md" 2>"$S/h.err"
took=$((($(date +%s%N) - start) / 1000000))
ok "a handoff of 12 incidents in under 1 s ($took ms)" [ "$took" -lt 1000 ]
has() { # text: stands in the handoff
	grep -qF -- "$1" "$S/h.md" || { echo "no \"$1\" in"; cat "$S/h.md"; return 1; }
}
ok "what is thought" has "- think: outsider with the key of role-1"
ok "ruled out" has "- ruled out: no other key"
ok "secrets are masked" fails grep -q hunter2 "$S/h.md"
ok "the next step, by whom and when" has "- next: payments to answer, by 12:00"
ok "what was closed, and why" has "verdict: benign_positive; reason: a test of ours"
ok "who waits for whom" has "- approval A-1, INC-1"
ok "watches" has "all events of role-1"
ok "what is hidden" has "because CHG-88121"
ok "where the floor was blind" has "## Blind"
ok "per analyst" has "| nobody | 10 |"
ok "what was done" has "noted INC-1"
ok "one analyst's own" fails says "INC-3" run handoff --for me
ok "which names theirs" says "INC-1" run handoff --for me
ok "a report has its three sections" [ "$(run report INC-1 2>/dev/null | grep -cE '^## (Asset inventory|Identity logs|Network flows)$')" = 3 ]

# versions, $EDITOR
cat >"$S/editor" <<'END'
#!/bin/sh
{ echo; echo '- It came in through the VPN.'; echo '- The address 198.51.100.99 was seen before.'; echo '- From 203.0.113.1 [e1].'; } >>"$1"
END
chmod 700 "$S/editor"
ok "the editor makes a version" says "kept as version 2" env EDITOR="$S/editor" "$mw" --state "$S" report edit 1
ok "an editor that changes nothing makes none" says "nothing was changed" env EDITOR=true "$mw" --state "$S" report edit 1
ok "the first one is still there" fails says "through the VPN" run report show 1 --version 1
ok "documents are listed" says "   1 v2   handoff" run report list

# what leaves
leaves() { # what has to stand in the export of document 1
	run report export 1 >"$S/x.md" 2>&1
	grep -qF -- "$1" "$S/x.md" || { cat "$S/x.md"; return 1; }
}
ok "a person's sentence leaves, marked" leaves "- It came in through the VPN. _(written by $(id -un); cites no record)_"
ok "one that its record has leaves" leaves "- From 203.0.113.1 [e1]. _(written by $(id -un))_"
ok "a name without a record does not" fails leaves 198.51.100.99
ok "and that is said" leaves "names what only a record can know, and cites none"
ok "records stand with their hashes" leaves "| [e1] | guardduty | "
run case INC-1 status work >/dev/null
run case INC-3 claim >/dev/null
ok "what has changed since is said" leaves "**(changed since it was drafted)**"
ok "as HTML it is one page" says "Content-Security-Policy" run report export 1 --format html
ok "with a drawing" says "<svg" run report export 1 --format html
ok "no other format" says "leaves as markdown or html" run report export 1 --format csv
ok "a file of 0600" run report export 1 --format html --output "$S/x.html"
ok "it is" [ "$(stat -c %a "$S/x.html")" = 600 ]
run call lake.drop '{}' >/dev/null
ok "evidence that has vanished is said" leaves "is gone: not in the lake any more, and not pinned"
ok "what is pinned stays" leaves "| [e1] |"
