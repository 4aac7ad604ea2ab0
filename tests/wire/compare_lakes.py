#!/usr/bin/env python3
"""The same questions to two engines: compare_lakes.py MIDWATCH EMBEDDED_STATE CLUSTER_STATE CLUSTER_CONFIG EMPTY_CONFIG < questions. Rows are compared without
their evidence ids, which are each store's own."""
import json, os, re, subprocess, sys

MW, OWN, CLUSTER, CONFIG, NONE = sys.argv[1:6]


def ask(state, config, question):
    words = ["recipe", *question[1:].split()] if question.startswith("!") else ["ask", question]
    env = dict(os.environ, MW_CONFIG=config)
    out = subprocess.run([MW, "--state", state, *words[:1], "--json", *words[1:]], capture_output=True, stdin=subprocess.DEVNULL, env=env, timeout=170).stdout
    try:
        return json.loads(out)
    except ValueError:
        return {"error": out.decode(errors="replace")[-300:]}


def plain(v):
    """What an answer says, without what is the store's own: ids, times of asking, the text that was sent."""
    if isinstance(v, dict):
        own = {"elapsed_ms", "sent", "evidence", "id", "ids", "source", "sources", "scanned", "offset", "cover", "first_id", "reach"}
        return {k: plain(x) for k, x in sorted(v.items()) if k not in own}
    if isinstance(v, list):
        return [plain(x) for x in v]
    return re.sub(r"ev:\d+", "ev", v) if isinstance(v, str) else v


def parts(a):
    rows = sorted(json.dumps(plain(r), sort_keys=True) for r in a.get("rows", []))
    return {"kind": a.get("result"), "reading": a.get("reading"), "plan": a.get("plan"), "rows": rows, "empty": a.get("empty"), "error": a.get("error")}


bad = total = empty = 0
for question in filter(None, map(str.strip, sys.stdin)):
    a, b = (parts(ask(s, c, question)) for s, c in ((OWN, NONE), (CLUSTER, CONFIG)))
    differ = [k for k in a if json.dumps(plain(a[k]), sort_keys=True) != json.dumps(plain(b[k]), sort_keys=True)]
    total += 1
    empty += not a["rows"]
    if differ or a["error"]:
        bad += 1
        print(f"# {question}: {differ}")
        for k in differ[:2]:
            print(f"#   embedded {str(plain(a[k]))[:300]}\n#   cluster  {str(plain(b[k]))[:300]}")
print(f"{'not ok' if bad or not total else 'ok'} {total - bad} of {total} questions have the same reading, rows and proofs in the cluster as in the embedded lake ({empty} without rows)")
sys.exit(bad > 0)
