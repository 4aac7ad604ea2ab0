"""QRadar: what check_twins.py asks of it besides the same rows and the faults."""
import json, socket, ssl, threading, urllib.request

from twins.qradar import TOKEN

OPTIONS = {}
EVENTS = {"steps": [{"kind": "search", "limit": 400, "from": "2026-11-22T00:00:00Z", "to": "2026-11-24T00:00:00Z"}]}


def entry(base, **more):
    return dict({"name": "qr1", "kind": "qradar", "url": base, "credential": "env:TWIN_SECRET", "_secret": TOKEN}, **more)


def gone(t):
    return json.load(urllib.request.urlopen(t.base + "/twin/gone", context=ssl._create_unverified_context()))


def searches(c):
    want = c.reference(EVENTS)
    raws = sorted(r for _, r in want)
    with c.twin("qradar", options={"page": 150, "warn": "a host did not answer"}) as t:
        lines, _, err = c.connector(entry(t.base), "search", stdin=EVENTS)
        ended, strict = gone(t), [x for x in t.log() if x["strict"]]
        shares = [x["progress"]["share"] for x in lines if "progress" in x]
    done = c.of(lines, "done")
    c.say(sorted(r for _, r in c.rows_of(lines)) == raws and 0.4 in shares and ended == ["delete"] and not strict, "qradar: a search is polled, read by Range and deleted",
          (len(c.rows_of(lines)), len(want), done, c.of(lines, "error"), ended, strict[:2], err))
    c.say(done and done["partial"] and "a host did not answer" in done["why"], "qradar: its warning makes the answer partial", done)
    with c.twin("qradar", options={"polls": 1000}) as t:
        lines, took, _ = c.connector(entry(t.base), "search", stdin=EVENTS, seconds=3)
        ended = gone(t)
    c.say((c.of(lines, "error") or {}).get("code") == "deadline" and took < 6 and ended == ["cancel", "delete"], "qradar: at the deadline a search is cancelled and deleted there", (took, lines[-1:], ended))
    with c.twin("qradar", options={"fail": "disk is full"}) as t:
        lines, _, _ = c.connector(entry(t.base), "search", stdin=EVENTS)
    c.say("disk is full" in (c.of(lines, "error") or {}).get("what", ""), "qradar: a search that fails says why", lines[-1:])


def offenses(c):
    with c.twin("qradar", options={"page": 3}) as t:
        e, polled, cursor = entry(t.base), [], ""
        for _ in range(6):
            lines, _, _ = c.connector(e, "findings", cursor)
            polled += [x["id"] for x in lines if "finding" in x]
            cursor = c.of(lines, "cursor") or cursor
    c.say(polled == ["0", "1", "2", "3", "4", "5", "6"], "qradar: from short pages too each offense comes once, poll by poll", polled)
    with c.twin("qradar") as t:
        e = entry(t.base)
        lines, _, err = c.connector(e, "findings")
        found = [x for x in lines if "finding" in x]
        again, _, _ = c.connector(e, "findings", c.of(lines, "cursor") or "")
        one = found[0]["id"]
        events, _, _ = c.connector(e, "finding_events", one)
        change = dict(id=one, etag=found[0]["etag"], status="closed", owner="kim", comment="done", verdict="false_positive_logic", idempotency="k-1")
        ok, _, _ = c.connector(e, "update", stdin=change)
        twice, _, _ = c.connector(e, "update", stdin=change)
        after, _, _ = c.connector(e, "finding", one)
        stale, _, _ = c.connector(e, "update", stdin=dict(id=one, etag="1", status="work"))
        severe, _, _ = c.connector(e, "update", stdin=dict(id="3", severity="high"))
        no_reason, _, _ = c.connector(e, "update", stdin=dict(id="4", status="closed", verdict="true_positive"))
        strict = [x for x in t.log() if x["strict"]]
    o = after[0] if after and "finding" in after[0] else {}
    c.say([x["id"] for x in found] == ["0", "1", "2", "3", "4", "5", "6"] and not [x for x in again if "finding" in x] and not strict, "qradar: offenses come once each, oldest change first", (lines, again, err, strict))
    c.say(len(c.rows_of(events)) == 3 and "15 events" in c.of(events, "done")["why"], "qradar: the events of an offense; its own count, where it is another, is told", events[-1:])
    c.say(not ok and not twice and o["finding"]["closing_reason_id"] == 2 and o["finding"]["assigned_to"] == "kim" and [n["note_text"] for n in o["notes"]] == ["done [midwatch k-1]"] and o["sources"],
          "qradar: closed once with the site's closing reason, one note", (ok, twice, o))
    c.say((c.of(stale, "error") or {}).get("code") == "conflict", "qradar: an offense that was changed meanwhile is a conflict", stale)
    c.say("cannot be set" in (c.of(severe, "error") or {}).get("what", ""), "qradar: its severity cannot be set, and that is said", severe)
    c.say("Policy Violation" in (c.of(no_reason, "error") or {}).get("what", ""), "qradar: a closing reason that the site does not have is told", no_reason)


