"""Prisma Cloud: what check_twins.py asks of it besides the faults."""
import json

from twins.prisma import KEY, SECRET

EVENTS = None  # it holds a graph; audit events are asked for below


def entry(base, **more):
    return dict({"name": "pri1", "kind": "prisma", "url": base, "client": KEY, "credential": "env:TWIN_SECRET", "_secret": SECRET, "per_second": 200}, **more)


def cmp(field, op, value):
    return {"field": field, "op": op, "value": value}


def graph(**g):
    return {"steps": [dict({"kind": "graph", "fn": "match"}, **g)]}


PLANS = [
    ("an instance by its id", graph(start_type="instance", start=cmp("id", "is", "i-025b2240373a19899"))),
    ("buckets of a name", graph(start_type="bucket", start=cmp("name", "contains", "hr"))),
    ("all instances", graph(start_type="instance")),
    ("in a region", graph(start_type="instance", start={"all": [cmp("region", "is", "us-west-2"), cmp("name", "starts", "sandbox")]})),
    ("users", graph(start_type="user", start=cmp("name", "is", "ada"))),
    ("of a kind that only its id tells", graph(start={"any": [cmp("id", "is", "i-025b2240373a19899"), cmp("name", "is", "i-025b2240373a19899")]})),
    ("none", graph(start_type="bucket", start=cmp("name", "is", "no-such-bucket"))),
]


def same_graph(c):
    good, bad = 0, []
    with c.twin("prisma", options={"page": 7}) as t:
        for name, plan in PLANS:
            want = c.reference(plan)
            lines, _, err = c.connector(entry(t.base), "run", stdin=plan)
            got, strict = c.rows_of(lines), [x for x in t.log() if x["strict"]]
            ok = sorted(map(str, got)) == sorted(map(str, want)) and not strict and not c.of(lines, "error")
            good += ok
            if not ok:
                bad.append(f"{name}: {len(got)} rows, {len(want)} wanted {c.of(lines, 'error')} {c.of(lines, 'done')} {strict[:1]} {err}\n {[g for g in got if g not in want][:3]} {[w for w in want if w not in got][:3]}")
    c.say(not bad, f"prisma: {good} questions about resources give the nodes of the embedded graph", "\n".join(bad))


def permissions(c):
    plan = graph(start_type="role", start=cmp("name", "is", "legacy-admin"), hops=[{"edge": "can", "dir": "out", "min": 1, "max": 1}], return_paths=True)
    with c.twin("prisma", options={"page": 5}) as t:
        lines, _, err = c.connector(entry(t.base), "run", stdin=plan)
        other, _, _ = c.connector(entry(t.base), "run", stdin=graph(fn="exposure", start=cmp("name", "is", "x")))
        strict = [x for x in t.log() if x["strict"]]
    rows, want = [x["graph"]["path"] for x in lines if "graph" in x], c.reference(plan)
    c.say(rows and len(rows) == len(want) and {r[0]["id"] for r in rows} == {w[0] for w in want} and all(r[1]["type"] == "can" and r[1]["props"]["effect"] == "Allow" for r in rows) and not strict,
          f"prisma: permissions are edges with their action ({len(rows)})", (lines[-2:], len(rows), len(want), err, strict[:2]))
    c.say((c.of(other, "error") or {}).get("code") == "invalid", "prisma: what it cannot be asked is said", other)


def events(c):
    plan = {"steps": [{"kind": "search", "datasets": ["cloudtrail"], "where": cmp("api.operation", "is", "ConsoleLogin"), "from": "2026-11-23T09:00:00Z", "to": "2026-11-23T15:00:00Z"}]}
    flows = {"steps": [{"kind": "search", "datasets": ["vpcflow"], "limit": 5}]}
    with c.twin("prisma", options={"page": 3}) as t:
        lines, _, err = c.connector(entry(t.base), "run", stdin=plan)
        refused, _, _ = c.connector(entry(t.base), "search", stdin=flows)
        strict = [x for x in t.log() if x["strict"]]
    got, want = c.rows_of(lines, "uid"), c.reference(plan, "uid")
    c.say(want and sorted(map(str, got)) == sorted(map(str, want)) and not strict, f"prisma: audit events come as the cloud's own records ({len(got)})", (len(got), len(want), lines[-2:], err, strict[:2]))
    c.say("aggregated" in (c.of(refused, "error") or {}).get("what", ""), "prisma: flow logs are refused with the reason", refused)


