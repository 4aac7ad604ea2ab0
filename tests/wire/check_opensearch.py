"""OpenSearch and Elasticsearch: what check_twins.py asks of them besides the same rows and the faults."""
import json, ssl, urllib.request

from twins.opensearch import PASSWORD, USER

OPTIONS = {"page": 700}
EVENTS = {"steps": [{"kind": "search", "limit": 1500, "from": "2026-11-22T00:00:00Z", "to": "2026-11-24T00:00:00Z"}]}


def entry(base, **more):
    return dict({"name": "os1", "kind": "opensearch", "url": base, "user": USER, "credential": "env:TWIN_SECRET", "_secret": PASSWORD, "table": "soc-*"}, **more)


def state(t):
    return json.load(urllib.request.urlopen(t.base + "/twin/docs", context=ssl._create_unverified_context()))


def pages(c):
    want = c.reference(EVENTS)
    for name, options in (("opensearch", {}), ("elasticsearch", {"elastic": 1, "async_polls": 3}), ("opensearch without _shard_doc", {"no_shard_doc": 1})):
        with c.twin("opensearch", options=options) as t:
            lines, _, err = c.connector(entry(t.base), "search", stdin=EVENTS)
            left, strict = state(t), [x for x in t.log() if x["strict"]]
        got, done = c.rows_of(lines), c.of(lines, "done")
        c.say(sorted(map(str, got)) == sorted(map(str, want)) and not done["partial"] and not left["pits"] and not left["asyncs"] and not strict,
              f"{name}: pages by search_after; its point in time and async search are closed", (len(got), len(want), done, c.of(lines, "error"), left, strict[:2], err))
    for options, text in (({"failed_shards": 1}, "shard is on fire"), ({"timed_out": 1}, "time was up")):
        with c.twin("opensearch", options=options) as t:
            lines, _, _ = c.connector(entry(t.base), "search", stdin=EVENTS)
        done = c.of(lines, "done")
        c.say(done["partial"] and text in done["why"], f"opensearch: partial where {text}", done)
    with c.twin("opensearch", options={"page": 400}) as t:
        lines, _, _ = c.connector(entry(t.base), "search", stdin=EVENTS, cancel_after=600)
        left = state(t)
    c.say(c.of(lines, "done")["partial"] and left["cancelled"] == ["n1:77"] and not left["pits"], "opensearch: cancelled by us, its task is cancelled there", (c.of(lines, "done"), left))


def bulk(c):
    docs = [json.dumps({"@timestamp": "2026-11-23T00:00:00Z", "n": i}) for i in range(2100)] + [json.dumps({"n": 1})] * 2
    with c.twin("opensearch", options={"busy_items": 5}) as t:
        e = entry(t.base, table="soc-new")
        first, _, _ = c.connector(e, "ingest", "b1", stdin="\n".join(docs))
        again, _, _ = c.connector(e, "ingest", "b1", stdin="\n".join(docs))
        stored = state(t)["docs"]
    c.say(c.of(first, "taken") == 2102 and c.of(again, "taken") == 2102 and stored == 2102, "opensearch: a batch is stored once, also when items were busy and it is sent twice", (first, again, stored))
    bad = docs[:3] + [json.dumps({"bad": 1})] + docs[3:6]
    with c.twin("opensearch") as t:
        e = entry(t.base, table="soc-new")
        lines, _, _ = c.connector(e, "ingest", "b1", stdin="\n".join(bad))
        rest, _, _ = c.connector(e, "ingest", "b1", stdin="\n".join(bad[4:]))
        stored = state(t)["docs"]
    c.say(c.of(lines, "taken") == 3 and "event 4" in c.of(lines, "error")["what"] and c.of(rest, "taken") == 3 and stored == 6,
          "opensearch: an event that is refused is named, the others are stored once", (lines, rest, stored))


def account(c):
    for elastic in (0, 1):
        with c.twin("opensearch", options={"elastic": elastic, "can_write": 1}) as t:
            lines, _, _ = c.connector(entry(t.base), "test")
            tables, _, _ = c.connector(entry(t.base), "catalog")
            strict = [x for x in t.log() if x["strict"]]
        states = {x["check"]: x["state"] for x in lines if "check" in x}
        c.say(states.get("may search") == "ok" and states.get("may not write") == ("ok" if elastic else "warn") and states.get("login") == "ok" and not strict,
              f"{'elasticsearch' if elastic else 'opensearch'}: the test finds what the account may do", (lines, strict))
        c.say({"@timestamp": "date", "user.name": "keyword", "user.name.text": "text", "source.ip": "ip"}.items() <= tables[0]["catalog"]["soc-events"].items(), "opensearch: fields by _mapping", tables)


CHECKS = [pages, bulk, account]

FAULT_PLAN = {"steps": [dict(EVENTS["steps"][0], limit=900)]}
FAULT_OPTIONS = {"page": 350}
ON = "POST /_search$"
FAULT_ON = {"*": {"on": ON, "nth": 2, "times": 1}, "cursor-loop": {"on": ON, "nth": 2, "times": 0}, "stall": {"on": ON, "nth": 2, "times": 0}, "drip": {"on": ON, "nth": 2, "times": 0}}
PART, ALL = ("partial",), ("all rows",)
OUTCOMES = {"401": ALL, "403": PART, "404": PART, "409": PART, "429": ALL, "429-retry-after": ALL, "500": PART, "502": ALL, "503": ALL, "truncated": ALL, "reset": ALL, "invalid-json": PART,
            "content-type": PART, "ten-times": ALL, "drip": PART, "stall": PART, "token-expires": PART, "dup-page": PART, "cursor-loop": PART, "clock-skew": ALL, "dns": ("remote",),
            "bad-certificate": ("denied",), "expired-certificate": ("denied",), "wrong-host": ("denied",)}
