"""Sentinel: what check_twins.py asks of it besides the same rows and the faults."""
import json

from twins.sentinel import CLIENT, KEY, RESOURCE, RULE, SECRET, TENANT, WORKSPACE

OPTIONS = {}
IDENTITY = "uid"  # there is no raw record there
EVENTS = {"steps": [{"kind": "search", "datasets": ["cloudtrail"], "limit": 400, "from": "2026-11-22T00:00:00Z", "to": "2026-11-24T00:00:00Z"}]}


def entry(base, **more):
    return dict({"name": "sen1", "kind": "sentinel", "url": base, "login_url": base, "manage_url": base, "tenant": TENANT, "client": CLIENT, "workspace": WORKSPACE, "resource": RESOURCE,
                 "credential": "env:TWIN_SECRET", "_secret": SECRET}, **more)


def windows(c):
    small = {"steps": [dict(EVENTS["steps"][0], **{"from": "2026-11-23T09:00:00Z", "to": "2026-11-23T10:00:00Z", "limit": 5000})]}
    want = c.reference(small)
    with c.twin("sentinel", options={"rows_max": 200, "empty_204": 1}) as t:
        lines, _, err = c.connector(entry(t.base), "search", stdin=small)
        queries = [x for x in t.log() if x["path"].endswith("/query")]
        strict = [x for x in t.log() if x["strict"]]
    got, done = c.rows_of(lines), c.of(lines, "done")
    times = [x["time"] for x in lines if "time" in x]
    c.say(len(got) == len(want) > 200 and done and not done["partial"] and len(queries) > 2 and times == sorted(times) and not strict,
          "sentinel: what is over the limit of an answer comes in halves of its window, whole and in order", (len(got), len(want), done, c.of(lines, "error"), len(queries), strict[:2], err))
    grouped = {"steps": [{"kind": "search", "datasets": ["cloudtrail"], "by": ["api.operation"], "stats": [{"fn": "count"}], "from": "2026-11-23T09:00:00Z", "to": "2026-11-23T10:00:00Z"}]}
    with c.twin("sentinel", options={"rows_max": 3}) as t:
        lines, _, _ = c.connector(entry(t.base), "search", stdin=grouped)
    done = c.of(lines, "done")
    c.say(done and done["partial"] and "exceed the set limit" in done["why"] and len(c.rows_of(lines)) == 3, "sentinel: groups that are not whole are labelled partial", (done, c.of(lines, "error")))


def incidents(c):
    with c.twin("sentinel", options={"conflict": 412}) as t:
        e = entry(t.base)
        lines, _, err = c.connector(e, "findings")
        found, cursor = [x for x in lines if "finding" in x], c.of(lines, "cursor")
        again, _, _ = c.connector(e, "findings", cursor or "")
        one = found[0]["id"]
        whole, _, _ = c.connector(e, "finding", one)
        events, _, _ = c.connector(e, "finding_events", one)
        change = dict(id=one, etag=found[0]["etag"], status="closed", owner="kim@example.com", severity="low", comment="it's done", tag="triaged", verdict="false_positive_logic", idempotency="k-1")
        ok, _, _ = c.connector(e, "update", stdin=change)
        twice, _, _ = c.connector(e, "update", stdin=change)
        stale, _, _ = c.connector(e, "update", stdin=dict(id=one, etag=found[0]["etag"], status="work"))
        after, _, _ = c.connector(e, "finding", one)
        made, _, _ = c.connector(e, "create", stdin={"title": "Ours", "severity": "critical", "idempotency": "i-1"})
        puts = [x for x in t.log() if x["method"] == "PUT" and "/comments/" not in x["path"]]
        strict = [x for x in t.log() if x["strict"]]
    p = after[0]["finding"]["properties"] if "finding" in after[0] else {}
    c.say(len(found) == 5 and not [x for x in again if "finding" in x] and not strict, "sentinel: incidents come once each, over next links", (lines, again, err, strict))
    c.say(whole[0].get("alerts") and whole[0].get("entities") and "uid" in events[0], "sentinel: an incident with alerts, entities and the alerts' rows", (whole, events))
    c.say(not ok and not twice and len(puts) == 2 and p.get("status") == "Closed" and p.get("classificationReason") == "IncorrectAlertLogic" and p["owner"] == {"userPrincipalName": "kim@example.com"}
          and p["labels"] == [{"labelName": "triaged", "labelType": "User"}] and len(after[0]["comments"]) == 1, "sentinel: a change is written once, with classification and comment", (ok, twice, puts, p))
    c.say((c.of(stale, "error") or {}).get("code") == "conflict" and "Closed" in c.of(stale, "error")["what"], "sentinel: an old etag is a conflict that tells the present state", stale)
    c.say(c.of(made, "id"), "sentinel: an incident of ours is made there", made)
    with c.twin("sentinel", options={"elsewhere": 1}) as t:
        lines, _, _ = c.connector(entry(t.base), "findings")
    c.say((c.of(lines, "error") or {}).get("code") == "denied", "sentinel: a next link to another host gets no token", lines[-1:])


def writing(c):
    batch = "\n".join(json.dumps({"time": "2026-11-23T00:00:00Z", "n": i, "pad": "x" * 900}) for i in range(1500))
    with c.twin("sentinel") as t:
        lines, _, _ = c.connector(entry(t.base, ingest_url=t.base, ingest_rule=RULE), "ingest", "b1", stdin=batch)
        legacy, _, _ = c.connector(entry(t.base, ingest_url=t.base, write_credential="env:TWIN_WRITE", _write=KEY), "ingest", "b1", stdin=batch)
        strict = [x for x in t.log() if x["strict"]]
    c.say(c.of(lines, "taken") == 1500 and not strict, "sentinel: events over a data collection rule, in calls of less than 1 MB", (lines, strict[:1]))
    c.say(c.of(legacy, "taken") == 1500, "sentinel: events over the legacy collector, signed", legacy)


def account(c):
    with c.twin("sentinel", options={"can_write": 1}) as t:
        lines, _, _ = c.connector(entry(t.base), "test")
        strict = [x for x in t.log() if x["strict"]]
        bad, _, _ = c.connector(entry(t.base, _secret="wrong"), "test")
    states = {x["check"]: x["state"] for x in lines if "check" in x}
    c.say(states.get("may search") == "ok" and states.get("incidents") == "ok" and states.get("may not write") == "warn" and not strict, "sentinel: the test finds what the app may do", (lines, strict))
    c.say(bad and bad[0]["state"] == "failed" and "AADSTS7000215" in bad[0]["found"], "sentinel: a wrong secret is told with Entra's own message", bad)


CHECKS = [windows, incidents, writing, account]

FAULT_PLAN = EVENTS
FAULT_OPTIONS = {}
ON = "POST .*/query$"
FAULT_ON = {"*": {"on": ON}, "cursor-loop": {"on": ON, "times": 0}, "stall": {"on": ON, "times": 0}, "drip": {"on": ON, "times": 0}}
ALL = ("all rows",)
OUTCOMES = {"401": ALL, "403": ("denied",), "404": ("not_found",), "409": ("conflict",), "429": ALL, "429-retry-after": ALL, "500": ("remote",), "502": ALL, "503": ALL, "truncated": ALL, "reset": ALL,
            "invalid-json": ("remote", "partial"), "content-type": ("remote",), "ten-times": ALL, "drip": ("deadline",), "stall": ("deadline",), "token-expires": ALL, "dup-page": ALL, "cursor-loop": ALL,
            "clock-skew": ALL, "dns": ("remote",), "bad-certificate": ("denied",), "expired-certificate": ("denied",), "wrong-host": ("denied",)}
