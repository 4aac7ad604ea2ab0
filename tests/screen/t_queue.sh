# The queue as a shift works it (1.2): bursts, merge and un-merge, snooze and back, sort, structured filter, ticks, close with a
# verdict; three columns on a wide screen.
. "$(dirname "$0")/lib.sh"
demo
cd "$MW_WORK" || exit 1
vt "merge the ticked ones, un-merge from the card" <<'X'
deadline 20000
run MW
expect Role key of web-07
key /
type src:c
key Enter
expect filter src:c
key Home Space Space
expect 2 ticked
key m
expect and 1 more
type merge the
key Enter
expect merged 1 into
key Home
key Enter
expect CONTAINED
key m
type un-merge
key Enter
expect Which incident is taken out again?
key 1
expect is an incident of its own again
key Esc
settle
key q
exit 0
X
vt "snooze hides, H lists it, and it comes back" <<'X'
deadline 20000
run MW
expect Role key of web-07
key m
type snooze
key Enter
expect snooze for
key Enter
expect snoozed until
expect hidden 1
absent Role key of web-07
key H
expect HIDDEN ones
expect Role key of web-07
key m
type back to the queue
key Enter
expect back in the queue
expect Nothing is hidden
key H
expect Role key of web-07
key q
exit 0
X
vt "a new critical rings once and waits behind r; nothing moves" <<X
env MW_BELL=yes
deadline 20000
run MW
expect Role key of web-07
key m
type snooze
key Enter
expect snooze for
key Enter
expect hidden 1
absent Role key of web-07
lacks \\x07
sh $mw call incident.update '{"id":"INC-1","snooze_until":"2020-01-01T00:00:00Z"}' >/dev/null
expect 1 new: r shows
never Role key of web-07
has \\x07
key r
expect Role key of web-07
absent 1 new
key q
exit 0
X
vt "sort goes round, structured filter with several terms, unknown field is said" <<'X'
run MW
expect sort score
key s
expect sort sla
key s s s s s s s
expect sort score
key /
type sev:h,m src:w !bucket
expect filter sev:h,m src:w !bucket
absent Role key of web-07
absent Bucket policy
expect Brute force
key Enter
key /
key Ctrl-U
type colour:red
key Enter
expect is no field of the queue
key Esc
expect filter none
key q
exit 0
X
vt "close asks verdict, reason, note; it is hidden then and can be opened again" <<'X'
deadline 20000
run MW
expect Role key of web-07
key End
key m
type close
key Enter
expect verdict
key 2
expect reason
type planned work
key Enter
expect note
type checked with the owner
key Enter
expect Written to
expect checked with the owner
expect Enter closes it
key Enter
expect done: 1 done, 0 failed, 0 open
key Esc
expect hidden 1
key H
expect HIDDEN ones
expect close
key m
type back to
key Enter
expect open again
key q
exit 0
X
burst() {
	for i in $(seq 0 39); do
		src=10.20.4.15 sev=2
		[ "$i" != 17 ] || src=10.20.9.71
		[ "$i" != 23 ] || sev=4
		printf '{"class_uid":2004,"category_uid":2,"activity_id":1,"time":%s000,"severity_id":%s,"metadata":{"version":"1.1.0","uid":"off-%d","product":{"name":"fw","vendor_name":"Acme"}},"finding_info":{"uid":"off-%d","title":"Excessive firewall denies from %s to 10.77.%d.%d"},"resources":[{"uid":"host-%d","name":"host-%d"}]}\n' \
			"$(($(date +%s) - 900 + 10 * i))" $sev "$i" "$i" $src "$i" $((i + 3)) "$i" "$i"
	done
}
burst >burst.jsonl
$mw import burst.jsonl >/dev/null 2>&1 </dev/null
$mw call incident.refresh {} >/dev/null 2>&1 </dev/null
vt "a burst of one rule is one row with its common part, the odd ones on top" <<'X'
deadline 20000
run MW
expect Role key of web-07
key /
type denies
key Enter
expect 38 x Excessive firewall denies
key q
exit 0
X
# Whether the correlation made one incident of them or forty, the analyst sees one row with what they share, and the odd two.
vt "the burst opens, its odd ones first, with the reason" <<'X'
deadline 20000
run MW
expect Role key of web-07
key /
type denies
key Enter
expect 38 x Excessive firewall denies
key End
expect Excessive firewall denies from 10.20.4.15 to *
key Enter
expect 10.20.9.71, the others 10.20.4.15
key Esc
expect Queue
key q
exit 0
X
vt "several are closed by the word, on review, with a result each" <<'X'
deadline 20000
run MW
expect Role key of web-07
key /
type sev:i
key Enter
expect filter sev:i
key Home Space Space Space
expect 3 ticked
key m
type close
key Enter
expect verdict
key 4
expect reason
type test data
key Enter
expect review of 3
key Enter
expect Close 3 incidents as false_positive_data
key Enter
expect nothing was closed
key Enter
expect type close to close these 3
type close
key Enter
expect done: 3 done, 0 failed, 0 open
key q
exit 0
X
vt "three columns from 160 on: queue, where one came from, where one is" <<'X'
size 40 180
deadline 20000
run MW
expect Role key of web-07
key Enter
expect CONTAINED
key 1
expect data reaches
expect CONTAINED
row 1 chat
resize 24 80
absent CONTAINED
expect > chat
key Esc
expect CONTAINED
key q
exit 0
X
exit $failed
