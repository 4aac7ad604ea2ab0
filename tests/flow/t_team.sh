#!/usr/bin/env bash
# An engine for a team: the kernel says who calls, groups say what they may.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
	echo "skipped: other users can only be played by root"
	echo "ok team engine (skipped)"
	exit 0
fi
T=$(mktemp -d /tmp/mw-team.XXXXXX)
chmod 755 "$T"
cp "$mw" "$T/midwatch" # the build's folder may be closed to others
trap 'kill "$team" 2>/dev/null; rm -rf "$T"' EXIT
user=$(getent passwd | awk -F: '$3 > 0 && $3 < 1000 { print $1; exit }')
uid=$(id -u "$user")
ugroup=$(id -gn "$user")
config() { # role
	printf 'roles:\n  %s: [%s]\n' "$1" "$ugroup" >"$T/config.yaml"
	chmod 600 "$T/config.yaml"
}
as() {
	HOME=$T/home XDG_STATE_HOME=$T/home XDG_CONFIG_HOME=$T/home setpriv --reuid="$uid" --regid="$ugroup" --clear-groups \
		"$T/midwatch" --engine "unix:$T/sock" "$@"
}
config read
"$MW_BUILD/midwatchd" --state "$S/t" --listen "$T/sock" --config "$T/config.yaml" 2>"$S/team.log" &
team=$!
for _ in $(seq 200); do [ -S "$T/sock" ] && break; sleep 0.02; done
admin() {
	"$mw" --engine "unix:$T/sock" "$@"
}
ok "a reader reads" as queue
ok "but does not write notes" says "incident.note needs the role analyst; you have read" as call incident.note '{"id":"INC-1","text":"x"}'
ok "nor stops the engine" says "engine.stop needs the role analyst" as engine stop
config analyst
ok "the admin reloads" admin engine reload
ok "an analyst may write" says "no incident INC-1" as call incident.note '{"id":"INC-1","text":"x"}'
ok "but not read the audit log" says "audit.list needs the role lead" as call audit.list '{}'
ok "nor stop a team's engine" says "only an admin" as engine stop
config lead
ok "reload" admin engine reload
ok "a lead reads the audit log" as call audit.list '{}'
printf 'roles:\n  read: [no-such-group]\n' >"$T/config.yaml"
ok "reload" admin engine reload
ok "who is in no group is told so" says "is in none of the groups" as queue
ok "sessions are the caller's own" says '"turns":[]' admin call session.get '{"session":"s"}'
config lead
printf 'zebra: 1\n' >"$T/config.yaml"
ok "a broken configuration is not taken" says "unknown key" admin engine reload
ok "and the old one goes on" says "is in none of the groups" as queue

# two persons: an approval that needs another, and a shift that is handed over
config analyst
ok "reload" admin engine reload
findings 3 | sed "s/UnauthorizedAccess:IAMUser.InstanceCredentialExfiltration.OutsideAWS/Policy:S3\/BucketNotice/; s/\"accessKeyDetails\":{[^}]*},//; s/\"resourceType\":\"AccessKey\",\"accessKeyDetails\":{[^}]*}/\"resourceType\":\"Other\"/" >"$T/f.jsonl"
chmod 644 "$T/f.jsonl"
admin import "$T/f.jsonl" >/dev/null 2>&1
for _ in $(seq 200); do [ "$(admin queue | grep -c '^INC-')" -ge 3 ] && break; sleep 0.05; done
ok "three incidents" [ "$(admin queue | grep -c '^INC-')" = 3 ]
as case INC-1 claim >/dev/null
as case INC-1 note "think: it was me" >/dev/null
as case INC-2 claim >/dev/null
ok "an analyst drafts their own handoff" says "think: it was me" as handoff --for me
as handoff >/dev/null 2>&1
ok "and signs it" says "INC-2" as handoff sign 2
ok "the owner is still theirs" says "$user -> ?" admin queue
ok "who signed does not accept" says "you signed it" as handoff accept 2 INC-1
ok "who comes does, item by item" says "INC-1 is yours" admin handoff accept 2 INC-1
ok "and owns it" says '"owner":"'"$(id -un)"'"' admin call queue.list '{"filter":"owner:me"}'
ok "not the other one" fails says "INC-2" admin queue --filter owner:me
as case INC-2 assign somebody >/dev/null
ok "what moved on meanwhile is not taken" says "it is somebody's now" admin handoff accept 2 --all
ok "what is left is listed" says "INC-3     nobody -> $(id -un)" admin handoff show 2
ok "an analyst asks" says "A-1" as action propose INC-1 1
digest() { # action
	admin call action.get "{\"action\":\"$1\"}" | sed 's/.*"digest":"\([0-9a-f]*\)".*/\1/'
}
ok "another may approve what needs nobody in particular" says "done" admin action approve A-1 "$(digest A-1)" INC-1
two=$(admin playbook INC-3 | awk '$4 == "lead" && !/off:/ { print $1; exit }')
ok "a step needs a lead" [ -n "$two" ]
if [ -n "$two" ]; then
	ok "a step for a lead is proposed" says "A-2" as action propose INC-3 "$two"
	word=$(admin action show A-2 | awk '$1 == "word" { print $2 }')
	ok "not approved by an analyst" says "it needs a lead" as action approve A-2 "$(digest A-2)" "$word"
	config lead
	ok "reload" admin engine reload
	ok "nor by the one who asked, lead or not" says "asked by you" as action approve A-2 "$(digest A-2)" "$word"
	ok "but by the second person" says "done" admin action approve A-2 "$(digest A-2)" "$word"
fi
