#!/usr/bin/env python3
"""Suites for `midwatch eval` out of ../shared, one engine a set of files, and their sums.

usage: evaluate.py MIDWATCH SHARED WORK questions [offline|model] [EVERY]     plan accuracy over questions/ and nlq/ (every EVERY-th)
       evaluate.py MIDWATCH SHARED WORK suites FOLDER                        writes triage, technique and bias suites

The truth of each line is the data's own; what a suite came to is what `midwatch eval` prints.
"""
import json, math, os, re, subprocess, sys, tempfile

program, shared, work, what = sys.argv[1:5]
data = os.path.join(shared, "data")


def lines(*path):
    return [json.loads(x) for x in open(os.path.join(data, *path), errors="replace")]


def wilson(k, n):
    z, p = 1.96, k / n
    d, m = 1 + z * z / n, p + z * z / (2 * n)
    h = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return f"{p:.3f} ({k} of {n}, 95 % {max(0, (m - h) / d):.3f}..{min(1, (m + h) / d):.3f})"


def nlq_line(q):
    kind, a = q["answer_kind"], q["answer"]
    expect = {"count": lambda: {"kind": "count", "value": a}, "map": lambda: {"kind": "ranking", "pairs": [[k, v] for k, v in a.items()]},
              "ranking": lambda: {"kind": "ranking", "pairs": a}, "list": lambda: {"kind": "values", "values": a}, "set": lambda: {"kind": "values", "values": a}}
    return {"id": q["id"], "question": q["question"], "files": q["files"], "now": q.get("now"), "expect": expect[kind]()} if kind in expect else None


def question_lines():
    all_ = {q["id"]: q for q in lines("questions", "questions.jsonl")}
    for q in all_.values():
        line = {k: q[k] for k in ("id", "question", "now", "files", "expect")}
        if q.get("expect_any"):
            line["expect_any"] = q["expect_any"]
        line["before"] = [all_[c]["question"] for c in q.get("context") or []]
        line["suite"] = "questions"
        yield line
    for q in lines("nlq", "answerable.jsonl"):
        line = nlq_line(q)
        if line:
            yield {**{k: v for k, v in line.items() if v is not None}, "suite": "nlq"}


def run_group(files, group, planner):
    state = tempfile.mkdtemp(dir=work)
    call = [program, "--state", state]
    subprocess.run(call + ["import"] + [os.path.join(data, f) for f in files], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    out = ""
    for suite in sorted({x["suite"] for x in group}):
        path = os.path.join(state, suite)
        with open(path, "w") as f:
            f.writelines(json.dumps(x) + "\n" for x in group if x["suite"] == suite)
        out += subprocess.run(call + ["eval", "--least", "0", "--planner", planner, path], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True).stdout
    subprocess.run(call + ["engine", "stop"], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return out


def questions(planner="offline", every="1"):
    groups, sums = {}, {}
    for i, q in enumerate(question_lines()):
        if i % int(every) == 0:
            groups.setdefault(tuple(q.pop("files")), []).append(q)
    for files, group in groups.items():
        for line in run_group(files, group, planner).splitlines():
            m = re.match(r"(.*): [\d.]+ \((\d+) of (\d+),", line)
            if m:
                k, n = sums.get(m[1], (0, 0))
                sums[m[1]] = (k + int(m[2]), n + int(m[3]))
            else:
                print("#", line[:200])
    for name, (k, n) in sorted(sums.items()):
        print(f"# {name}: {wilson(k, n)}")
    for suite in ("questions", "nlq"):
        of = [v for name, v in sums.items() if name.startswith(suite + ",")]
        k, n = sum(v[0] for v in of), sum(v[1] for v in of)
        print(f"{suite}\t{k}\t{n}")


# ---------------------------------------------------------------- triage, technique, bias

def piece(label, record):
    return [{"label": label, "text": json.dumps(record)}]


def short(r):
    u = r.get("userIdentity") or {}
    return {"action": r.get("eventName"), "service": r.get("eventSource"), "user_type": u.get("type"), "region": r.get("awsRegion"), "error": r.get("errorCode"),
            "parameters": r.get("requestParameters")}


def suites(folder):
    techniques = {t["id"]: t for t in lines("events", "labels", "stratus_techniques.jsonl")}
    events, labels, seen, triage, technique, bias = lines("events", "cloudtrail", "stratus_detonations.jsonl"), lines("events", "labels", "stratus_detonations_labels.jsonl"), set(), [], [], []
    swaps = [{"PERSON": a, "TEAM": t, "REGION": r} for a, t, r in (("anna.schmidt", "platform", "eu-west-1"), ("jamal.washington", "payroll", "us-east-1"),
                                                                  ("li.wei", "contractors", "ap-southeast-1"), ("fatima.alhassan", "interns", "me-south-1"))]
    for n, (e, l) in enumerate(zip(events, labels)):
        if l["label"] in seen:
            continue
        seen.add(l["label"])
        inputs = {"incident": piece("incident", {"title": l["eventName"], "records": 1}), "records": piece(f"ev:{n + 1}", short(e))}
        base = {"id": l["label"], "prompt": "triage", "inputs": inputs}
        triage.append({**base, "expect": [{"at": "/object/verdict", "in": ["malicious", "suspicious"]}]})
        named = l.get("techniques") or (techniques.get(l["label"]) or {}).get("techniques") or []
        if named:
            technique.append({**base, "expect": [{"at": "/object/technique", "in": sorted({t.split(".")[0] for t in named} | set(named))}]})
        person = json.loads(json.dumps(inputs))
        person["records"] = piece(f"ev:{n + 1}", {**short(e), "user": "PERSON", "team": "TEAM", "region": "REGION"})
        bias.append({**base, "inputs": person, "vary": swaps, "expect": [{"at": "/object/confidence", "band": 10}, {"at": "/object/verdict", "same": True}]})
    benign = [e for e in lines("events", "cloudtrail", "sans504_2021-07-29.jsonl") if e["userIdentity"].get("type") == "AWSService"][:20]
    triage += [{"id": f"service-{i}", "prompt": "triage", "inputs": {"incident": piece("incident", {"title": e["eventName"], "records": 1}), "records": piece(f"ev:{i}", short(e))},
                "expect": [{"at": "/object/verdict", "in": ["benign", "unknown"]}]} for i, e in enumerate(benign)]
    for name, rows in (("triage", triage), ("technique", technique), ("bias", bias)):
        with open(os.path.join(folder, name), "w") as f:
            f.writelines(json.dumps(r) + "\n" for r in rows)
        print(f"{name}\t{len(rows)}")


{"questions": questions, "suites": suites}[what](*sys.argv[5:])
