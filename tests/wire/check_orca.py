"""Orca: what check_twins.py asks of it besides the same rows and the faults."""
import json

from twins.orca import TOKEN

OPTIONS = {}
EVENTS = None  # it holds a graph


def entry(base, **more):
    return dict({"name": "orca1", "kind": "orca", "url": base, "credential": "env:TWIN_SECRET", "_secret": TOKEN}, **more)


def found(lines):
    return [x["id"] for x in lines if "finding" in x]


def code(c, lines):
    return (c.of(lines, "error") or {}).get("code")


def cmp(field, op, value):
    return {"field": field, "op": op, "value": value}


def graph(**g):
    return {"steps": [dict({"kind": "graph", "fn": "match"}, **g)]}


HOP = {"edge": "contains", "dir": "out", "min": 1, "max": 1}
PLANS = [
    ("all instances", graph(start_type="instance")),
    ("an instance by its id", graph(start_type="instance", start=cmp("id", "is", "i-025b2240373a19899"))),
    ("buckets of a name", graph(start_type="bucket", start=cmp("name", "contains", "hr"))),
    ("users that are not called so", graph(start_type="user", start={"all": [cmp("account", "is", "111122223333"), {"not": cmp("name", "starts", "s")}]})),
    ("in a region", graph(start_type="instance", start={"all": [cmp("region", "is", "us-west-2"), cmp("account", "is", "777788889999")]})),
    ("by a tag", graph(start_type="instance", start=cmp("tags.owner", "is", "edge-team"))),
    ("buckets of an account by its number", graph(start_type="account", start=cmp("id", "is", "111122223333"), hops=[dict(HOP, to_type="bucket", where=cmp("name", "contains", "a"))])),
    ("buckets of accounts, paths", graph(start_type="account", hops=[dict(HOP, to_type="bucket")], return_paths=True)),
    ("none", graph(start_type="bucket", start=cmp("name", "is", "no-such-bucket"))),
]


def same_graph(c):
    good, bad = 0, []
    for options in ({}, {"page": 4}):
        with c.twin("orca", options=options) as t:
            for name, plan in PLANS:
                want = c.reference(plan)
                lines, _, err = c.connector(entry(t.base), "run", stdin=plan)
                got, strict = c.rows_of(lines), [x for x in t.log() if x["strict"]]
                ok = sorted(map(str, got)) == sorted(map(str, want)) and not strict and not c.of(lines, "error") and (want or name == "none")
                good += bool(ok)
                if not ok:
                    bad.append(f"{name}: {len(got)} rows, {len(want)} wanted {c.of(lines, 'error')} {c.of(lines, 'done')} {strict[:1]} {err}\n {[g for g in got if g not in want][:3]} {[w for w in want if w not in got][:3]}")
        c.say(not bad, f"orca: {good} graph questions give the nodes and paths of the embedded graph", "\n".join(bad))
    with c.twin("orca") as t:
        unknown, _, _ = c.connector(entry(t.base), "search", stdin=graph(fn="blast", start=cmp("name", "is", "legacy-gw-01")))
        other, _, _ = c.connector(entry(t.base, accounts=["777788889999"]), "search", stdin=graph(start_type="instance", start=cmp("account", "is", "111122223333")))
        few, _, _ = c.connector(entry(t.base, accounts=["777788889999"]), "search", stdin=graph(start_type="instance"))
        model, _, _ = c.connector(entry(t.base, indexes=["AwsS3Bucket"]), "search", stdin=graph(start_type="instance"))
        sent = [x["body"] for x in t.log()]
    c.say(code(c, unknown) == "invalid" and code(c, other) == "denied" and code(c, model) == "denied" and len(sent) == 1, "orca: what it cannot be asked, or may not, is refused before anything is sent", (unknown, other, model, sent))
    rows = [x["graph"]["node"] for x in few if "graph" in x]
    c.say(rows and all(r["account"] == "777788889999" for r in rows), "orca: rows of other accounts are left out", few[-1:])


ALL = [f"orca-{1000 + i}" for i in range(12)]


def alerts(c):
    for name, options in (("the serving layer", {}), ("pages that are shorter than asked for", {"page": 5}), ("the legacy API, the other one refused", {"no_serving": 403, "page": 5}),
                          ("the legacy API, the other one failing in a 200", {"failure": "model Alert is not available"}), ("the legacy API, the other one not sorting", {"no_order": True, "shuffle": True})):
        with c.twin("orca", options=options) as t:
            e = entry(t.base)
            lines, _, err = c.connector(e, "findings")
            again, _, _ = c.connector(e, "findings", c.of(lines, "cursor") or "")
            strict = [x for x in t.log() if x["strict"]]
        c.say(sorted(found(lines)) == ALL and not found(again) and not strict and not c.of(lines, "error"), f"orca: each alert comes once, {name}", (found(lines), found(again), c.of(lines, "error"), strict[:2], err))
        updated = [x["updated"] for x in lines if "finding" in x]
        c.say(updated == sorted(updated), f"orca: oldest change first, {name}", updated)


