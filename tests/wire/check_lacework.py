"""Lacework: what check_twins.py asks of it besides the same rows and the faults."""
import json

from twins.lacework import ACCOUNT, KEY, SECRET

OPTIONS = {}


def entry(base, **more):
    return dict({"name": "lw1", "kind": "lacework", "url": base, "client": KEY, "account": ACCOUNT, "credential": "env:TWIN_SECRET", "_secret": SECRET}, **more)


def found(lines):
    return [x["id"] for x in lines if "finding" in x]


def code(c, lines):
    return (c.of(lines, "error") or {}).get("code")


def cmp(field, op, value):
    return {"field": field, "op": op, "value": value}


def graph(**g):
    return {"steps": [dict({"kind": "graph", "fn": "match"}, **g)]}


HOP = {"edge": "contains", "dir": "out", "min": 1, "max": 1}
GRAPHS = [
    ("all instances", graph(start_type="instance")),
    ("an instance by its id", graph(start_type="instance", start=cmp("id", "is", "i-025b2240373a19899"))),
    ("buckets of a name", graph(start_type="bucket", start=cmp("name", "contains", "hr"))),
    ("users that are not called so", graph(start_type="user", start={"all": [cmp("account", "is", "111122223333"), {"not": cmp("name", "starts", "s")}]})),
    ("in a region", graph(start_type="security_group", start=cmp("region", "is", "us-west-2"))),
    ("by a tag", graph(start_type="instance", start=cmp("tags.owner", "is", "edge-team"))),
    ("buckets of an account", graph(start_type="account", start=cmp("id", "is", "111122223333"), hops=[dict(HOP, to_type="bucket")], return_paths=True)),
    ("none", graph(start_type="bucket", start=cmp("name", "is", "no-such-bucket"))),
]
SEARCH = {"steps": [{"kind": "search", "datasets": ["cloudtrail"], "limit": 100000, "from": "2026-11-23T12:00:00Z", "to": "2026-11-23T13:00:00Z"}]}
MANY = {"steps": [{"kind": "search", "datasets": ["cloudtrail"], "limit": 100000, "from": "2026-11-22T00:00:00Z", "to": "2026-11-23T12:00:00Z"}]}  # more than one answer holds
LOGINS = {"steps": [{"kind": "search", "datasets": ["cloudtrail"], "limit": 100000, "where": cmp("api.operation", "is_cs", "ConsoleLogin"), "from": "2026-11-19T00:00:00Z", "to": "2026-11-27T00:00:00Z"}]}


def queries(c):
    good, bad = 0, []
    with c.twin("lacework", options={"empty_204": True}) as t:
        for name, plan in GRAPHS:
            want = c.reference(plan)
            lines, _, err = c.connector(entry(t.base), "run", stdin=plan)
            got, strict = c.rows_of(lines), [x for x in t.log() if x["strict"]]
            ok = sorted(map(str, got)) == sorted(map(str, want)) and not strict and not c.of(lines, "error") and (want or name == "none")
            good += bool(ok)
            if not ok:
                bad.append(f"{name}: {len(got)} rows, {len(want)} wanted {c.of(lines, 'error')} {c.of(lines, 'done')} {strict[:1]} {err}\n {[g for g in got if g not in want][:3]} {[w for w in want if w not in got][:3]}")
    c.say(not bad, f"lacework: {good} graph questions give the nodes and paths of the embedded graph", "\n".join(bad))
    for name, plan, options in ([("halves of a full window", MANY, {})] if c.LONG else []) + [("records as text", SEARCH, {"text_event": True}), ("windows of a week", LOGINS, {})]:
        want = sorted(map(str, c.reference(plan)))
        with c.twin("lacework", options=options) as t:
            lines, _, err = c.connector(entry(t.base), "search", stdin=plan, seconds=100)
            calls = len([x for x in t.log() if x["path"].endswith("execute")])
        c.say(sorted(map(str, c.rows_of(lines))) == want and not c.of(lines, "error"), f"lacework: records byte for byte, {name} ({calls} calls)", (len(c.rows_of(lines)), len(want), lines[-1:], err))
    with c.twin("lacework", options={"lql_error": "Parser error: line 1:9 missing '}'"}) as t:
        lines, _, _ = c.connector(entry(t.base), "search", stdin=SEARCH)
        other, _, _ = c.connector(entry(t.base, accounts=["777788889999"]), "search", stdin=graph(start_type="instance", start=cmp("account", "is", "111122223333")))
        table, _, _ = c.connector(entry(t.base, indexes=["LW_CFG_AWS_S3"]), "search", stdin=graph(start_type="instance"))
        logs, _, _ = c.connector(entry(t.base, indexes=["LW_CFG_AWS_S3"]), "search", stdin=SEARCH)
        sent = [x for x in t.log() if x["path"].endswith("execute")]
    c.say("Parser error" in (c.of(lines, "error") or {}).get("what", ""), "lacework: its parser's own words are told", lines)
    c.say(code(c, other) == "denied" and code(c, table) == "denied" and code(c, logs) == "denied" and len(sent) == 1, "lacework: what is out of scope is refused before anything is sent", (other, table, logs, len(sent)))


