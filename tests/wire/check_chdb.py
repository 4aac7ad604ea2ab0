#!/usr/bin/env python3
"""See t_clickhouse_http.sh. Usage: check_chdb.py BUILD WORK CHDB"""
import json, os, shutil, subprocess, sys, time

CHDB = sys.argv.pop()
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_twins as c

USER, KEY = "midwatch", "ch-k3y"


def main():
    c.make_certificates()
    c.make_lake()
    port, data = c.WORK + "/port", c.WORK + "/chdata"
    shutil.rmtree(data, ignore_errors=True)
    if os.path.exists(port):
        os.remove(port)
    front = subprocess.Popen(["node", c.HERE + "/ch_front.cjs", CHDB, data, port, USER, KEY], stdin=subprocess.DEVNULL, stdout=open(c.WORK + "/front.out", "w"), stderr=subprocess.STDOUT)
    try:
        for _ in range(600):
            if os.path.exists(port) and open(port).read():
                break
            time.sleep(0.05)
        entry = {"name": "ch1", "kind": "clickhouse", "url": "http://127.0.0.1:" + open(port).read(), "user": USER, "credential": "env:TWIN_SECRET", "_secret": KEY, "database": "soc"}
        run(entry)
    finally:
        front.kill()
        front.wait()
    sys.exit(1 if c.failed else 0)


def run(entry):
    rows = subprocess.run([c.TWIN, "load", c.LAKE], capture_output=True).stdout.decode("utf-8", "surrogateescape").strip().split("\n")
    if not c.LONG:
        rows = [r for r in rows if c.DAY["from"] <= json.loads(r).get("time", "") < c.DAY["to"]]
    taken = 0
    for i in range(0, len(rows), 5000):
        lines, _, err = c.connector(entry, "ingest", f"batch-{i}", stdin="\n".join(rows[i:i + 5000]), seconds=120)
        taken += c.of(lines, "taken") or 0
    again, _, _ = c.connector(entry, "ingest", "batch-0", stdin="\n".join(rows[:5000]), seconds=120)
    everything = {"steps": [{"kind": "search", "stats": [{"fn": "count"}]}]}
    lines, _, _ = c.connector(entry, "search", stdin=everything, seconds=60)
    c.say(taken == len(rows) and c.rows_of(lines) == [(str(len(rows)),)], f"chdb: {len(rows)} events loaded into a table of our making, one batch twice, none doubled", (taken, len(rows), lines, again))
    bad = []
    for name, plan in c.PLANS + MORE:
        want, (lines, _, err) = c.reference(plan), c.connector(entry, "run", stdin=plan, seconds=60)
        got = c.rows_of(lines)
        if got != want and sorted(map(str, got)) != sorted(map(str, want)):
            bad.append(f"{name}: {len(got)} rows, {len(want)} wanted; {c.of(lines, 'error')} {c.of(lines, 'done')} {err}\n  got {got[:2]}\n  want {want[:2]}")
    c.say(not bad, f"chdb: {len(c.PLANS + MORE) - len(bad)} of {len(c.PLANS + MORE)} plans give the rows of the embedded lake on the real engine", "\n".join(bad))
    lines, _, _ = c.connector(dict(entry, _secret="wrong"), "search", stdin=everything)
    c.say((c.of(lines, "error") or {}).get("code") == "denied", "chdb: a wrong password is told", lines)
    lines, _, _ = c.connector(dict(entry, table="nothing"), "search", stdin=everything)
    c.say((c.of(lines, "error") or {}).get("code") == "not_found", "chdb: a table that is not there is told", lines)


MORE = [
    ("bytes of a network by destination", c.search(datasets=["vpcflow"], by=["dst_endpoint.ip"], stats=[{"fn": "sum", "field": "traffic.bytes"}], limit=10, **c.DAY)),
    ("datasets", c.search(by=["dataset"], stats=[{"fn": "count"}], **c.DAY)),
    ("distinct users an hour", c.search(span="1h", stats=[{"fn": "distinct", "field": "actor.user.name"}], **c.DAY)),
    ("ports over 1024", c.search(datasets=["vpcflow"], where=c.cmp("dst_endpoint.port", "gt", "1024"), limit=200, **c.DAY)),
    ("all kinds, newest first", c.search(sort=[{"column": "time", "desc": True}], limit=300, **c.DAY)),
]

if __name__ == "__main__":
    main()