def polls(c):
    with c.twin("orca", options={"page": 3}) as t:
        e, seen, cursor = entry(t.base), [], ""
        for _ in range(40):
            lines, _, _ = c.connector(e, "findings", cursor, cancel_after=1)
            seen += found(lines)
            cursor = c.of(lines, "cursor") or cursor
            if len(seen) >= len(ALL):
                break
        c.connector(e, "update", stdin=dict(id="orca-1003", status="work"))
        after, _, _ = c.connector(e, "findings", cursor)
    c.say(sorted(seen) == ALL, "orca: polls that are cut short lose none and give none twice", seen)
    c.say(found(after) == ["orca-1003"], "orca: an alert that was changed comes again", after)


def limits(c):
    with c.twin("orca") as t:
        few, _, _ = c.connector(entry(t.base, severities=["critical", "info"], accounts=["111122223333", "dev"]), "findings")
        rows = [json.loads(x["raw"]) for x in few if "finding" in x]
        none, _, _ = c.connector(entry(t.base, accounts=["999999999999"]), "finding", "orca-1000")
        change, _, _ = c.connector(entry(t.base, accounts=["999999999999"]), "update", stdin=dict(id="orca-1000", status="work"))
        before = len(t.log())
        model, _, _ = c.connector(entry(t.base, indexes=["Inventory"]), "findings")
        odd, _, _ = c.connector(entry(t.base), "finding", "../users?x=1")
        sent = t.log()[before:]
        writes = [x for x in t.log() if x["method"] == "PUT"]
    c.say(rows and all(r["data"]["RiskLevel"]["value"] in ("critical", "informational") and r["data"]["CloudAccount"]["name"] in ("prod", "dev") for r in rows), "orca: findings of its severities and accounts only", rows[:1])
    c.say(code(c, none) == "denied" and code(c, change) == "denied" and not writes, "orca: an alert of another account is neither shown nor changed", (none, change, writes))
    c.say(code(c, model) == "denied" and code(c, odd) == "invalid" and not sent, "orca: what is out of scope or no id is refused before anything is sent", (model, odd, sent))


def one(c):
    with c.twin("orca") as t:
        e = entry(t.base)
        full, _, _ = c.connector(e, "finding", "orca-1000")
        absent, _, _ = c.connector(e, "finding", "orca-9")
        asset = full[0]["asset"] if full and "asset" in full[0] else {}
        by = {}
        for name, i in (("its id", asset.get("id", "")), ("the id there", asset.get("props", {}).get("vendor_id", "")), ("an ARN", "arn:aws:ec2:us-east-1:111122223333:instance/" + asset.get("id", ""))):
            lines, _, _ = c.connector(e, "asset", i)
            by[name] = lines[0].get("asset", {}).get("id") if lines else None
        nothing, _, _ = c.connector(e, "asset", "i-00000000000000000")
        strict = [x for x in t.log() if x["strict"]]
    with c.twin("orca", options={"no_serving": 403}) as t:
        old, _, _ = c.connector(entry(t.base), "finding", "orca-1000")
    f = full[0] if full else {}
    c.say(f.get("finding", {}).get("name") == "orca-1000" and asset.get("id", "").startswith("i-") and asset.get("account") == "111122223333" and f["tags"].get("owner") in f["owner"]
          and f["vulnerabilities"][0] == {"id": "CVE-2026-10000", "severity": "CRITICAL", "package": "openssl", "version": "3.0.1", "fixed": "3.0.9"} and f["compliance"] == [{"framework": "NIST 800-53 (Rev 5)"}]
          and f["attack_path"] == [] and "aws ec2" in f["remediation"] and not strict, "orca: an alert with asset, tags, owner, vulnerabilities, compliance, remediation", (full, strict))
    c.say(code(c, absent) == "not_found" and code(c, nothing) == "not_found", "orca: an alert or asset that is not there is said", (absent, nothing))
    c.say(set(by.values()) == {asset.get("id")}, "orca: an asset by its own id, Orca's, or its ARN", by)
    o = old[0] if old else {}
    c.say(o.get("finding", {}).get("state", {}).get("alert_id") == "orca-1000" and o.get("asset", {}).get("id") == asset.get("id") and {m["part"] for m in o["missing"]} == {"vulnerabilities", "attack_path"},
          "orca: without the serving layer what the legacy API has, and what is missing", (o.get("asset"), o.get("missing"), c.of(old, "error")))


