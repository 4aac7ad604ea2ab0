"""Splunk: what check_twins.py asks of it besides the same rows and the faults."""
import json

from twins.splunk import HEC_TOKEN, TOKEN

OPTIONS = {"polls": 1}


def entry(base, **more):
    return dict({"name": "splunk1", "kind": "splunk", "url": base, "credential": "env:TWIN_SECRET", "_secret": TOKEN, "table": "main", "hec_url": base,
                 "write_credential": "env:TWIN_WRITE", "_write": HEC_TOKEN}, **more)


def canceled(c, t):
    return [x for x in t.log() if x["path"].endswith("/control") and x["form"].get("action") == ["cancel"] and x["status"] == 200]


EVENTS = {"steps": [{"kind": "search", "datasets": ["cloudtrail"], "limit": 400, "from": "2026-11-22T00:00:00Z", "to": "2026-11-24T00:00:00Z"}]}


def pages_and_cancels(c):
    with c.twin("splunk", options={"page": 150, "polls": 3, "busy": 1, "warn": "results might be incomplete"}) as t:
        lines, took, _ = c.connector(entry(t.base), "search", stdin=EVENTS)
        want, gone = c.reference(EVENTS), canceled(c, t)
        shares = [x["progress"]["share"] for x in lines if "progress" in x]
    done = c.of(lines, "done")
    c.say(c.rows_of(lines) == want and 0.5 in shares, "splunk: a job waits its turn, tells its progress, and is paged", (len(c.rows_of(lines)), len(want), done, c.of(lines, "error")))
    c.say(done and done["partial"] and "incomplete" in done["why"] and len(gone) == 1, "splunk: its warning makes the answer partial; the job is cancelled at the end", done)
    with c.twin("splunk", options={"polls": 200}) as t:
        lines, took, _ = c.connector(entry(t.base), "search", stdin=EVENTS, seconds=6)
        gone = canceled(c, t)
    done = c.of(lines, "done")
    c.say(took < 8 and gone and (c.of(lines, "error") or done["partial"]), "splunk: a job that does not end is finalized or given up at the deadline, and cancelled", (took, lines[-2:]))
    with c.twin("splunk", options={"page": 100}) as t:
        lines, took, _ = c.connector(entry(t.base), "search", stdin=EVENTS, cancel_after=50)
        gone = canceled(c, t)
    done = c.of(lines, "done")
    c.say(len(c.rows_of(lines)) == 50 and done["partial"] and gone, "splunk: cancelled by us, it is cancelled there and what came is kept", (done, gone))
    with c.twin("splunk", options={"fail": "Search auto-finalized: disk quota"}) as t:
        lines, _, _ = c.connector(entry(t.base), "search", stdin=EVENTS)
    c.say("disk quota" in (c.of(lines, "error") or {}).get("what", ""), "splunk: a job that fails says why", lines)


def notables(c):
    with c.twin("splunk") as t:
        e = entry(t.base)
        lines, _, err = c.connector(e, "findings")
        found, cursor = [x for x in lines if "finding" in x], c.of(lines, "cursor")
        again, _, _ = c.connector(e, "findings", cursor or "")
        one = found[0]["id"] if found else ""
        stale = dict(id=one, etag="123", status="work")
        conflict, _, _ = c.connector(e, "update", stdin=stale)
        change = dict(id=one, etag="0", status="closed", owner="kim", severity="high", comment="done", verdict="false_positive_logic", idempotency="k-1")
        ok, _, _ = c.connector(e, "update", stdin=change)
        c.connector(e, "update", stdin=change)
        after, _, _ = c.connector(e, "finding", one)
        changed, _, _ = c.connector(e, "findings", cursor or "")
        events, _, _ = c.connector(e, "finding_events", one)
        updates = [x for x in t.log() if x["path"] == "/services/notable_update"]
        strict = [x for x in t.log() if x["strict"]]
    n = after[0]["finding"] if after and "finding" in after[0] else {}
    c.say(len(found) == 5 and not [x for x in again if "finding" in x] and not strict, "splunk: notables come once each, oldest change first", (lines, again, err, strict))
    c.say((c.of(conflict, "error") or {}).get("code") == "conflict", "splunk: a notable that was changed meanwhile is a conflict", conflict)
    c.say(not ok and len(updates) == 1 and n.get("status_label") == "Closed" and n.get("disposition") == "disposition:3" and n.get("owner") == "kim"
          and n.get("comment") == ["done [midwatch k-1]"], "splunk: a change is written once, with its disposition", (ok, updates, n))
    c.say([x["id"] for x in changed if "finding" in x] == [one], "splunk: a changed notable comes again", changed)
    c.say((c.of(events, "done") or {}).get("sent") == 'search index=main sourcetype="aws:cloudtrail" user="o\\"brien" | head 1000' and not c.of(events, "error"),
          "splunk: the events behind a notable are asked by its drilldown search, its values quoted", events[-1:])


