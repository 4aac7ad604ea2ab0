#!/usr/bin/env bash
# Files are the client's: the engine opens nothing that is named to it, and what was imported survives kill -9.
. "$(dirname "$0")/lib.sh"

ok "the engine does not open /etc/shadow" says "1 names but 0 descriptors" run call import.start '{"names":["/etc/shadow"]}'
ok "nor a colleague's file" says "descriptors: the client opens what it names" run call import.start '{"names":["/home/colleague/notes.json"]}'
ok "a file that is not there is told by its name" says "nothing-here: No such file" run import "$S/nothing-here"

lines "$S/a.jsonl" 5000
ok "import" says "events 5000, duplicates 0" run import "$S/a.jsonl"
ok "the same again adds nothing" says "events 0, duplicates 5000" run import "$S/a.jsonl"
ok "questions over it" says "5000" run ask "how many events are there"
ok "search by field" says "100 rows in" run search actor.user.name=u7
ok "exactly one JSON object" [ "$(run ask --json "how many events by u7" | wc -l)" = 1 ]
ok "its result" says '"kind":"count","value":100' run ask --json "how many events by u7"
ok "ids of a search are the source's own" says '"00000000-0000-0000-0000-000000000007"' run search --json actor.user.name=u7

# kill -9 at random points of an import: what was acknowledged stays, the same import goes on from there
RANDOM=4711
rounds=4
[ -z "${MW_LONG:-}" ] || rounds=200
lines "$S/b.jsonl" 40000
lost=0
for i in $(seq $rounds); do
	run call session.put "{\"session\":\"k\",\"ui\":{\"round\":$i}}" >/dev/null
	pid=$(engine_pid)
	run ask "top 3 users" >/dev/null 2>&1 &
	run import "$S/b.jsonl" >/dev/null 2>&1 &
	sleep "0.$((RANDOM % 10))"
	kill -9 "$pid" 2>/dev/null
	wait $!
	run call session.get '{"session":"k"}' | grep -q "\"round\":$i" || lost=$((lost + 1))
done
ok "no acknowledged edit is lost in $rounds kills" [ "$lost" = 0 ]
run import "$S/b.jsonl" >"$S/out"
ok "after the kills the import completes" says "40000" run ask "how many events are there"

# a folder that is followed: new files, and what is added to old ones
mkdir "$S/in"
lines "$S/c.jsonl" 300
sed -i 's/00000000-0000/11111111-0000/' "$S/c.jsonl"
timeout -s INT 30 "$mw" --state "$S" import --follow "$S/in" >"$S/follow.out" 2>&1 &
follower=$!
until_says() { # text: waits for it in the follower's output
	for _ in $(seq 150); do
		grep -q "$1" "$S/follow.out" && return 0
		sleep 0.1
	done
	cat "$S/follow.out"
	return 1
}
head -n 100 "$S/c.jsonl" >"$S/in/c.jsonl"
ok "a new file is imported" until_says "events 100,"
cp "$S/c.jsonl" "$S/in/c.jsonl"
ok "what is added to it, too" until_says "events 200, duplicates 100"
kill -INT "$follower"
wait "$follower"

run ask --session export "all events by u7" >/dev/null
job=$(run call job.list '{}' | sed 's/.*"jobs":\[{"job":\([0-9]*\),.*/\1/')
ok "an export is written by the client, 0600" run export --job "$job" --format csv --output "$S/x.csv"
ok "and it is" [ "$(stat -c %a "$S/x.csv")" = 600 ]
ok "it does not overwrite" status 1 run export --job "$job" --format csv --output "$S/x.csv"
kill -9 "$(engine_pid)"
ok "a job's plan outlives the engine" run export --job "$job" --format json --output "$S/x.json"
ok "an undone import is gone" says '"removed":200' run call import.undo "{\"import\":$(run import --list | sed -n 's/^\([0-9]*\) .*200 events.*/\1/p' | tail -n 1)}"

# bounds of the configuration hold after an import; own assets are read, and their mistakes told
run engine stop
lines "$S/d.jsonl" 2000
sed -i 's/2026-01-02/2016-01-02/; s/00000000-0000/22222222-0000/' "$S/d.jsonl"
mkdir "$S/own"
printf 'lake:\n  max_age: 1500d\nassets: %s\n' "$S/own" >"$S/config.yaml"
chmod 600 "$S/config.yaml"
export MW_CONFIG=$S/config.yaml
run import "$S/d.jsonl" >/dev/null
gone() { # text: waits until lake status no longer says it
	for _ in $(seq 150); do
		run lake status | grep -q "$1" || return 0
		sleep 0.1
	done
	return 1
}
ok "what is older than lake.max_age goes" gone 2016-01-02
run engine stop
printf 'concepts: [\n' >"$S/own/lexicon.yaml"
ok "a broken lexicon of the user's is named" says "own/lexicon.yaml" run ask "how many events are there"
rm "$S/own/lexicon.yaml"
ok "and without it all is well" run ask "how many events by u7"