def alerts(c):
    for options, name in (({"page": 2}, "over pages"), ({"page": 2, "no_updated": 1}, "where they cannot be listed by change"), ({"page": 2, "many": 1}, "in halves of a window that holds too many")):
        with c.twin("prisma", options=options) as t:
            lines, _, err = c.connector(entry(t.base), "findings")
            found, cursor = [x for x in lines if "finding" in x], c.of(lines, "cursor")
            again, _, _ = c.connector(entry(t.base), "findings", cursor or "")
            strict, calls = [x for x in t.log() if x["strict"]], len(t.log())
        order = [json.loads(x["raw"])["lastUpdated"] for x in found]
        c.say(len(found) == len({f["id"] for f in found}) == 9 and cursor and order == sorted(order) and not [x for x in again if "finding" in x] and not strict,
              f"prisma: alerts come once each and the oldest change first, {name} ({calls} calls)", (len(found), cursor, again[-1:], err, strict[:2], lines[-1:]))
    with c.twin("prisma") as t:
        scoped, _, _ = c.connector(entry(t.base, accounts=["111122223333"], severities=["critical", "info"]), "findings")
        strict = [x for x in t.log() if x["strict"]]
    with c.twin("prisma", options={"page": 2, "many": 1}) as t:
        cut, _, _ = c.connector(entry(t.base), "findings", cancel_after=4)
        rest, _, _ = c.connector(entry(t.base), "findings", c.of(cut, "cursor") or "")
        strict += [x for x in t.log() if x["strict"]]
    rows = [json.loads(x["raw"]) for x in scoped if "finding" in x]
    c.say(rows and all(r["resource"]["accountId"] == "111122223333" and r["policy"]["severity"] in ("critical", "informational") for r in rows), "prisma: only accounts and severities of its entry", rows)
    ids = [x["id"] for x in cut + rest if "finding" in x]
    c.say(c.of(cut, "cursor") and len([x for x in cut if "finding" in x]) < 9 and len(set(ids)) == 9 and not strict, "prisma: a load that was cut goes on where it was", (ids, strict[:2]))


def one(c):
    for options in ({}, {"graph_list": 1}):
        with c.twin("prisma", options=options) as t:
            e = entry(t.base)
            whole, _, err = c.connector(e, "finding", "P-1")
            plain, _, _ = c.connector(e, "finding", "P-2")
            none, _, _ = c.connector(e, "finding", "P-999")
            strict = [x for x in t.log() if x["strict"]]
        w = whole[0]
        c.say(w.get("asset", {}).get("id") == w["finding"]["resource"]["id"] and w["configuration"] and w["vulnerabilities"] and len(w["attack_path"]) == 2 and w["history"]
              and w["compliance"][0]["framework"] and {"team-web", "owner@example.com"} <= set(w["owner"]) and w["remediation_command"]["alertIdVsCliScript"] and "missing" not in w and not strict,
              "prisma: an alert with its whole context" + (", its graph as a list" if options else ""), (whole, err, strict[:2]))
    c.say(plain[0]["attack_path"] == [] and "missing" not in plain[0], "prisma: an alert without an evidence graph has none", plain)
    c.say((c.of(none, "error") or {}).get("code") == "not_found" and "alert_not_found" in c.of(none, "error")["what"], "prisma: an alert that is not there, in the words of x-redlock-status", none)


def asset(c):
    found = {}
    with c.twin("prisma") as t:
        first, _, _ = c.connector(entry(t.base), "asset", "i-025b2240373a19899")
        rrn, own = "rrn:aws:instance:us-east-1:111122223333:a1b2:i-025b2240373a19899", first[0].get("asset", {}).get("props", {}).get("vendor_id")
        for any_id in ("arn:aws:ec2:us-east-1:111122223333:instance/i-025b2240373a19899", "i-025b2240373a19899", "legacy-gw-01", rrn, own):
            found[any_id] = c.connector(entry(t.base), "asset", any_id)[0]
        none, _, _ = c.connector(entry(t.base), "asset", "nothing-of-that-name")
        out, _, _ = c.connector(entry(t.base, accounts=["777788889999"]), "asset", rrn)
        strict = [x for x in t.log() if x["strict"]]
    c.say(all(x[0].get("asset", {}).get("id") == "i-025b2240373a19899" for x in found.values()) and not strict, f"prisma: an asset by {len(found)} of its ids", (found, strict[:2]))
    c.say(c.of(none, "error") and (c.of(out, "error") or {}).get("code") == "denied", "prisma: an unknown asset, and one out of scope", (none, out))


