#!/usr/bin/env python3
"""Connectors against their twins: the same rows as the embedded lake gives, jobs cancelled, changes written, faults survived. Prints TAP-like
lines and tables. Usage: check_twins.py BUILD WORK [VENDOR...]; MW_LONG: the whole fault matrix instead of a seeded sample."""
import contextlib, glob, json, os, random, shutil, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
BUILD, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
CONNECTOR, TWIN = BUILD + "/tests/wire/tool_connector", BUILD + "/tests/wire/tool_twin"
LAKE = WORK + "/lake"
LONG = bool(os.environ.get("MW_LONG"))
DEMO_END = "2026-11-24T15:00:00Z"
failed = 0


def say(ok, name, detail=""):
    global failed
    failed += not ok
    print(("ok " if ok else "not ok ") + name, flush=True)
    if not ok:
        for line in str(detail).split("\n")[:20]:
            print("# " + line[:400])


# ---- the stage

def openssl(*args):
    subprocess.run(["openssl", *args], check=True, cwd=WORK + "/ca", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificates():
    """Two authorities; from ours one certificate that is good, one that has expired, one for another host."""
    os.makedirs(WORK + "/ca", exist_ok=True)
    with open(WORK + "/ca/ca.conf", "w") as f:
        f.write("[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\ncopy_extensions=copy\n"
                "unique_subject=no\n[p]\ncommonName=supplied\n")
    open(WORK + "/ca/index.txt", "w").close()
    open(WORK + "/ca/serial", "w").write("1000\n")
    for ca in ("good", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", f"/CN=twin {ca}", "-keyout",
                ca + "-ca.key", "-out", ca + "-ca.pem")
    for name, ca, host, end in (("ok", "good", "localhost", "20991231000000Z"), ("untrusted", "other", "localhost", "20991231000000Z"),
                                ("expired", "good", "localhost", "20210101000000Z"), ("wronghost", "good", "siem.example", "20991231000000Z")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}",
                "-keyout", name + ".key", "-out", name + ".csr")
        openssl("ca", "-batch", "-config", "ca.conf", "-cert", ca + "-ca.pem", "-keyfile", ca + "-ca.key", "-startdate", "20200101000000Z", "-enddate", end,
                "-in", name + ".csr", "-out", name + ".pem")