def changes(c):
    with c.twin("orca") as t:
        e = entry(t.base)
        lines, _, _ = c.connector(e, "findings")
        etag = next(x["etag"] for x in lines if x.get("id") == "orca-1001")
        change = dict(id="orca-1001", etag=etag, status="closed", verdict="false_positive_logic", severity="low", comment="noise", tag="mw", idempotency="k-7")
        ok, _, _ = c.connector(e, "update", stdin=change)
        twice, _, _ = c.connector(e, "update", stdin=change)
        stale, _, _ = c.connector(e, "update", stdin=dict(id="orca-1001", etag="2020-01-01T00:00:00Z", status="work"))
        owner, _, _ = c.connector(e, "update", stdin=dict(id="orca-1002", owner="kim"))
        absent, _, _ = c.connector(e, "update", stdin=dict(id="orca-9", status="work"))
        after, _, _ = c.connector(e, "finding", "orca-1001")
        strict, puts = [x for x in t.log() if x["strict"]], [x["path"] for x in t.log() if x["method"] == "PUT"]
    f = after[0]
    c.say(not ok and not twice and f["details"]["state"]["status"] == "dismissed" and f["notes"] == ["noise #mw [midwatch k-7]"] and not strict
          and puts == ["/api/alerts/orca-1001/comment", "/api/alerts/orca-1001/status/dismiss", "/api/alerts/orca-1001/severity"], "orca: dismissed, scored and commented once", (ok, twice, f.get("notes"), puts, strict))
    c.say(code(c, stale) == "conflict" and "dismissed" in c.of(stale, "error")["what"], "orca: an alert that was changed meanwhile is a conflict that says how it is now", stale)
    c.say("no owner" in (c.of(owner, "error") or {}).get("what", "") and code(c, absent) == "not_found", "orca: what it has not is said", (owner, absent))
    with c.twin("orca", options={"no_comment": True}) as t:
        lines, _, _ = c.connector(entry(t.base), "update", stdin=dict(id="orca-1001", status="closed", verdict="true_positive", comment="done"))
        plain, _, _ = c.connector(entry(t.base), "update", stdin=dict(id="orca-1001", status="closed", verdict="true_positive"))
        puts = [x["path"] for x in t.log() if x["method"] == "PUT"]
    c.say(code(c, lines) == "invalid" and "nothing was changed" in c.of(lines, "error")["what"] and not plain and puts == ["/api/alerts/orca-1001/comment", "/api/alerts/orca-1001/status/close"],
          "orca: without a call for comments nothing is half done", (lines, plain, puts))


def account(c):
    with c.twin("orca") as t:
        good, _, _ = c.connector(entry(t.base), "test")
        bad, _, _ = c.connector(dict(entry(t.base), _secret="wrong"), "test")
        strict = [x for x in t.log() if x["strict"] and x["status"] != 401]
    with c.twin("orca", options={"no_serving": 403}) as t:
        part, _, _ = c.connector(entry(t.base), "test")
    states = lambda lines: {x["check"]: x["state"] for x in lines if "check" in x}
    c.say(all(states(good).get(k) == "ok" for k in ("connection", "login", "may read alerts", "may read assets", "newest event", "catalogue")) and not strict, "orca: the test finds what the token may do", (good, strict))
    c.say(states(bad) == {"login": "failed"} and states(part).get("may read alerts") == "failed" and states(part).get("login") == "ok", "orca: the test says what it may not", (bad, part))


CHECKS = [same_graph, alerts, polls, limits, one, changes, account]

FAULT_PLAN = graph(start_type="instance")
FAULT_OPTIONS = {"page": 5}
ON = "POST /api/serving-layer/query$"
FAULT_ON = {"*": {"on": ON, "nth": 2}, "cursor-loop": {"on": ON, "nth": 3, "times": 0}, "stall": {"on": ON, "times": 0}, "drip": {"on": ON, "times": 0}}
ROWS = ("all rows",)
PART = ("partial",)
OUTCOMES = {"401": ROWS, "403": PART, "404": PART, "409": PART, "429": ROWS, "429-retry-after": ROWS, "500": PART, "502": ROWS, "503": ROWS, "truncated": ROWS, "reset": ROWS, "invalid-json": PART,
            "content-type": PART, "ten-times": ROWS, "drip": ("deadline",), "stall": ("deadline",), "token-expires": PART, "dup-page": PART, "cursor-loop": PART, "clock-skew": ROWS, "dns": ("remote",),
            "bad-certificate": ("denied",), "expired-certificate": ("denied",), "wrong-host": ("denied",)}
