# The first-run path of the README: the top incident, a question, its timeline, a record, a follow-up, an export. The picture of the
# README is a dump of this run (MW_PICTURE=FILE keeps it).
. "$(dirname "$0")/lib.sh"
demo
cd "$MW_WORK" || exit 1
rm -f firstrun.md
picture=${MW_PICTURE:-$MW_WORK/picture.txt}
vt "first run: incident, question, timeline, evidence, follow-up, export (7.2)" <<X
deadline 20000
run MW
expect Role key of web-07 used outside AWS
key Enter
expect CONTAINED
expect Next
settle
dump $picture
key a
type show me all related activity for this compromised EC2 instance
key Enter
expect you  show me all related activity
expect data reaches
key Esc
expect t timeline
key t
expect > timeline
expect events
settle
key /
type GetObject
key Enter
expect filter GetObject
key Enter
expect sha256
expect record
key Esc
expect filter GetObject
key Esc
absent filter GetObject
key Esc
expect t timeline
absent > timeline
key a
type and only what was denied
key Enter
expect you  and only what was denied
expect 2 questions
absent running
key Esc
expect t timeline
key x
expect Export as
key 1
expect write to
key Ctrl-U
type firstrun.md
key Enter
expect written: firstrun.md
key q
exit 0
restored
X
if [ -s firstrun.md ] && [ "$(stat -c %a firstrun.md)" = 600 ]; then
	echo "ok the export is a file of the analyst's, 0600"
else
	echo "not ok the export is a file of the analyst's, 0600"
	failed=1
fi
vt "the same on a line of 9,600 bytes a second with 300 ms (31)" <<'X'
deadline 60000
run MW
slow 9600 300
expect Role key of web-07 used outside AWS
key Enter
expect CONTAINED
key t
expect events  UTC
key /
type GetObject
key Enter
expect filter GetObject
key Enter
expect sha256
key Esc
expect filter GetObject
key Esc
absent filter GetObject
key Esc
expect Next
key Esc
expect Queue
key q
exit 0
restored
X
exit $failed