def changes(c):
    with c.twin("prisma") as t:
        e = entry(t.base)
        lines, _, _ = c.connector(e, "findings")
        found = [x for x in lines if "finding" in x]

        def change(**u):
            return c.connector(e, "update", stdin=u)[0]

        def status(i):
            return c.connector(e, "finding", i)[0][0]["finding"]

        u = dict(id=found[0]["id"], etag=found[0]["etag"], status="closed", verdict="benign_positive", reason="scanner", comment="ours", idempotency="k-1")
        done, twice, a = change(**u), change(**u), status(found[0]["id"])
        stale, back, b = change(id=found[0]["id"], etag=found[0]["etag"], status="work"), change(id=found[0]["id"], status="work"), None
        b = status(found[0]["id"])
        wait, w = change(id=found[1]["id"], status="wait", reason="patch on Monday"), status(found[1]["id"])
        true, tp = change(id=found[2]["id"], status="closed", verdict="true_positive"), status(found[2]["id"])
        said = change(id=found[2]["id"], comment="x")
        strict = [x for x in t.log() if x["strict"]]
    c.say(not done and not twice and a["status"] == "dismissed" and len(a["history"]) == 2 and "scanner" in a["history"][1]["reason"] and "k-1" in a["history"][1]["reason"] and not strict,
          "prisma: a close is a dismissal with its reason, once", (done, twice, a, strict[:2]))
    c.say((c.of(stale, "error") or {}).get("code") == "conflict" and "dismissed" in c.of(stale, "error")["what"] and not back and b["status"] == "open", "prisma: an old etag is a conflict; a reopening", (stale, back, b))
    c.say(not wait and w["status"] == "snoozed", "prisma: waiting is a snooze", (wait, w))
    c.say(not true and tp["status"] == "open" and "no comments" in (c.of(said, "error") or {}).get("what", ""), "prisma: a true positive stays open; a comment alone is refused with the reason", (true, tp, said))
    with c.twin("prisma", options={"read_only": 1}) as t:
        no, _, _ = c.connector(entry(t.base), "update", stdin=dict(id="P-1", status="closed", verdict="duplicate"))
    c.say((c.of(no, "error") or {}).get("code") == "denied" and "permission_error" in c.of(no, "error")["what"], "prisma: a key that may not is told so", no)


def account(c):
    with c.twin("prisma", options={"no_iam": 1, "role": "System Admin"}) as t:
        lines, _, _ = c.connector(entry(t.base), "test")
        strict = [x for x in t.log() if x["strict"]]
        bad, _, _ = c.connector(entry(t.base, _secret="wrong"), "test")
    states = {x["check"]: x["state"] for x in lines if "check" in x}
    c.say(states.get("alerts") == "ok" and states.get("config search") == "ok" and states.get("permission search") == "failed" and states.get("may not write") == "warn" and not strict,
          "prisma: the test finds permission by permission what the key may do", (lines, strict[:2]))
    c.say(bad and bad[0]["state"] == "failed" and "invalid_credentials" in bad[0]["found"], "prisma: a wrong secret is told in the words of x-redlock-status", bad)


CHECKS = [same_graph, permissions, events, alerts, one, asset, changes, account]

FAULT_PLAN = graph(start_type="instance")
FAULT_OPTIONS = {"page": 9}
ON = "POST /search/api/v2/config$"
FAULT_ON = {"*": {"on": ON, "nth": 2}, "cursor-loop": {"on": ON, "nth": 3, "times": 0}, "stall": {"on": ON, "times": 0}, "drip": {"on": ON, "times": 0}}
ALL = ("all rows",)
PART = ("partial", "remote")
OUTCOMES = {"401": ALL, "403": ("partial", "denied"), "404": ("partial", "not_found"), "409": ("partial", "conflict"), "429": ALL, "429-retry-after": ALL, "500": PART, "502": ALL, "503": ALL, "truncated": ALL,
            "reset": ALL, "invalid-json": PART, "content-type": PART, "ten-times": ALL, "drip": ("deadline",), "stall": ("deadline",), "token-expires": ALL, "dup-page": PART, "cursor-loop": PART,
            "clock-skew": ALL, "dns": ("remote",), "bad-certificate": ("denied",), "expired-certificate": ("denied",), "wrong-host": ("denied",)}
