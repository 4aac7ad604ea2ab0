#!/usr/bin/env python3
"""Scores `midwatch ask --json` on a file of questions with answers: {"id", "question", "files", "answer_kind", "answer"}.

  answerable.py MIDWATCH QUESTIONS.jsonl ROOT WORKDIR

One state directory per set of files. What counts as right, by answer_kind:
  count    result.value is the number; a question for a number beside other things has it in result.value too
  ranking  result.pairs are these, in falling order of the counts
  map      value -> count: result.pairs as a set; value -> [values]: the lines of result.table
  set      result.values, or the values of result.pairs, are these; an empty set: an empty result
  rows     events asked for with their time or in order: result.ids are exactly the records with these cells, in this order. Otherwise
           the values are those of one column of the rows, and where the question says "how many", result.value is their number
"""
import collections
import json
import os
import re
import shutil
import subprocess
import sys


def run(cmd):
    p = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    return p.stdout.decode("utf-8", "replace")


def minute(v):
    return re.sub(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:00)?Z$", r"\1Z", str(v))


def records(root, files):
    out = {}
    for f in files:
        with open(os.path.join(root, f), encoding="utf-8") as fh:
            for n, line in enumerate(fh, 1):
                r = json.loads(line)
                out["%s:%d" % (os.path.basename(f), n)] = r
    return out


def leaves(v):
    if isinstance(v, dict):
        for x in v.values():
            yield from leaves(x)
    elif isinstance(v, list):
        for x in v:
            yield from leaves(x)
    else:
        yield v


def has_cells(record, row):
    have = set(map(str, leaves(record)))
    return all(c is None or str(c) in have for c in row)


def events_right(q, result, recs):
    """The same number of events, each with the cells of the row in its place (ties of time in any order)."""
    rows = q["answer"]
    got = [recs.get(i) for i in result.get("ids") or []]
    if len(got) != len(rows) or None in got:
        return False
    left = list(rows)
    for r in got:
        fit = next((x for x in left if has_cells(r, x)), None)
        if fit is None:
            return False
        left.remove(fit)
    times = [r.get("eventTime", "") for r in got]
    return times == sorted(times)


def values_of(result):
    return set(map(str, result.get("values") or [p[0] for p in result.get("pairs") or []]))


def rows_right(q, result, recs):
    ask = q["question"].lower()
    if re.search(r"\bwhen\b|\btime order\b", ask):
        return events_right(q, result, recs)
    if "how many" in ask and result.get("value") != len(q["answer"]):
        return False
    if result.get("kind") == "events":
        return events_right(q, result, recs)
    got = values_of(result)
    return any(got == set(map(str, c)) for c in zip(*q["answer"]))


def map_right(q, result):
    want = q["answer"]
    if not want:
        return result.get("kind") == "empty"
    if isinstance(next(iter(want.values())), list):
        lines = collections.defaultdict(set)
        for t in result.get("table") or []:
            lines[t[0]].add(t[1])
        return dict(lines) == {k: set(v) for k, v in want.items()}
    got = {minute(p[0]): p[1] for p in result.get("pairs") or []}
    return got == {minute(k): v for k, v in want.items()}


def right(q, result, recs):
    kind, want = q["answer_kind"], q["answer"]
    if kind == "count":
        return result.get("value") == want
    if kind == "ranking":
        pairs = result.get("pairs") or []
        return ([p[1] for p in pairs] == [p[1] for p in want]
                and sorted(map(tuple, pairs)) == sorted(map(tuple, want)))
    if kind == "map":
        return map_right(q, result)
    if kind == "set":
        return values_of(result) == set(map(str, want)) if want else result.get("kind") == "empty"
    return rows_right(q, result, recs)


def main():
    mw, questions, root, work = sys.argv[1:5]
    groups = collections.OrderedDict()
    for line in open(questions, encoding="utf-8"):
        q = json.loads(line)
        groups.setdefault(tuple(q["files"]), []).append(q)
    good = n = 0
    for i, (files, qs) in enumerate(groups.items()):
        state = os.path.join(work, "s%d" % i)
        os.makedirs(state, mode=0o700)
        cmd = [mw, "--state", state]
        run(cmd + ["import"] + [os.path.join(root, f) for f in files])
        recs = records(root, files)
        for q in qs:
            out = run(cmd + ["ask", "--json", q["question"]])
            try:
                result = json.loads(out)["result"]
            except (ValueError, KeyError):
                result = {}
            ok = right(q, result, recs)
            good += ok
            n += 1
            print("%s %s: %s" % ("ok" if ok else "not ok", q["id"], q["question"]))
            if not ok:
                print("#   want %s" % json.dumps(q["answer"])[:300])
                print("#   got  %s" % json.dumps(result)[:300])
        run(cmd + ["engine", "stop"])
        shutil.rmtree(state, ignore_errors=True)
    print("# answerable: %d of %d" % (good, n))
    return good != n


if __name__ == "__main__":
    sys.exit(main())