ALL = sorted(str(967000 + i) for i in range(19))  # the 20th is further back than it answers


def alerts(c):
    for name, options in (("windows of a week", {}), ("pages by link", {"page": 1, "days": 1})):
        with c.twin("lacework", options=options) as t:
            e = entry(t.base)
            lines, _, err = c.connector(e, "findings")
            again, _, _ = c.connector(e, "findings", c.of(lines, "cursor") or "")
            strict = [x for x in t.log() if x["strict"]]
        want = ALL if name != "pages by link" else sorted(ALL + ["967019"])
        c.say(sorted(found(lines)) == want and not found(again) and not strict and not c.of(lines, "error"), f"lacework: each alert comes once, {name}", (found(lines), found(again), c.of(lines, "error"), strict[:2], err))
    with c.twin("lacework", options={"page": 3}) as t:
        e, seen, cursor = entry(t.base), [], ""
        for _ in range(60):
            lines, _, _ = c.connector(e, "findings", cursor, cancel_after=2)
            seen += found(lines)
            cursor = c.of(lines, "cursor") or cursor
            if len(seen) >= len(ALL):
                break
        c.connector(e, "findings", cursor)
        c.connector(e, "update", stdin=dict(id="967001", comment="seen"))
        after, _, _ = c.connector(e, "findings", cursor)
    c.say(sorted(seen) == ALL, "lacework: polls that are cut short lose none and give none twice", sorted(seen))
    c.say("967001" in found(after) and not [i for i in found(after) if i != "967001"], "lacework: an alert that was changed comes again", found(after))
    with c.twin("lacework", options={"elsewhere": True, "page": 1, "days": 1}) as t:
        lines, _, _ = c.connector(entry(t.base), "findings")
    c.say(c.of(lines, "error") and "evil.example" not in str(found(lines)), "lacework: a next page on another host is not asked for", lines[-1:])
    with c.twin("lacework") as t:
        few, _, _ = c.connector(entry(t.base, severities=["critical"], accounts=["111122223333"]), "findings")
        none, _, _ = c.connector(entry(t.base, accounts=["999999999999"]), "finding", "967000")
        change, _, _ = c.connector(entry(t.base, accounts=["999999999999"]), "update", stdin=dict(id="967000", status="closed"))
        odd, _, _ = c.connector(entry(t.base), "finding", "1/../2")
        posts = [x for x in t.log() if x["path"].endswith("close")]
    rows = [json.loads(x["raw"]) for x in few if "finding" in x]
    c.say(rows and all(r["severity"] == "Critical" and "111122223333" in r["alertInfo"]["subject"] for r in rows), "lacework: findings of its severities and accounts only", (rows[:1], c.of(few, "error")))
    c.say(code(c, none) == "denied" and code(c, change) == "denied" and code(c, odd) == "invalid" and not posts, "lacework: an alert of another account is neither shown nor changed", (none, change, odd))


def budget(c):
    with c.twin("lacework", options={"left": 62}) as t:
        e = entry(t.base)
        lines, took, _ = c.connector(e, "findings")
        asked = len([x for x in t.log() if "/Alerts/" in x["path"]])
    c.say(0 < asked < 5 and found(lines) and c.of(lines, "cursor") and not c.of(lines, "error"), "lacework: polls leave requests of the hour to questions, and go on later", (asked, lines[-2:]))
    with c.twin("lacework", options={"budget": 1, "left": 1}) as t:
        lines, took, _ = c.connector(entry(t.base), "finding", "967000", seconds=5)
        asked = [x["path"] for x in t.log() if "/Alerts/" in x["path"]]
    why = json.dumps(lines)
    c.say(len(asked) == 1 and "480 requests an hour" in why and took < 4, "lacework: when the hour is used up that is said, with when it goes on, and nothing is sent", (asked, took, lines))


def one(c):
    with c.twin("lacework", options={"no_dataset": True}) as t:
        e = entry(t.base)
        full, _, _ = c.connector(e, "finding", "967000")
        events, _, _ = c.connector(e, "finding_events", "967000")
        absent, _, _ = c.connector(e, "finding", "9")
        asset = full[0].get("asset", {}) if full else {}
        by = {}
        for name, i in (("its id", asset.get("id", "")), ("an ARN", f"arn:aws:ec2:{asset.get('region')}:{asset.get('account')}:instance/{asset.get('id')}"), ("a host name", asset.get("name", ""))):
            lines, _, _ = c.connector(e, "asset", i)
            by[name] = lines[0].get("asset", {}).get("id") if lines else None
        bucket, _, _ = c.connector(e, "asset", "arn:aws:s3:::hr-exports")
        nothing, _, _ = c.connector(e, "asset", "i-00000000000000000")
        strict = [x for x in t.log() if x["strict"]]
    f = full[0] if full else {}
    c.say(f.get("finding", {}).get("alertId") == 967000 and asset.get("id", "").startswith("i-") and f["vulnerabilities"] == [{"id": "CVE-2026-10001", "severity": "Critical", "package": "openssl", "version": "3.0.1", "fixed": "3.0.9"}]
          and f["remediation"] and f["investigation"][0]["answer"] == "No" and [m["part"] for m in f["missing"]] == ["attack_path"] and not strict, "lacework: an alert with asset, vulnerabilities, policy, investigation, and what is missing", (full, strict))
    c.say([r["vals"].get("api.operation") for r in events if "vals" in r] == [["PutBucketPolicy"]], "lacework: the events of an alert", events)
    c.say(code(c, absent) == "not_found" and code(c, nothing) == "not_found", "lacework: an alert or asset that is not there is said", (absent, nothing))
    c.say(set(by.values()) == {asset.get("id")}, "lacework: an asset by its id, its ARN or its host's name", by)
    b = bucket[0] if bucket else {}
    c.say(b.get("asset", {}).get("type") == "bucket" and b["compliance"][0]["category"] == "2.1.5" and b["configuration"], "lacework: a bucket with its controls", bucket)