def collector(c):
    batch = "\n".join(json.dumps({"time": "2026-11-23T00:00:00Z", "n": i}) for i in range(2500))
    with c.twin("splunk", options={"busy": 1, "ack_polls": 2}) as t:
        lines, _, _ = c.connector(entry(t.base), "ingest", "b1", stdin=batch)
        posts = [x for x in t.log() if x["path"] == "/services/collector/event" and x["status"] == 200]
        acks = [x for x in t.log() if x["path"] == "/services/collector/ack"]
    c.say(c.of(lines, "taken") == 2500 and len(posts) == 3 and len(acks) >= 5, "splunk: 2,500 events in three batches, each acknowledged", (lines, len(posts), len(acks)))
    with c.twin("splunk", options={"no_ack": 1}) as t:
        lines, _, _ = c.connector(entry(t.base), "ingest", "b1", stdin=batch)
    c.say(c.of(lines, "taken") == 2500, "splunk: a token without acknowledgement is written to as well", lines)
    bad = "\n".join([json.dumps({"event": {"n": 1}}), json.dumps({"event": {"n": 2}}), json.dumps({"event": ""})])
    with c.twin("splunk") as t:
        lines, _, _ = c.connector(entry(t.base), "ingest", "b1", stdin=bad)
    c.say(c.of(lines, "taken") == 2 and c.of(lines, "error"), "splunk: of a batch with a bad event those before it count as taken", lines)


def account(c):
    with c.twin("splunk", options={"can_write": 1}) as t:
        lines, _, _ = c.connector(entry(t.base), "test")
        tables, _, _ = c.connector(entry(t.base), "catalog")
        log = [x for x in t.log() if x["strict"]]
    states = {x["check"]: x["state"] for x in lines if "check" in x}
    c.say(states.get("may search") == "ok" and states.get("may not write") == "warn" and states.get("newest event") == "ok" and states.get("event collector") == "ok" and not log,
          "splunk: the test finds what the account can do, and that it could write", (lines, log))
    c.say({"user": "string", "bytes": "number", "_raw": "string"}.items() <= ((tables[0].get("catalog") or {}).get("main") or {}).items(), "splunk: its fields are read from the index", tables)
    with c.twin("splunk") as t:
        lines, _, _ = c.connector(entry(t.base, indexes=["other"]), "search", stdin=EVENTS)
        log = t.log()
    c.say((c.of(lines, "error") or {}).get("code") == "denied" and not log, "splunk: an index out of scope is refused before anything is sent", (lines, log))


CHECKS = [pages_and_cancels, notables, collector, account]

FAULT_PLAN = EVENTS
FAULT_OPTIONS = {"page": 150}
RESULTS = "GET .*/results"
FAULT_ON = {"*": {"on": RESULTS, "nth": 2, "times": 1}, "cursor-loop": {"on": RESULTS, "nth": 2, "times": 0}, "stall": {"on": RESULTS, "nth": 2, "times": 0},
            "drip": {"on": RESULTS, "nth": 2, "times": 0}}
RETRIED = ("all rows",)
PART = ("partial",)
OUTCOMES = {"401": RETRIED, "403": PART, "404": PART, "409": PART, "429": RETRIED, "429-retry-after": RETRIED, "500": PART, "502": RETRIED, "503": RETRIED, "truncated": RETRIED,
            "reset": RETRIED, "invalid-json": PART, "content-type": PART, "ten-times": RETRIED, "drip": PART, "stall": PART, "token-expires": PART, "dup-page": PART,
            "cursor-loop": PART, "clock-skew": RETRIED, "dns": ("remote",), "bad-certificate": ("denied",), "expired-certificate": ("denied",), "wrong-host": ("denied",)}
