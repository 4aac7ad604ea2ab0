#!/usr/bin/env bash
# A row of the bench: how long the planner takes for a question, over the questions of tests/ask/questions.jsonl and the sample logs
# that they are about (catalogue in memory, so that nothing but the planner is measured). Target: p95 below 1 ms.
set -u
build=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
shared=${MW_SHARED:-$top/../shared}
if [ ! -d "$shared/data/events" ]; then
	echo "skipped: no ../shared" >&2
	exit 0
fi
python3 - "$build/tests/ask/tool_ask" "$top/tests/ask/questions.jsonl" "$shared/data/events/" <<'P'
import collections
import json
import subprocess
import sys

tool, questions, root = sys.argv[1:4]
groups = collections.OrderedDict()
for line in open(questions, encoding="utf-8"):
    q = json.loads(line)
    groups.setdefault(tuple(q["files"]), []).append({"id": "q", "question": q["question"], "now": q["now"], "fresh": True})
us = []
for files, qs in groups.items():
    text = "".join(json.dumps(q) + "\n" for q in qs)
    p = subprocess.run([tool] + [root + f for f in files], input=text, capture_output=True, text=True)
    us += [json.loads(line).get("read_us", 0) for line in p.stdout.splitlines()]
us.sort()
if us:
    print("planner, p95 of %d questions|%.2f ms|||1 ms" % (len(us), us[int(0.95 * (len(us) - 1))] / 1000))
    print("planner, median|%.2f ms|||" % (us[len(us) // 2] / 1000))
P