def make_lake():
    for old in (LAKE, WORK + "/demo"):
        shutil.rmtree(old, ignore_errors=True)
    subprocess.run([BUILD + "/midwatchd", "demo-data", WORK + "/demo", "--end", DEMO_END], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    files = [f for part in ("logs", "inventory") for f in glob.glob(f"{WORK}/demo/{part}/**", recursive=True) if os.path.isfile(f)]
    subprocess.run([TWIN, "import", LAKE, *sorted(files)], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


class Running:
    def __init__(self, base, log):
        self.base, self.log_file = base, log

    def log(self):
        with open(self.log_file) as f:
            return [json.loads(line) for line in f]


@contextlib.contextmanager
def twin(vendor, fault=None, options=None, cert="ok"):
    port, log = WORK + "/port", WORK + "/twin.log"
    for f in (port, log):
        if os.path.exists(f):
            os.remove(f)
    args = [sys.executable, HERE + "/twin.py", vendor, "--port-file", port, "--lake", LAKE, "--tool", TWIN, "--log", log, "--cert", f"{WORK}/ca/{cert}.pem",
            "--key", f"{WORK}/ca/{cert}.key"]
    if fault:
        args += ["--fault", json.dumps(fault)]
    if options:
        args += ["--options", json.dumps(options)]
    p = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=open(WORK + "/twin.out", "a"), stderr=subprocess.STDOUT)
    try:
        for _ in range(400):
            if os.path.exists(port):
                break
            time.sleep(0.02)
        yield Running("https://localhost:" + open(port).read(), log)
    finally:
        p.kill()
        p.wait()


def connector(entry, call, *args, stdin="", seconds=30, cancel_after=None, timeout=None, catalog=False):
    """Runs one call; gives its lines and how long it took."""
    path = WORK + "/entry.json"
    json.dump(dict(entry, ca_file=WORK + "/ca/good-ca.pem"), open(path, "w"))
    env = dict(os.environ, MW_SECONDS=str(seconds), TWIN_SECRET=entry.get("_secret", ""), TWIN_WRITE=entry.get("_write", ""), no_proxy="*")
    env.pop("MW_CANCEL_AFTER", None)
    if catalog:
        env["MW_CATALOG"] = "1"
    if cancel_after is not None:
        env["MW_CANCEL_AFTER"] = str(cancel_after)
    start = time.monotonic()
    r = subprocess.run([CONNECTOR, path, call, *args], input=stdin if isinstance(stdin, str) else json.dumps(stdin), capture_output=True, text=True, env=env,
                       errors="surrogateescape", timeout=timeout or seconds + 10)
    took = time.monotonic() - start
    return [json.loads(line) for line in r.stdout.split("\n") if line], took, r.stderr


def of(lines, key):
    return next((x[key] for x in lines if key in x), None)


def key_of(row, identity="raw"):
    if "cols" in row:
        return tuple(row["cols"])
    if "graph" in row:  # a node, or the nodes of a path
        path = row["graph"].get("path") or [row["graph"]["node"]]
        return tuple(n["id"] for n in path[::2])
    return (row["dataset"], row[identity])


def rows_of(lines, identity="raw"):
    return [key_of(x, identity) for x in lines if "cols" in x or "graph" in x or "uid" in x and "raw" in x and "finding" not in x]


def reference(plan, identity="raw"):
    r = subprocess.run([TWIN, "rows", LAKE], input=json.dumps(plan), capture_output=True, text=True, errors="surrogateescape", check=True)
    return rows_of([json.loads(line) for line in r.stdout.split("\n") if line], identity)


# ---- plans that every platform is asked

def search(**s):
    return {"steps": [dict(kind="search", **s)]}


def cmp(field, op, *values):
    if op == "exists":
        return {"field": field, "op": op}
    return {"field": field, "op": op, "value": values[0]} if len(values) == 1 else {"field": field, "op": op, "values": list(values)}


DAY = {"from": "2026-11-23T09:00:00Z", "to": "2026-11-23T15:00:00Z"}
PLANS = [
    ("console logins", search(datasets=["cloudtrail"], where=cmp("api.operation", "is", "consolelogin"), **DAY)),
    ("writes to keys, newest first", search(datasets=["cloudtrail"], where=cmp("api.operation", "in", "CreateAccessKey", "DeleteAccessKey", "PutObject"),
                                            sort=[{"column": "time", "desc": True}], limit=50, **DAY)),
    ("reads that are no Describe", search(datasets=["cloudtrail"], where={"all": [{"not": cmp("api.operation", "starts", "Describe")},
                                                                                  cmp("api.operation", "contains", "Get")]}, limit=300, **DAY)),
    ("top operations", search(datasets=["cloudtrail"], by=["api.operation"], stats=[{"fn": "count"}], limit=10, **DAY)),
    ("events an hour", search(datasets=["cloudtrail"], span="1h", stats=[{"fn": "count"}], **DAY)),
    ("addresses of a user", search(datasets=["cloudtrail"], by=["src_endpoint.ip"], where=cmp("src_endpoint.ip", "exists"), **DAY)),
    ("users and first sight", search(datasets=["cloudtrail"], by=["actor.user.name"], stats=[{"fn": "count"}, {"fn": "first"}], limit=20, **DAY)),
    ("a network", search(datasets=["cloudtrail"], where=cmp("src_endpoint.ip", "cidr", "10.0.0.0/8"), limit=100, **DAY)),
    ("an expression", search(datasets=["cloudtrail"], where=cmp("api.operation", "regex", "^(Create|Delete).*Key"), **DAY)),
    ("a literal star", search(datasets=["cloudtrail"], where=cmp("api.operation", "is", "Get*"), **DAY)),
    ("text of the record", search(datasets=["cloudtrail"], where={"op": "text", "value": "AccessDenied"}, limit=100, **DAY)),
    ("a field without a name there", search(datasets=["cloudtrail"], where={"all": [cmp("mw.write", "is", "true"), cmp("api.service.name", "is", "iam")]}, **DAY)),
    ("none", search(datasets=["cloudtrail"], where=cmp("actor.user.name", "is", "nobody-of-that-name"), **DAY)),
    ("a login, then a key", search(datasets=["cloudtrail"], sequence={"stages": [cmp("api.operation", "is", "ConsoleLogin"), cmp("api.operation", "is", "CreateAccessKey")],
                                                                       "by": "actor.user.name", "within": "12h"}, **DAY)),
]


def same_rows(vendor, module):
    good, bad, identity = 0, [], getattr(module, "IDENTITY", "raw")
    plans = PLANS if LONG else random.Random(vendor).sample(PLANS, 8)
    with twin(vendor, options=module.OPTIONS) as t:
        for name, plan in plans:
            want = reference(plan, identity)
            lines, _, err = connector(module.entry(t.base), "run", stdin=plan, catalog=True)
            strict = [x for x in t.log() if x["strict"]]
            got = rows_of(lines, identity)
            ordered = "cols" in json.dumps(lines[:3]) or plan["steps"][0].get("sort")
            ok = (got == want if ordered else sorted(map(str, got)) == sorted(map(str, want))) and not strict and not of(lines, "error")
            good += ok
            if not ok:
                bad.append(f"{name}: {len(got)} rows, {len(want)} wanted; {of(lines, 'error') or ''} {of(lines, 'done') or ''} {strict[:2]} {err}"
                           f"\n  got  {[r for r in got if r not in want][:3]}\n  want {[r for r in want if r not in got][:3]}")
    say(not bad, f"{vendor}: {good} of {len(plans)} plans give the rows of the embedded lake", "\n".join(bad))


# ---- names that the platform does not have

USER = {"splunk": "user", "sentinel": "UserIdentityUserName", "qradar": "username", "opensearch": "user.name", "clickhouse": "actor_user_name"}
SEARCHES = {"splunk": "/jobs", "sentinel": "/query", "qradar": "/ariel/searches", "opensearch": "_search", "clickhouse": "\nFROM"}


def catalogue(vendor, module):
    """A field that is not there is an answer in words before anything is sent, or is looked for in the records."""
    if vendor not in USER:
        return
    name, identity = USER[vendor], getattr(module, "IDENTITY", "raw")
    alone = search(datasets=["cloudtrail"], where=cmp("actor.user.name", "is", "alice"), **DAY)
    both = search(datasets=["cloudtrail"], where={"all": [cmp("api.operation", "is", "consolelogin"), cmp("actor.user.name", "exists")]}, **DAY)
    without = search(datasets=["cloudtrail"], where={"all": [cmp("api.operation", "is", "consolelogin"), {"not": cmp("actor.user.name", "is", "nobody")}]}, **DAY)
    with twin(vendor, options=dict(module.OPTIONS, lacks=[name])) as t:
        refused, _, err = connector(module.entry(t.base), "search", stdin=alone, catalog=True)
        sent = [x for x in t.log() if SEARCHES[vendor] in x["path"] + x["body"] and "fieldsummary" not in str(x["form"])
                and "/control" not in x["path"] and x["method"] == "POST"]
        wider, _, _ = connector(module.entry(t.base), "run", stdin=both, catalog=True)
        kept, _, _ = connector(module.entry(t.base), "run", stdin=without, catalog=True)
    error = of(refused, "error") or {}
    say(error.get("code") == "not_found" and name in error["what"] and "Nothing was sent" in error["what"] and not sent,
        f"{vendor}: a field that it does not have is refused before anything is sent", (refused, sent, err))
    if identity == "uid":
        say((of(wider, "error") or {}).get("code") == "not_found", f"{vendor}: nor with another condition, since its rows are its columns", wider)
    else:
        say(sorted(map(str, rows_of(wider))) == sorted(map(str, reference(both))) and name in (of(wider, "done") or {}).get("fields", ""),
            f"{vendor}: beside another condition it is looked for in the records, and said", wider[-2:])
    # Twins without the column give rows without the value, which `not` keeps.
    say(not of(kept, "error") and rows_of(kept, identity), f"{vendor}: under not it does not matter", kept[-2:])


# ---- the fault matrix

KINDS = ("401 403 404 409 429 429-retry-after 500 502 503 truncated invalid-json content-type ten-times drip stall reset "
         "token-expires dup-page cursor-loop clock-skew dns bad-certificate expired-certificate wrong-host").split()


def run_fault(vendor, module, kind):
    """One cell: what came of it. Rows must be a part of the right ones without doubles; with all of them, or an error or `partial` that says why."""
    # Long enough for a slow machine, short where the deadline is what is to end it.
    plan, seconds = module.FAULT_PLAN, 6 if kind in ("drip", "stall") else 25
    identity = getattr(module, "IDENTITY", "raw")
    want = reference(plan, identity)
    cert = {"bad-certificate": "untrusted", "expired-certificate": "expired", "wrong-host": "wronghost"}.get(kind, "ok")
    on = module.FAULT_ON.get(kind, module.FAULT_ON["*"])
    fault = dict(on, kind=kind) if kind not in ("dns", "bad-certificate", "expired-certificate", "wrong-host") else None
    with twin(vendor, fault=fault, options=module.FAULT_OPTIONS, cert=cert) as t:
        base = "https://no-such-host.invalid" if kind == "dns" else t.base
        try:
            lines, took, err = connector(module.entry(base), "search", stdin=plan, seconds=seconds, timeout=seconds + 6)
        except subprocess.TimeoutExpired:
            return "HANG", "no answer long after the deadline", False
    got, done, error = rows_of(lines, identity), of(lines, "done") or {}, of(lines, "error")
    doubled = len(got) != len(set(got)) or any(g not in want for g in got)
    if error:
        return error["code"], error["what"], not got and bool(error["what"]) and took < seconds + 3 and not doubled
    if done.get("partial"):
        return "partial", f"{len(got)} of {len(want)} rows: {done['why']}", bool(done["why"]) and took < seconds + 3 and not doubled
    return "all rows", "", sorted(map(str, got)) == sorted(map(str, want))


def fault_matrix(vendors):
    rng = random.Random(os.environ.get("MW_SEED", "5"))
    kinds = KINDS if LONG else rng.sample(KINDS, 5)
    cells, bad = {}, []
    for vendor, module in vendors:
        for kind in kinds:
            outcome, text, ok = run_fault(vendor, module, kind)
            expected = module.OUTCOMES.get(kind)
            if expected and outcome not in expected:
                ok = False
            cells[vendor, kind] = outcome
            print(f"# {vendor:<11} {kind:<20} {outcome:<10} {text[:230]}", flush=True)
            if not ok:
                bad.append(f"{vendor} x {kind}: {outcome} (wanted {expected}): {text}")
    print("# " + "fault".ljust(20) + "".join(v.ljust(12) for v, _ in vendors))
    for kind in kinds:
        print("# " + kind.ljust(20) + "".join(cells[v, kind].ljust(12) for v, _ in vendors))
    say(not bad, f"faults: {len(cells)} cells, each with an outcome that says what happened" + ("" if LONG else " (a sample; MW_LONG: all)"), "\n".join(bad))


def main():
    import importlib
    names = sys.argv[3:] or sorted(os.path.basename(f)[6:-3] for f in glob.glob(HERE + "/check_[a-z]*.py") if os.path.exists(HERE + "/twins/" + os.path.basename(f)[6:]))
    make_certificates()
    make_lake()
    vendors = [(n, importlib.import_module("check_" + n)) for n in names]
    for name, module in vendors:
        if not os.environ.get("MW_FAULTS_ONLY"):
            if getattr(module, "EVENTS", True):
                same_rows(name, module)
                catalogue(name, module)
            for fn in module.CHECKS:
                try:
                    fn(sys.modules["__main__"])
                except Exception as e:
                    import traceback
                    say(False, f"{name}: {fn.__name__}", traceback.format_exc())
    fault_matrix([(n, m) for n, m in vendors if hasattr(m, "FAULT_PLAN")])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
