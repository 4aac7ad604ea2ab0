"""Wiz: what check_twins.py asks of it besides the faults."""
import glob, json, os, shutil, subprocess

from twins.wiz import CLIENT, SECRET

EVENTS = None  # it holds a graph


def entry(base, **more):
    return dict({"name": "wiz1", "kind": "wiz", "url": base + "/graphql", "login_url": base + "/oauth/token", "client": CLIENT, "credential": "env:TWIN_SECRET", "_secret": SECRET}, **more)


def cmp(field, op, value):
    return {"field": field, "op": op, "value": value}


def graph(**g):
    return {"steps": [dict({"kind": "graph", "fn": "match"}, **g)]}


HOP = {"edge": "contains", "dir": "out", "min": 1, "max": 1}
PLANS = [
    ("buckets of a name", graph(start_type="bucket", start=cmp("name", "contains", "hr"))),
    ("an instance by its id", graph(start_type="instance", start=cmp("id", "is", "i-025b2240373a19899"))),
    ("subnets of networks", graph(start_type="vpc", hops=[dict(HOP, to_type="subnet")])),
    ("roles of an instance", graph(start_type="instance", start=cmp("name", "is", "legacy-gw-01"), hops=[dict(HOP, edge="runs_as")], return_paths=True)),
    ("groups of an instance, paths", graph(start_type="instance", start=cmp("account", "is", "777788889999"), hops=[dict(HOP, edge="uses", to_type="security_group")], return_paths=True)),
    ("neighbours", graph(fn="neighbours", start=cmp("id", "is", "i-025b2240373a19899"))),
    ("in a region", graph(start_type="instance", start={"all": [cmp("region", "is", "us-west-2"), cmp("name", "starts", "sandbox")]})),
    ("what is not asked there", graph(start_type="instance", start={"not": cmp("region", "is", "us-east-1")})),
    ("an id or a name", graph(start={"any": [cmp("id", "is", "legacy-gw-01"), cmp("name", "is", "legacy-gw-01")]})),
    ("none", graph(start_type="bucket", start=cmp("name", "is", "no-such-bucket"))),
]


def same_graph(c):
    good, bad = 0, []
    for options in ({"page": 4}, {"page": 100, "text_properties": 1}):
        with c.twin("wiz", options=options) as t:
            for name, plan in PLANS:
                want = c.reference(plan)
                lines, _, err = c.connector(entry(t.base), "run", stdin=plan)
                # what is no cloud's own id has the platform's name before it
                got, strict = [tuple(i.removeprefix("wiz:") for i in k) for k in c.rows_of(lines)], [x for x in t.log() if x["strict"]]
                ok = sorted(map(str, got)) == sorted(map(str, want)) and not strict and not c.of(lines, "error") and (want or name == "none")
                good += bool(ok)
                if not ok:
                    bad.append(f"{name}: {len(got)} rows, {len(want)} wanted {c.of(lines, 'error')} {c.of(lines, 'done')} {strict[:1]} {err}\n {[g for g in got if g not in want][:3]} {[w for w in want if w not in got][:3]}")
    c.say(not bad, f"wiz: {good} graph questions give the nodes and paths of the embedded graph", "\n".join(bad))


def exposure(c):
    plan = graph(fn="exposure", start=cmp("name", "is", "legacy-gw-01"))
    with c.twin("wiz") as t:
        lines, _, err = c.connector(entry(t.base), "run", stdin=plan)
        every, _, _ = c.connector(entry(t.base), "run", stdin=graph(fn="exposure"))
        blast, _, _ = c.connector(entry(t.base), "search", stdin=graph(fn="blast", start=cmp("name", "is", "legacy-gw-01")))
        strict = [x for x in t.log() if x["strict"]]
    rows = [x["graph"] for x in lines if "graph" in x]
    c.say(rows and all(r["path"][0]["id"] == "internet" and r["path"][-1]["name"] == "legacy-gw-01" and r["path"][1]["type"] == "exposes" for r in rows) and not strict,
          "wiz: exposure is the ways from the internet to the asset", (lines, err, strict[:2]))
    c.say(len(c.rows_of(every)) > len(rows), "wiz: exposure of everything asks for what is exposed alone", every[-1:])
    c.say((c.of(blast, "error") or {}).get("code") == "invalid" and "Wiz" in c.of(blast, "error")["what"], "wiz: what it cannot be asked is said", blast)


