#!/usr/bin/env python3
"""Asks the questions of own_questions.py through `midwatch ask --json` and compares with the answers computed there from the raw files.

  own.py MIDWATCH ROOT WORKDIR [--all]    --all also prints what is not compared (questions without a truth), for reading
"""
import collections
import datetime
import json
import os
import re
import shutil
import subprocess
import sys

import own_questions

TIME = re.compile(r"^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?Z?$")


def norm(v):
    s = str(v).strip()
    m = TIME.match(s)
    if m:
        return "t%d" % datetime.datetime(*(int(x or 0) for x in m.groups()), tzinfo=datetime.timezone.utc).timestamp()
    return s.casefold()


def unwrapped(root, work, f):
    """The path of a corpus' file: as it is, or the events of one kind out of a file of rule tests, each (by its own id, as the import does) once."""
    if isinstance(f, str):
        return os.path.join(root, f)
    path, log_type, keep = f
    out = os.path.join(work, log_type + ".jsonl")
    lines, seen = [], set()
    with open(os.path.join(root, path), encoding="utf-8") as fh:
        for line in fh:
            r = json.loads(line)
            if log_type in r["log_types"] and isinstance(r.get("event"), dict) and keep(r["event"]):
                text = json.dumps(r["event"], separators=(",", ":"))
                key = str(r["event"].get("uuid") or r["event"].get("_document_id") or text)
                if key not in seen:
                    seen.add(key)
                    lines.append(text)
    with open(out, "w", encoding="utf-8") as fh:
        fh.write("\n".join(lines) + "\n")
    return out


def load(files):
    out = []
    for f in files:
        with open(f, encoding="utf-8") as fh:
            for n, line in enumerate(fh, 1):
                if line.strip():
                    r = json.loads(line)
                    r["@id"] = "%s:%d" % (os.path.basename(f), n)
                    out.append(r)
    return out


def pairs(res):
    return [(norm(a), n) for a, n in res.get("pairs") or []]


def top_right(res, counter, n):
    got = pairs(res) or [(norm(v), None) for v in res.get("values") or []]
    want = collections.Counter({norm(k): c for k, c in counter.items() if k not in (None, "")})
    best = [c for _, c in want.most_common(n)]
    if n == 1:  # what ties with the first may all be named
        return bool(got) and all(want.get(k) == best[0] for k, _ in got)
    return [want.get(k) for k, _ in got] == best and len({k for k, _ in got}) == len(got)


def fits(want, res):
    kind = res.get("kind")
    if isinstance(want, int):
        return kind == "count" and res.get("value") == want
    if isinstance(want, list):
        return kind == "events" and sorted(res.get("ids") or []) == sorted(r["@id"] for r in want) if want else kind == "empty"
    if want[0] == "vals":
        got = {norm(v) for v in res.get("values") or []} if kind == "values" else {p[0] for p in pairs(res)}
        return got == {norm(v) for v in want[1]} if want[1] else kind == "empty"
    if want[0] == "rank":
        return kind == "ranking" and {k: n for k, n in pairs(res) if n} == {norm(k): n for k, n in want[1].items() if k not in (None, "")}
    if want[0] == "top":
        return top_right(res, want[1], want[2])
    if want[0] == "empty":
        return kind == "empty" and res.get("reason") in (want[1], "not_logged" if want[1] == "truly_none" else want[1])
    return kind == "clarify"


def readings(want):
    """A list of records is one reading; a list of anything else is several."""
    several = isinstance(want, list) and want and not isinstance(want[0], dict)
    return want if several else [want]


def ask(mw, state, now, session, question):
    cmd = [mw, "--state", state, "ask", "--json", "--now", now, "--session", session, question]
    p = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    try:
        return json.loads(p.stdout.decode("utf-8", "replace"))
    except ValueError:
        return {"error": p.stderr.decode("utf-8", "replace")}


def chosen(questions):
    """All of them with MW_LONG or OWN_FROM=N (from the Nth on); else every third conversation, from another start each day."""
    if os.environ.get("MW_LONG") or os.environ.get("OWN_FROM"):
        return questions[int(os.environ.get("OWN_FROM") or 0):]
    talks = []
    for q in questions:
        talks.append([q]) if not q[1].startswith("> ") else talks[-1].append(q)
    start = int(os.environ.get("MW_SEED") or datetime.date.today().toordinal()) % 3
    return [q for t in talks[start::3] for q in t]


def main():
    mw, root, work = sys.argv[1:4]
    read_all = "--all" in sys.argv
    good = n = confident = 0
    states = {}
    session = 0
    for corpus, question, oracle in chosen(own_questions.QUESTIONS):
        name, files, now = corpus
        if name not in states:
            state = os.path.join(work, name)
            os.makedirs(state, mode=0o700)
            paths = [unwrapped(root, work, f) for f in files]
            subprocess.run([mw, "--state", state, "import"] + paths, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
            states[name] = (state, load(paths))
        state, records = states[name]
        follows = question.startswith("> ")
        session += not follows
        out = ask(mw, state, now, "own-%d" % session, question[2:] if follows else question)
        res = out.get("result") or {}
        want = oracle(records) if oracle else None
        if want is None:
            if read_all:
                print("#? %s: %s\n#     %s\n#     %s" % (name, question, out.get("reading"), json.dumps(res)[:200]))
            continue
        wants = readings(want)
        ok = any(fits(w, res) for w in wants)
        n += 1
        good += ok
        confident += not ok and res.get("kind") != "clarify"
        print("%s own: %s: %s" % ("ok" if ok else "not ok", name, question))
        if not ok:
            print("#     read %s" % (out.get("reading") or res.get("clarify")))
            print("#     want %s" % str([w if not isinstance(w, list) else ("events", len(w), [r["@id"] for r in w[:4]]) for w in wants])[:400])
            print("#     got  %s %s" % (len(res.get("ids") or []), json.dumps(res)[:300]))
    for state, _ in states.values():
        subprocess.run([mw, "--state", state, "engine", "stop"], stdin=subprocess.DEVNULL, capture_output=True)
        shutil.rmtree(state, ignore_errors=True)
    print("# own questions: %d of %d right, %d of the others confident" % (good, n, confident))
    return good != n


if __name__ == "__main__":
    sys.exit(main())
