"""How long a model's first token takes from its arrival to a client, and what a call costs beside the model: model_latency.py MIDWATCH STATE_DIR.
The model is this script, on loopback; it writes the time of sending into what it sends. Prints figures; exit 1 over 50 ms."""
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

mw, state = sys.argv[1:3]
served = []


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def do_POST(self):
        begin = time.monotonic()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        slow = "tools" in body
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()

        def chunk(delta, finish=None):
            self.wfile.write(b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).encode() + b"\n\n")
            self.wfile.flush()

        if slow:
            for i in range(4):
                time.sleep(0.1)
                chunk({"content": f"[{time.monotonic_ns()}]"})
            args = json.dumps({"question": "which one?"})
            chunk({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "ask_back", "arguments": args}}]})
        else:
            chunk({"content": json.dumps({"verdict": "unknown", "confidence": 1, "technique": "", "evidence": [], "why": "x"})})
        chunk({}, "tool_calls" if slow else "stop")
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True
        served.append(time.monotonic() - begin)


server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()
conf = os.path.join(state, "latency.yaml")
with open(conf, "w") as f:
    f.write(f"models:\n  - {{name: here, kind: openai, url: 'http://127.0.0.1:{server.server_port}', model: m}}\n")
env = dict(os.environ, MW_CONFIG=conf)
subprocess.run([mw, "--state", state, "engine", "stop"], env=env, stdin=subprocess.DEVNULL, capture_output=True)
subprocess.run([mw, "--state", state, "engine", "status"], env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
s = socket.socket(socket.AF_UNIX)
s.connect(os.path.join(state, "engine.sock"))
f = s.makefile("r")
last = 0


def call(method, params, news=None):
    global last
    last += 1
    s.sendall(json.dumps({"jsonrpc": "2.0", "id": last, "method": method, "params": params}).encode() + b"\n")
    while True:
        m = json.loads(f.readline())
        now = time.monotonic_ns()
        if m.get("id") == last:
            return m
        if news and m.get("method") == "model.part":
            news(now, m["params"])


call("hello", {"proto": 1, "version": "x", "client": "latency"})
call("subscribe", {})
firsts = []
for i in range(12):
    seen = []
    call("ask", {"session": f"latency-{i}", "question": "whodunnit with the gizmos"}, lambda now, p: seen.append((now, p["text"])))
    for now, text in seen:
        if "[" in text:
            firsts.append((now - int(text[text.index("[") + 1:text.index("]")])) / 1e6)
            break
inputs = {"incident": [{"label": "incident", "text": "{}"}], "records": [{"label": "ev:1", "text": "{}"}]}
over = []
for i in range(30):
    begin = time.monotonic()
    r = call("model.try", {"prompt": "triage", "inputs": inputs})
    assert "result" in r, r
    over.append((time.monotonic() - begin - served[-1]) * 1e3)
firsts, over = sorted(firsts[1:]), sorted(over[1:])
print(f"first token, sent to seen by a client: median {statistics.median(firsts):.1f} ms, worst {firsts[-1]:.1f} ms of {len(firsts)}")
print(f"a call beside the model (prompt, redaction, checks, records on disk): median {statistics.median(over):.1f} ms, 95th {over[int(len(over) * .95)]:.1f} ms of {len(over)}")
subprocess.run([mw, "--state", state, "engine", "stop"], env=env, stdin=subprocess.DEVNULL, capture_output=True)
sys.exit(not firsts or firsts[-1] > 50)
