#!/usr/bin/env python3
"""Every sentence that our own templates make over the demo, judged by our own checker: none may be struck.

usage: true_sentences.py MIDWATCH STATE [--full]        prints ok / not ok lines; the state is one of tools/demo.sh

Asked over the protocol: every incident, everything of its first entities (of some, without --full), and questions whose answers name few and
many values.
"""
import json, subprocess, sys

JUDGED = ("supported", "partly", "unsupported", "opinion")
QUESTIONS = ["failed logins", "denied calls", "who read secrets", "all events of yesterday", "dns queries", "events from the internet", "what was deleted",
             "high severity findings", "ssh logins", "process starts", "connections to port 443", "windows events", "kubernetes events", "errors by user",
             "first event", "last 5 events", "access keys created", "console logins", "buckets read", "who assumed roles"]


class Engine:
    def __init__(self, program, state):
        self.p = subprocess.Popen([program, "--state", state, "proxy"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.n, self.ended = 0, set()
        self.call("hello", {"proto": 1, "version": "test", "client": "true_sentences"})
        self.call("subscribe", {"session": "truth"})

    def read(self):
        line = self.p.stdout.readline()
        if not line:
            sys.exit("not ok the engine went away")
        o = json.loads(line)
        job = (o.get("params") or {}).get("job")
        if isinstance(job, dict) and job.get("state") in ("done", "failed", "cancelled"):
            self.ended.add(job["job"])
        return o

    def call(self, method, params):
        self.n += 1
        self.p.stdin.write((json.dumps({"jsonrpc": "2.0", "id": self.n, "method": method, "params": params}) + "\n").encode())
        self.p.stdin.flush()
        while True:
            o = self.read()
            if o.get("id") == self.n:
                return o.get("result") or {}

    def answer(self, method, params):
        job = self.call(method, params).get("job")
        while job:
            got = self.call("job.get", {"job": job})
            if got.get("state") in ("done", "failed", "cancelled"):
                return got
        return {}


def sentences(o, path, out):
    if isinstance(o, dict):
        if isinstance(o.get("text"), str) and o.get("status") in JUDGED:
            out.append((path, o))
        for k, v in o.items():
            sentences(v, f"{path}.{k}", out)
    elif isinstance(o, list):
        for v in o:
            sentences(v, path, out)


def main(program, state, full=None):
    engine, out, entities = Engine(program, state), [], {}
    for row in engine.call("queue.list", {"limit": 200}).get("rows", []):
        card = engine.call("incident.get", {"id": row["id"]})
        sentences(card, row["id"], out)
        for e in (card.get("entities") or [])[:4]:
            entities.setdefault(e, row["id"])
    cards = len(out)
    asked = list(entities.items())[:: 1 if full else 3]
    for e, incident in asked:
        field, _, value = e.partition("=")
        recipe = {"session": "truth", "recipe": "all-activity", "field": field, "value": value, "incident": incident}
        sentences(engine.answer("recipe.run", recipe), e, out)
        sentences(engine.answer("ask", {"session": "truth", "question": f"events of {value}", "run": True}), value, out)
    for q in QUESTIONS:
        sentences(engine.answer("ask", {"session": "truth", "question": q, "run": True}), q, out)
    struck = [(p, s) for p, s in out if s["status"] in ("partly", "unsupported")]
    print(f"# {cards} sentences of incidents, {len(out) - cards} of answers about {len(asked)} entities and {len(QUESTIONS)} questions; struck: {len(struck)}")
    for path, s in struck[:20]:
        print(f"# {path}: {json.dumps({k: s.get(k) for k in ('text', 'evidence', 'spans')})}")
    print("ok there are sentences enough to judge" if cards > 300 and len(out) > 500 else "not ok too few sentences: the walk does not reach them")
    print("not ok a true sentence of ours was struck" if struck else "ok none of our own sentences is struck")


main(*sys.argv[1:])