def issues(c):
    for options, name in (({"page": 2}, "over pages"), ({"page": 2, "no_order": 1}, "where they cannot be ordered by change"), ({"page": 2, "old": ["businessUnit", "riskProfile"]}, "of an older schema")):
        with c.twin("wiz", options=options) as t:
            lines, _, err = c.connector(entry(t.base), "findings")
            found, cursor = [x for x in lines if "finding" in x], c.of(lines, "cursor")
            again, _, _ = c.connector(entry(t.base), "findings", cursor or "")
            strict = [x for x in t.log() if x["strict"]]
        c.say(len(found) == len({f["id"] for f in found}) == 10 and cursor and not [x for x in again if "finding" in x] and not strict, f"wiz: issues come once each, {name}",
              (len(found), cursor, again[-1:], err, strict[:2], lines[-1:]))
    with c.twin("wiz") as t:
        scoped, _, _ = c.connector(entry(t.base, accounts=["111122223333"], severities=["critical", "high"]), "findings")
    with c.twin("wiz", options={"page": 2}) as t:
        cut, _, _ = c.connector(entry(t.base), "findings", cancel_after=4)
        rest, _, _ = c.connector(entry(t.base), "findings", c.of(cut, "cursor") or "")
    rows = [json.loads(x["raw"]) for x in scoped if "finding" in x]
    c.say(rows and all(r["entitySnapshot"]["subscriptionExternalId"] == "111122223333" and r["severity"] in ("CRITICAL", "HIGH") for r in rows), "wiz: only accounts and severities of its entry", rows)
    ids = [x["id"] for x in cut + rest if "finding" in x]
    c.say(c.of(cut, "cursor") and len([x for x in cut if "finding" in x]) < 10 and len(set(ids)) == len(ids) == 10, "wiz: a load that was cut goes on where it was", ids)
    with c.twin("wiz", options={"part": "issuesV2"}) as t:
        part, _, _ = c.connector(entry(t.base), "findings")
    c.say("did not answer" in (c.of(part, "error") or {}).get("what", ""), "wiz: an error beside data is no whole list", part[-1:])


def one(c):
    with c.twin("wiz") as t:
        e = entry(t.base)
        lines, _, _ = c.connector(e, "findings")
        found = [x for x in lines if "finding" in x]
        toxic = next(x for x in found if "legacy-gw-01" in x["raw"] and "THREAT" not in x["raw"])
        threat = next(x for x in found if "THREAT_DETECTION" in x["raw"])
        whole, _, err = c.connector(e, "finding", toxic["id"])
        other, _, _ = c.connector(e, "finding", threat["id"])
        none, _, _ = c.connector(e, "finding", "00000000-0000-4000-8000-000000000000")
        strict = [x for x in t.log() if x["strict"]]
    w = whole[0]
    c.say(w.get("asset", {}).get("id") == "i-025b2240373a19899" and w["configuration"] and w["vulnerabilities"] and w["compliance"][0]["framework"] and "team-web" in w["owner"] and w.get("attack_path")
          and "kim@example.com" in w["owner"] and w["remediation"] and "missing" not in w and not strict, "wiz: an issue with its whole context", (whole, err, strict[:2]))
    c.say(other[0].get("threat", {}).get("mainDetection"), "wiz: a threat with its detections", other)
    c.say((c.of(none, "error") or {}).get("code") == "not_found", "wiz: an issue that is not there", none)
    with c.twin("wiz", options={"denied": ["vulnerabilityFindings", "cloudResourcesV2"]}) as t:
        less, _, _ = c.connector(entry(t.base), "finding", toxic["id"])
    c.say({m["part"] for m in less[0].get("missing", [])} == {"configuration", "vulnerabilities"} and less[0]["asset"]["id"] == "i-025b2240373a19899", "wiz: what may not be read is named, the rest comes", less)


def asset(c):
    arn, found, strict = "arn:aws:ec2:us-east-1:111122223333:instance/i-025b2240373a19899", {}, []
    with c.twin("wiz") as t:
        first, _, _ = c.connector(entry(t.base), "asset", arn)
        ips = first[0].get("configuration", {})
        address = ips.get("public_ip") or ips.get("private_ip")
        for any_id in (arn, "i-025b2240373a19899", "legacy-gw-01", first[0]["asset"]["props"]["vendor_id"], address):
            found[any_id] = c.connector(entry(t.base), "asset", any_id)[0]
        none, _, _ = c.connector(entry(t.base), "asset", "nothing-of-that-name")
        out, _, _ = c.connector(entry(t.base, accounts=["777788889999"]), "asset", arn)
        strict = [x for x in t.log() if x["strict"]]
    c.say(all(x[0].get("asset", {}).get("id") == "i-025b2240373a19899" for x in found.values()) and not strict, f"wiz: an asset by {len(found)} of its ids", (found, strict[:2]))
    c.say((c.of(none, "error") or {}).get("code") == "not_found" and (c.of(out, "error") or {}).get("code") == "denied", "wiz: an unknown asset, and one out of scope", (none, out))


