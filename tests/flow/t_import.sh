#!/usr/bin/env bash
# An import as its user sees it: a large tree is one import, what was set aside can be read again.
. "$(dirname "$0")/lib.sh"

mkdir "$S/tree"
for i in $(seq 450); do
	printf '{"eventSource":"iam.amazonaws.com","eventName":"ListUsers","eventID":"e-%s","eventTime":"2024-01-01T00:00:00Z"}\n' "$i" >"$S/tree/f$i.json"
done
printf '192.0.2.7 - - [10/Oct/2023:13:55:36 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8"\nnonsense\n' >"$S/tree/access.log"
iconv -f UTF-8 -t UTF-16 <<<'{"eventSource":"iam.amazonaws.com","eventName":"ListRoles","eventID":"wide","eventTime":"2024-01-01T00:00:00Z"}' >"$S/tree/wide.json"
ok "a tree of more files than a message takes" says "files 452, unreadable 0, events 452, duplicates 0, rejected 1" run import --label tree "$S/tree"
ok "is one import" [ "$(run import --list | wc -l)" = 1 ]
ok "with the sum of all" says "tree  452 events, 0 duplicates, 1 rejected" run import --list
ok "UTF-16 is read" says '"wide"' run search --json api.operation=ListRoles
ok "a web access log is read" says "1 row in" run search http_request.user_agent=curl/8
ok "what was set aside is listed" says "access.log:2: no syslog" run import --rejected
ok "and tried again" says "1 records read again: 0 events, 0 there already, 1 still set aside" run import --retry
ok "it still stands there once" [ "$(run import --rejected | wc -l)" = 1 ]
ok "one undo takes all of it" says "452 events removed" run import --undo 1

# over ssh the files' bytes travel; the ssh here runs the far command on this machine
mkdir "$S/bin" "$S/far"
chmod 700 "$S/far"
cat >"$S/bin/ssh" <<END
#!/bin/sh
while [ "\$1" != midwatch ]; do shift; done
shift
exec "$mw" --state "$S/far" "\$@"
END
chmod 755 "$S/bin/ssh"
far() { PATH=$S/bin:$PATH "$mw" --engine ssh://far "$@"; }
lines "$S/large.jsonl" 30000
ok "an import over ssh" says "events 30000, duplicates 0" far import "$S/large.jsonl"
ok "of a whole tree" says "events 452, duplicates 0, rejected 1" far import "$S/tree"
ok "of a pipe" says "events 1, duplicates 0" far import <(printf '{"eventSource":"iam.amazonaws.com","eventName":"OverPipe","eventID":"p-1","eventTime":"2024-01-01T00:00:00Z"}\n')
ok "is asked about there" says "30453" far ask "how many events are there"
ok "what is no message is refused" says "no message" bash -c "printf '#nonsense\n' | '$mw' --state '$S/far' proxy"
"$mw" --state "$S/far" engine stop >/dev/null 2>&1
