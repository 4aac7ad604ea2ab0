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