def changes(c):
    with c.twin("wiz") as t:
        e = entry(t.base)
        lines, _, _ = c.connector(e, "findings")
        found = [x for x in lines if "finding" in x]
        toxic, threat = found[0], next(x for x in found if "THREAT_DETECTION" in x["raw"])

        def change(**u):
            return c.connector(e, "update", stdin=u)[0]

        done = change(id=toxic["id"], etag=toxic["etag"], status="closed", verdict="false_positive_logic", reason="scanner", comment="it's ours", owner="kim", idempotency="k-1")
        twice = change(id=toxic["id"], etag=toxic["etag"], status="closed", verdict="false_positive_logic", reason="scanner", comment="it's ours", owner="kim", idempotency="k-1")
        stale = change(id=toxic["id"], etag=toxic["etag"], status="work")
        solved = change(id=threat["id"], status="closed", verdict="true_positive")
        kept = change(id=found[1]["id"], status="closed", verdict="true_positive", idempotency="k-2")
        a, b, k = (c.connector(e, "finding", x)[0][0]["finding"] for x in (toxic["id"], threat["id"], found[1]["id"]))
        mutations = [x for x in t.log() if '"mutation' in x["body"]]
        strict = [x for x in t.log() if x["strict"]]
    c.say(not done and not twice and a["status"] == "REJECTED" and a["resolutionReason"] == "FALSE_POSITIVE" and sum("[midwatch k-1]" in n["text"] for n in a["notes"]) == 1 and not strict,
          "wiz: a close is a rejection with its reason, once", (done, twice, a, strict[:2]))
    c.say((c.of(stale, "error") or {}).get("code") == "conflict" and "REJECTED" in c.of(stale, "error")["what"], "wiz: an old etag is a conflict that tells the present state", stale)
    c.say(not solved and b["status"] == "RESOLVED" and b["resolutionReason"] == "MALICIOUS_THREAT", "wiz: a threat is resolved", (solved, b))
    c.say(not kept and k["status"] == "IN_PROGRESS" and "Wiz resolves" in k["notes"][0]["text"], "wiz: what only a right resource ends stays open, with a note", (kept, k, mutations[-1:]))


def account(c):
    with c.twin("wiz", options={"denied": ["projects"], "scope": "read:issues admin:audit"}) as t:
        lines, _, _ = c.connector(entry(t.base), "test")
        strict = [x for x in t.log() if x["strict"]]
        bad, _, _ = c.connector(entry(t.base, _secret="wrong"), "test")
    states = {x["check"]: x["state"] for x in lines if "check" in x}
    c.say(states.get("read:issues") == "ok" and states.get("read:projects") == "failed" and states.get("may not write") == "warn" and states.get("newest event") == "ok" and not strict,
          "wiz: the test finds permission by permission what the service account may do", (lines, strict[:2]))
    c.say(bad and bad[0]["state"] == "failed" and "Unauthorized" in bad[0]["found"], "wiz: a wrong secret is told with the token endpoint's own message", bad)


def documents(c):
    """Every request of the calls above once more, against a tenant's schema."""
    checker, schema = os.environ.get("MW_WIZ_CHECK", "/tmp/wiz-check"), os.path.join(os.environ.get("MW_SHARED", ""), "data/specs/wiz/wiz-schema.graphql")
    if not shutil.which("node") or not os.path.isdir(checker + "/node_modules/graphql") or not os.path.exists(schema):
        print("# skipped: no ../shared, or no wiz-check in " + checker)
        return
    dump = c.WORK + "/wiz-documents"
    shutil.rmtree(dump, ignore_errors=True)
    os.makedirs(dump)
    with c.twin("wiz", options={"dump": dump, "page": 2}) as t:
        e = entry(t.base)
        lines, _, _ = c.connector(e, "findings")
        found = [x for x in lines if "finding" in x]
        for one_ in (found[0], next(x for x in found if "THREAT_DETECTION" in x["raw"])):
            c.connector(e, "finding", one_["id"])
            c.connector(e, "update", stdin=dict(id=one_["id"], status="closed", verdict="benign_positive", comment="x"))
        c.connector(e, "asset", "legacy-gw-01")
        c.connector(e, "test")
        for _, plan in PLANS[:3]:
            c.connector(e, "search", stdin=plan)
        c.connector(e, "search", stdin=graph(fn="exposure"))
    files = glob.glob(dump + "/*.json")
    r = subprocess.run(["node", "wiz-check.mjs", "--schema", os.path.abspath(schema), *files], cwd=checker, capture_output=True, text=True)
    c.say(r.returncode == 0 and len(files) > 15, f"wiz: {len(files)} requests fit the schema", "\n".join(x for x in r.stdout.split("\n") if ": ok" not in x and "deprecated" not in x))


CHECKS = [same_graph, exposure, issues, one, asset, changes, account, documents]

FAULT_PLAN = graph(start_type="instance")
FAULT_OPTIONS = {"page": 5}
ON = "POST /graphql$"
FAULT_ON = {"*": {"on": ON, "nth": 2}, "cursor-loop": {"on": ON, "nth": 3, "times": 0}, "stall": {"on": ON, "times": 0}, "drip": {"on": ON, "times": 0}}
ALL = ("all rows",)
PART = ("partial", "remote")
OUTCOMES = {"401": ALL, "403": ("partial", "denied"), "404": ("partial", "not_found"), "409": ("partial", "conflict"), "429": ALL, "429-retry-after": ALL, "500": PART, "502": ALL, "503": ALL, "truncated": ALL,
            "reset": ALL, "invalid-json": PART, "content-type": PART, "ten-times": ALL, "drip": ("deadline",), "stall": ("deadline",), "token-expires": ALL, "dup-page": PART, "cursor-loop": PART,
            "clock-skew": ALL, "dns": ("remote",), "bad-certificate": ("denied",), "expired-certificate": ("denied",), "wrong-host": ("denied",)}
