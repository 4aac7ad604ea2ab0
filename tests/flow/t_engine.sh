#!/usr/bin/env bash
# The private engine's life: started by the first client, joined by the second, refused where it is not private, stopped.
. "$(dirname "$0")/lib.sh"

ok "the first command starts an engine" run engine status
pid=$(engine_pid)
ok "the second one joins it" [ "$(engine_pid)" = "$pid" ]
ok "state is 0700, the socket 0600" [ "$(stat -c %a "$S") $(stat -c %a "$S/engine.sock")" = "700 600" ]
ok "state.db is 0600" [ "$(stat -c %a "$S/state.db")" = 600 ]
ok "a second engine is refused" says "an engine holds" "$MW_BUILD/midwatchd" --state "$S"
if says "off in this build" run engine status; then
	echo "skipped: the sandbox is off in a build with sanitizers or coverage"
else
	ok "what a worker may not do, it cannot" run doctor
fi
ok "the engine's memory is closed to others of the same user" fails cat "/proc/$pid/mem"
ok "versions" says "protocol 1" run version
ok "an unknown command gets a hint" says 'did you mean "engine"' run engin
ok "wrong usage is exit status 2" status 2 run engine fly
ok "--help names no folder to fill" status 2 "$MW_BUILD/midwatchd" demo-data --help
ok "what is not there is exit status 3" status 3 run case INC-99
ok "a wrong id is exit status 1" status 1 run case twelve
ok "config check is good without a file" says "the defaults hold" run config check
printf 'engine:\n  idel: 5m\n' >"$S/bad.yaml"
chmod 600 "$S/bad.yaml"
ok "config check names line and nearest key" says 'bad.yaml:2: unknown key "engine.idel"; did you mean "engine.idle"' run config check "$S/bad.yaml"
ok "a broken configuration is fatal for what needs it" status 2 run --config "$S/bad.yaml" queue
ok "a flag wins over environment" says '"7m"  # from a flag' run --idle 7m config show
ok "paths" says "$S/engine.log" run paths
printf 'engine:\n  log: debug\n' >"$S/good.yaml"
chmod 600 "$S/good.yaml"
ok "stop ends it" run engine stop
ok "and it is gone" says "no engine runs" run engine stop
chmod 750 "$S"
ok "a state directory that others may use is refused" says "run: chmod 0700" run engine status
chmod 700 "$S"
ok "a support bundle" run support-bundle "$S/bundle.txt"
ok "is 0600" [ "$(stat -c %a "$S/bundle.txt")" = 600 ]
ok "and does not overwrite" status 1 run support-bundle "$S/bundle.txt"

# kill -9: the next client finds a good state and an engine of its own
run call session.put '{"session":"s","ui":{"draft":"kept"}}' >/dev/null
kill -9 "$(engine_pid)"
ok "after kill -9 the next command has an engine" run engine status
ok "and what was acknowledged" says '"draft":"kept"' run call session.get '{"session":"s"}'

# a client that comes while the engine leaves gets the next one
reset=0
for _ in $(seq 20); do
	run engine stop >/dev/null &
	run queue >/dev/null 2>"$S/reset" || { reset=$((reset + 1)); cat "$S/reset"; }
	wait $!
	run queue >/dev/null 2>"$S/reset" || { reset=$((reset + 1)); cat "$S/reset"; }
done
ok "stop and start at once, twenty times: none is refused" [ "$reset" = 0 ]

# the same over stdin and stdout, as --engine ssh:// runs it
mkdir -p "$S/bin"
cat >"$S/bin/ssh" <<END
#!/bin/sh
exec "$mw" --state "$S" proxy
END
chmod 755 "$S/bin/ssh"
ok "an engine behind ssh" env PATH="$S/bin:$PATH" "$mw" --engine ssh://analyst@far:22 engine status
ok "an ssh option is no host" fails env PATH="$S/bin:$PATH" "$mw" --engine "ssh://-oProxyCommand=x" engine status

# a team's engine
"$MW_BUILD/midwatchd" --state "$S/team" --listen "$S/team.sock" 2>"$S/team.log" &
team=$!
for _ in $(seq 200); do [ -S "$S/team.sock" ] && break; sleep 0.02; done
ok "midwatchd --listen serves its own user" "$mw" --engine "unix:$S/team.sock" engine status
kill "$team"
wait "$team"
ok "and it ends on SIGTERM with status 0" [ $? = 0 ]