def listen(c, tls):
    """A syslog collector: gives its port and, once joined, what it got."""
    s = socket.create_server(("127.0.0.1", 0))
    got = []

    def take():
        conn, _ = s.accept()
        if tls:
            ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            ctx.load_cert_chain(f"{c.WORK}/ca/ok.pem", f"{c.WORK}/ca/ok.key")
            conn = ctx.wrap_socket(conn, server_side=True)
        while part := conn.recv(65536):
            got.append(part)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return s.getsockname()[1], thread, got


def syslog(c):
    events = "\n".join(json.dumps({"id": f"e|{i}", "title": "a|b\\c", "src_endpoint.ip": "10.0.0.1", "message": "x=1\ty\nz|", "n": i}) for i in range(500))
    for scheme, head in (("tls", "LEEF:2.0|Midwatch|Midwatch|"), ("tcp+cef", "CEF:0|Midwatch|Midwatch|")):
        port, thread, got = listen(c, scheme.startswith("tls"))
        lines, _, err = c.connector(entry("https://localhost:1", syslog=f"{scheme}://localhost:{port}"), "ingest", "b1", stdin=events)
        thread.join(5)
        text = b"".join(got).decode().split("\n")
        c.say(c.of(lines, "taken") == 500 and len(text) == 501 and all(head in x for x in text[:-1]) and "mwKey=b1/499" in text[-2], f"qradar: 500 events as lines over {scheme}", (lines, len(text), text[:1], err))
    lines, _, _ = c.connector(entry("https://localhost:1", syslog="tls://localhost:1"), "ingest", "b1", stdin=events)
    c.say(c.of(lines, "taken") == 0 and c.of(lines, "error"), "qradar: a collector that is not there took nothing", lines)


def account(c):
    with c.twin("qradar") as t:
        lines, _, _ = c.connector(entry(t.base), "test")
        tables, _, _ = c.connector(entry(t.base), "catalog")
        strict = [x for x in t.log() if x["strict"]]
    states = {x["check"]: x["state"] for x in lines if "check" in x}
    c.say(states.get("may search") == "ok" and states.get("may read offenses") == "ok" and not strict, "qradar: the test finds what the token may do", (lines, strict))
    c.say({"sourceip", "username", "Error Code", "qid"} <= set(tables[0].get("catalog", {}).get("events") or {}), "qradar: columns of its databases", tables)


CHECKS = [searches, offenses, syslog, account]

FAULT_PLAN = EVENTS
FAULT_OPTIONS = {"page": 150, "polls": 0}
ON = "GET .*/results"
FAULT_ON = {"*": {"on": ON, "nth": 2}, "cursor-loop": {"on": ON, "nth": 2, "times": 0}, "stall": {"on": ON, "nth": 2, "times": 0}, "drip": {"on": ON, "nth": 2, "times": 0}}
PART, ALL = ("partial",), ("all rows",)
OUTCOMES = {"401": ALL, "403": PART, "404": PART, "409": PART, "429": ALL, "429-retry-after": ALL, "500": PART, "502": ALL, "503": ALL, "truncated": ALL, "reset": ALL, "invalid-json": PART,
            "content-type": PART, "ten-times": ALL, "drip": PART, "stall": PART, "token-expires": PART, "dup-page": PART, "cursor-loop": PART, "clock-skew": ALL, "dns": ("remote",),
            "bad-certificate": ("denied",), "expired-certificate": ("denied",), "wrong-host": ("denied",)}