def changes(c):
    with c.twin("lacework") as t:
        e = entry(t.base)
        lines, _, _ = c.connector(e, "findings")
        etag = next(x["etag"] for x in lines if x.get("id") == "967001")
        change = dict(id="967001", etag=etag, status="closed", verdict="false_positive_logic", comment="noise", idempotency="k-9")
        ok, _, _ = c.connector(e, "update", stdin=change)
        twice, _, _ = c.connector(e, "update", stdin=change)
        stale, _, _ = c.connector(e, "update", stdin=dict(id="967001", etag="Open 0", comment="x"))
        reopen, _, _ = c.connector(e, "update", stdin=dict(id="967001", status="work"))
        severe, _, _ = c.connector(e, "update", stdin=dict(id="967002", severity="low"))
        note, _, _ = c.connector(e, "update", stdin=dict(id="967002", status="work", comment="looking", tag="mw"))
        after, _, _ = c.connector(e, "finding", "967001")
        log = t.log()
    posts = [(x["path"].split("/")[-1], json.loads(x["body"])) for x in log if x["method"] == "POST" and "/Alerts/9" in x["path"]]
    c.say(not ok and not twice and after[0]["finding"]["status"] == "Closed" and after[0]["notes"] == ["noise [midwatch k-9]"] and not [x for x in log if x["strict"]]
          and posts == [("close", {"reason": 1, "comment": "noise [midwatch k-9]"}), ("comment", {"comment": "looking #mw"})], "lacework: closed once with its reason, commented", (ok, twice, posts, after[0].get("notes")))
    c.say(code(c, stale) == "conflict" and "cannot be opened" in c.of(reopen, "error")["what"] and "cannot be set" in c.of(severe, "error")["what"] and not note, "lacework: conflicts, and what it has not, are said", (stale, reopen, severe, note))


def account(c):
    with c.twin("lacework", options={"old_token": True}) as t:
        good, _, _ = c.connector(entry(t.base), "test")
        bad, _, _ = c.connector(dict(entry(t.base), _secret="wrong"), "test")
        tables, _, _ = c.connector(entry(t.base), "catalog")
        strict = [x for x in t.log() if x["strict"]]
    states = lambda lines: {x["check"]: x["state"] for x in lines if "check" in x}
    c.say(all(states(good).get(k) == "ok" for k in ("connection", "login", "may read alerts", "may read assets", "may search", "newest event", "catalogue", "quota")) and not strict, "lacework: the test finds what the key may do", (good, strict))
    c.say(states(bad) == {"login": "failed"} or "failed" in states(bad).values(), "lacework: a wrong secret is said", bad)
    c.say(tables[0].get("catalog", {}).get("CloudTrailRawEvents") == {"EVENT": "JSON", "EVENT_TIME": "Timestamp"}, "lacework: tables of LQL", tables)


CHECKS = [queries, alerts, budget, one, changes, account]

FAULT_PLAN = LOGINS
FAULT_OPTIONS = {}
ON = "POST /api/v2/Queries/execute$"
FAULT_ON = {"*": {"on": ON, "nth": 2}, "cursor-loop": {"on": ON, "nth": 3, "times": 0}, "stall": {"on": ON, "times": 0}, "drip": {"on": ON, "times": 0}}
ROWS = ("all rows",)
PART = ("partial",)
OUTCOMES = {"401": ROWS, "403": PART, "404": PART, "409": PART, "500": PART, "invalid-json": PART, "content-type": PART, "dup-page": ROWS + PART, "cursor-loop": ROWS + PART, "429": ROWS, "429-retry-after": ROWS, "502": ROWS, "503": ROWS, "truncated": ROWS, "reset": ROWS, "ten-times": ROWS, "drip": ("deadline",), "stall": ("deadline",),
            "token-expires": ROWS, "clock-skew": ROWS, "dns": ("remote",), "bad-certificate": ("denied",), "expired-certificate": ("denied",), "wrong-host": ("denied",)}
