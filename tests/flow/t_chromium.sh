#!/usr/bin/env bash
# What leaves as HTML, in a real browser: no script error, no request leaves the page, it prints on A4 and Letter.
. "$(dirname "$0")/lib.sh"
browser=$(command -v chromium || command -v chromium-browser)
if [ -z "$browser" ]; then
	echo "skipped: no chromium"
	echo "ok drafts in a browser (skipped)"
	exit 0
fi
exec 3> >("$MW_BUILD/tests/flow/tool_proxy" "$S/requests" >"$S/port")
for _ in $(seq 200); do [ -s "$S/port" ] && break; sleep 0.02; done
open_page() { # page, other options: writes requests and console
	: >"$S/requests"
	timeout 90 nice "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$S/profile" --no-first-run --disable-component-update \
		--disable-background-networking --disable-sync --proxy-server="127.0.0.1:$(cat "$S/port")" --enable-logging=stderr "${@:2}" "file://$1" \
		>"$S/dom" 2>"$S/console" </dev/null
}
outside() { # what was asked that the browser does not ask for itself
	grep -vE '(google|googleapis|gvt1|gstatic|chrome|chromium)[a-z.]*\.(com|org)|^$' "$S/requests"
}
printf '<img src="http://beacon.example/a"><script>throw new Error("here")</script>' >"$S/bad.html"
open_page "$S/bad.html" --dump-dom
ok "the test sees a request" says beacon.example outside
ok "and a script error" says "Uncaught Error: here" grep CONSOLE "$S/console"

finding 1 'x <img src=http://beacon.example/i onerror=alert(1)> ![p](http://beacon.example/m) <script src=http://beacon.example/s></script>' 'role"><b>' 203.0.113.1 |
	sed 's/role"><b>/role\\"><b>/' >"$S/f.jsonl"
run import "$S/f.jsonl" >/dev/null 2>&1
ok "a hostile incident" until_queue 1
run report INC-1 >/dev/null 2>&1
run handoff >/dev/null 2>&1
printf '#!/bin/sh\nprintf "\\n- ![p](http://beacon.example/n) [l](http://beacon.example/l) <img src=http://beacon.example/o>\\n" >>"$1"\n' >"$S/editor"
chmod 700 "$S/editor"
for doc in 1 2; do
	EDITOR="$S/editor" run report edit $doc >/dev/null 2>&1
	run report export $doc --format html --output "$S/$doc.html" 2>/dev/null
	open_page "$S/$doc.html" --dump-dom
	ok "document $doc is drawn" says "<svg" cat "$S/dom"
	ok "document $doc asks for nothing" [ -z "$(outside)" ]
	ok "document $doc has no script error" fails grep -q CONSOLE "$S/console"
	for size in A4 letter; do
		sed "s/@page{/@page{size:$size;/" "$S/$doc.html" >"$S/$size.html"
		open_page "$S/$size.html" --print-to-pdf="$S/$size.pdf" --no-pdf-header-footer
		[ $size = A4 ] && box='594\.|595' || box='612 792'
		ok "document $doc prints on $size" grep -aqE "MediaBox \[0 0 ($box)" "$S/$size.pdf"
	done
done
open_page "$S/1.html" --screenshot="$S/page.png" --window-size=1000,1400
ok "a picture of it can be taken" [ -s "$S/page.png" ]
[ -z "${MW_PICTURE:-}" ] || cp "$S/page.png" "$MW_PICTURE"
exec 3>&-
