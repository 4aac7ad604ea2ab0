"""ClickHouse: what check_twins.py asks of it besides the same rows and the faults."""
import json, ssl, urllib.request

from twins.clickhouse import PASSWORD, USER

OPTIONS = {}
EVENTS = {"steps": [{"kind": "search", "limit": 400, "from": "2026-11-22T00:00:00Z", "to": "2026-11-24T00:00:00Z"}]}


def entry(base, **more):
    return dict({"name": "ch1", "kind": "clickhouse", "url": base, "user": USER, "credential": "env:TWIN_SECRET", "_secret": PASSWORD, "database": "soc"}, **more)


def state(t):
    return json.load(urllib.request.urlopen(t.base + "/twin/state", context=ssl._create_unverified_context()))


def streams(c):
    want = c.reference(EVENTS)
    with c.twin("clickhouse", options={"busy": 1}) as t:
        lines, _, err = c.connector(entry(t.base), "search", stdin=EVENTS)
        strict = [x for x in t.log() if x["strict"]]
    shares = [x["progress"]["share"] for x in lines if "progress" in x]
    c.say(c.rows_of(lines) == want and 0.25 in shares and not strict, "clickhouse: a query waits while too many run, and tells its progress", (len(c.rows_of(lines)), len(want), c.of(lines, "error"), strict[:2], err))
    for late in ("text", "json", "block"):
        with c.twin("clickhouse", options={"late": late}) as t:
            lines, _, _ = c.connector(entry(t.base), "search", stdin=EVENTS)
            killed = state(t)["killed"]
        done = c.of(lines, "done")
        c.say(done["partial"] and done["rows"] == 100 and "Memory limit" in done["why"] + str(c.of(lines, "error")) or late == "block" and done["partial"] and done["rows"] == 100,
              f"clickhouse: an error behind 100 rows of a 200 ({late}) makes the answer partial", (done, c.of(lines, "error")))
    with c.twin("clickhouse") as t:
        lines, _, _ = c.connector(entry(t.base), "search", stdin=EVENTS, cancel_after=50)
        killed, asked = state(t)["killed"], [x["query"].get("query_id", [""])[0] for x in t.log()]
    c.say(len(c.rows_of(lines)) == 50 and killed and killed[0] in asked, "clickhouse: cancelled by us, the query is killed there by its id", (c.of(lines, "done"), killed))


def account(c):
    for can_write, expected in ((0, "ok"), (1, "warn")):
        with c.twin("clickhouse", options={"can_write": can_write}) as t:
            lines, _, _ = c.connector(entry(t.base), "test")
        states = {x["check"]: x["state"] for x in lines if "check" in x}
        c.say(states.get("may search") == "ok" and states.get("may not write") == expected, f"clickhouse: the test tells whether the account could write ({expected})", lines)
    with c.twin("clickhouse") as t:
        e = entry(t.base)
        first, _, _ = c.connector(e, "ingest", "b1", stdin='{"id":"1"}\n{"id":"2"}\n')
        again, _, _ = c.connector(e, "ingest", "b1", stdin='{"id":"1"}\n{"id":"2"}\n')
        rows = state(t)["rows"]
    c.say(c.of(first, "taken") == 2 and c.of(again, "taken") == 2 and rows == 2, "clickhouse: a batch sent twice carries the same deduplication token", (first, again, rows))


CHECKS = [streams, account]

FAULT_PLAN = EVENTS
FAULT_OPTIONS = {}
ON = "POST /$"
FAULT_ON = {"*": {"on": ON}, "cursor-loop": {"on": ON, "times": 0}, "stall": {"on": ON, "times": 0}, "drip": {"on": ON, "times": 0}}
ALL = ("all rows",)
OUTCOMES = {"401": ALL, "403": ("denied",), "404": ("not_found",), "409": ("conflict",), "429": ALL, "429-retry-after": ALL, "500": ("remote",), "502": ALL, "503": ALL, "truncated": ("partial",),
            "reset": ALL, "invalid-json": ("partial",), "content-type": ("remote",), "ten-times": ALL, "drip": ("deadline", "partial"), "stall": ("deadline",), "token-expires": ("denied",),
            "dup-page": ALL, "cursor-loop": ALL, "clock-skew": ALL, "dns": ("remote",), "bad-certificate": ("denied",), "expired-certificate": ("denied",), "wrong-host": ("denied",)}
