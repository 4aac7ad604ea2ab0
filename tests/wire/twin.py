#!/usr/bin/env python3
"""A vendor's platform on loopback TLS, for tests: checks authentication, paths, parameters and bodies strictly, answers in the vendor's shapes
from the demo events (tool_twin), pages, throttles and fails like it. One framework; a vendor is a module in twins/ with a class Vendor.

  twin.py VENDOR --port-file F --lake DIR --tool TOOL_TWIN [--cert PEM --key PEM] [--log F] [--fault JSON] [--options JSON]
          [--port N] [--keep FILE]

--fault: {"on": REGEX of "METHOD path",
"nth": first match that fails (1), "times": how many (1; 0 always), "kind": see FAULTS, "retry_after": S}.
"""
import argparse, importlib, json, os, re, socket, ssl, struct, subprocess, sys, threading, time, urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.modules["twin"] = sys.modules[__name__]  # what twins/ import is this very module


class Refused(Exception):
    """What the vendor would refuse, with its status. strict: it was our fault, the test is to fail."""

    def __init__(self, status, text, code=None, headers=None, strict=True):
        super().__init__(text)
        self.status, self.text, self.code, self.headers, self.strict = status, text, code, headers or {}, strict


class Reply:
    def __init__(self, body=b"", status=200, ctype="application/json", headers=None):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body, ensure_ascii=False)
        self.body = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else body
        self.status, self.ctype, self.headers = status, ctype, dict(headers or {})


def route(method, path, query=(), form=None, need=(), ctype=None):
    """query, form: the parameters that may come; need: those that must. ctype: what the body must be."""

    def wrap(fn):
        fn.route = (method, re.compile("^" + path + "$"), set(query), None if form is None else set(form), set(need), ctype)
        return fn

    return wrap


class Question:
    def __init__(self, method, target, headers, body):
        self.method, self.headers, self.body = method, headers, body
        self.path, _, self.raw_query = target.partition("?")
        self.query = self.pairs(self.raw_query)
        self.form, self.groups = {}, ()

    @staticmethod
    def pairs(text):
        out = {}
        for key, value in urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
            out.setdefault(key, []).append(value)
        return out

    def arg(self, key, default=None):
        return (self.form.get(key) or self.query.get(key) or [default])[0]

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError as e:
            raise Refused(400, f"the body is no JSON: {e}")


class Lake:
    """The demo events, asked by texts of the platform's own language."""

    def __init__(self, tool, folder):
        self.lock, self.folder = threading.Lock(), folder
        self.p = subprocess.Popen([tool, "serve", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE) if tool else None

    def ask(self, lang, text, **more):
        q = dict(more, lang=lang, text=text)
        rows = []
        with self.lock:
            self.p.stdin.write(json.dumps(q).encode() + b"\n")
            self.p.stdin.flush()
            while True:
                line = json.loads(self.p.stdout.readline())
                if "row" not in line:
                    break
                rows.append(line["row"])
        if "error" in line:
            raise Refused(400, line["error"])
        return rows, line["end"]


class Columns(dict):
    """The names that a vendor has for our fields, with the field's type; the option `lacks` takes some away."""

    def __init__(self, twin, lang, **more):
        rows, _ = twin.lake.ask(lang, "", columns=True, **more)
        inner = lambda s: re.sub(r'^[A-Z0-9]+\(|[")]', "", s) if lang == "aql" else s.replace(".", "_") if lang == "sql" else s
        super().__init__({inner(r["name"]): r["type"] for r in rows if inner(r["name"]) not in twin.options.get("lacks", ())})


class Twin:
    """What a vendor's class stands on: its routes, and state of its own."""

    error_type = "application/json"

    kept = ()  # names of what outlives it, with --keep

    def __init__(self, lake):
        self.lake, self.lock, self.options = lake, threading.Lock(), {}
        self.routes = [getattr(self, n) for n in dir(self) if hasattr(getattr(self, n), "route")]

    def check_auth(self, q):
        raise NotImplementedError

    def error(self, status, text, code=None):
        """The vendor's shape of an error: bytes or a value."""
        return {"message": text}

    def error_reply(self, e):
        return Reply(self.error(e.status, e.text, e.code), e.status, self.error_type, e.headers)

    def answer(self, q):
        known = False
        if q.method in ("POST", "PUT") and q.headers.get("Content-Length") is None:
            raise Refused(411, "Length Required")
        for fn in self.routes:
            method, path, query, form, need, ctype = fn.route
            m = path.match(q.path)
            if not m or (method != q.method and not (method == "POST?" and q.method in ("GET", "POST"))):
                known = known or bool(m)
                continue
            q.groups = m.groups()
            if form is not None:
                if q.method == "POST" and q.body and q.headers.get("Content-Type") != "application/x-www-form-urlencoded":
                    raise Refused(415, f"Content-Type {q.headers.get('Content-Type')} is no form")
                q.form = Question.pairs(q.body.decode())
                self.only(q.form, form)
            if ctype and (q.headers.get("Content-Type") or "") != ctype:
                raise Refused(415, f"Content-Type {q.headers.get('Content-Type')}, not {ctype}")
            self.only(q.query, query)
            for key in need:
                if q.arg(key) is None:
                    raise Refused(400, f"{key} is missing")
            if not q.path.startswith("/twin/"):
                self.check_auth(q)
            return fn(q)
        raise Refused(405 if known else 404, f"no {q.method} {q.path} here")

    @staticmethod
    def only(got, allowed):
        for key in got:
            if key not in allowed and not any(a.endswith("*") and key.startswith(a[:-1]) for a in allowed):
                raise Refused(400, f"unknown parameter {key}")


# ---- faults

FAULTS = ("401 403 404 409 429 429-retry-after 500 502 503 truncated invalid-json content-type ten-times drip stall reset "
          "token-expires dup-page cursor-loop clock-skew").split()


class Fault:
    def __init__(self, spec):
        self.spec = spec or {}
        self.kind = self.spec.get("kind")
        self.on = re.compile(self.spec.get("on", "."))
        self.seen, self.hit, self.last = 0, 0, {}

    def due(self, q):
        """Whether this request is one that fails."""
        if not self.kind or not self.on.search(f"{q.method} {q.path}"):
            return False
        self.seen += 1
        nth, times = self.spec.get("nth", 1), self.spec.get("times", 1)
        if self.seen < nth or (times and self.seen >= nth + times):
            return False
        self.hit += 1
        return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "twin", ""

    def log_message(self, *a):
        pass

    def note(self, q, status, strict=None):
        if self.server.log:
            with self.server.twin.lock:
                self.server.log.write(json.dumps({"method": q.method, "path": q.path, "query": q.query, "form": q.form, "status": status,
                                                  "body": q.body[:2000].decode("latin1"), "strict": strict}) + "\n")
                self.server.log.flush()

    def date_time_string(self, timestamp=None):
        skew = 3600 if self.server.fault.kind == "clock-skew" else 0
        return formatdate(time.time() + skew, usegmt=True)

    def send(self, r, cut=None):
        self.send_response(r.status)
        if r.status != 204:
            self.send_header("Content-Type", r.ctype)
        for k, v in r.headers.items():
            for one in v if isinstance(v, list) else [v]:
                self.send_header(k, one)
        if r.status != 204:
            self.send_header("Content-Length", str(len(r.body)))
        self.end_headers()
        self.wfile.write(r.body if cut is None else r.body[:cut])
        self.wfile.flush()

    def drop(self):
        """A reset, not an orderly end."""
        s = self.connection
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        os.close(s.detach())

    def reply(self, q):
        twin = self.server.twin
        try:
            return twin.answer(q), None
        except Refused as e:
            return twin.error_reply(e), e.text if e.strict else None
        except Exception as e:  # a twin's own bug must not look like the vendor
            import traceback
            traceback.print_exc()
            return Reply(f"TWIN BROKEN: {e!r}", 599, "text/plain"), repr(e)

    def fail(self, q, f):
        """Acts the fault out. True where nothing more is to be sent."""
        twin, kind = self.server.twin, f.kind
        if kind[:3].isdigit():
            headers = {"Retry-After": str(f.spec.get("retry_after", 1))} if kind == "429-retry-after" else {}
            status = int(kind[:3])
            self.send(twin.error_reply(Refused(status, f"injected {status}", headers=headers)))
            self.note(q, status)
            return True
        if kind == "reset":
            self.note(q, 0)
            self.drop()
            return True
        if kind == "stall":
            self.note(q, 0)
            time.sleep(f.spec.get("seconds", 60))
            return True
        if kind == "token-expires":
            twin.expire_token()
            return False
        r, _ = self.reply(q)
        if kind in ("dup-page", "cursor-loop") and f.last.get("reply"):
            r = f.last["reply"]
        self.note(q, r.status)
        if kind == "truncated":
            self.send(r, max(len(r.body) // 2, 1))
            self.drop()
        elif kind == "invalid-json":
            half = len(r.body) // 2
            self.send(Reply(r.body[:half] + b'\x01{"]' + r.body[half:], r.status, r.ctype, r.headers))
        elif kind == "content-type":
            self.send(Reply("<html><title>Sign in</title><body>Please log in.</body></html>", 200, "text/html"))
        elif kind == "ten-times":
            self.send(Reply(r.body + b" " * 9 * len(r.body), r.status, r.ctype, r.headers))
        elif kind == "drip":
            self.send(r, 0)
            for i in range(0, len(r.body)):
                time.sleep(0.1)
                self.wfile.write(r.body[i:i + 1])
                self.wfile.flush()
        else:
            self.send(r)
        return True

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        q, f = Question(self.command, self.path, self.headers, body), self.server.fault
        try:
            if f.due(q) and f.kind != "clock-skew" and self.fail(q, f):
                return
            r, strict = self.reply(q)
            if f.kind in ("dup-page", "cursor-loop") and f.on.search(f"{q.method} {q.path}"):
                f.last["reply"] = r
            self.note(q, r.status, strict)
            if self.server.keep:
                self.server.save()
            self.send(r)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = serve


class Server(ThreadingHTTPServer):
    daemon_threads = True
    keep, saving = None, threading.Lock()

    def save(self):
        """What changes there outlives the twin, as it would outlive a platform's restart; tests look at it."""
        with self.saving:
            with open(self.keep + ".tmp", "w") as f:
                json.dump({name: getattr(self.twin, name) for name in self.twin.kept}, f)
            os.rename(self.keep + ".tmp", self.keep)

    def handle_error(self, request, client_address):
        pass


def main():
    a = argparse.ArgumentParser()
    a.add_argument("vendor")
    for name in ("port-file", "lake", "tool", "cert", "key", "log", "fault", "options", "port", "keep"):
        a.add_argument("--" + name)
    o = a.parse_args()
    vendor = importlib.import_module("twins." + o.vendor).Vendor
    server = Server(("127.0.0.1", int(o.port or 0)), Handler)
    server.twin = vendor(Lake(o.tool, o.lake))
    server.keep = o.keep
    if o.keep and os.path.exists(o.keep):
        with open(o.keep) as f:
            vars(server.twin).update(json.load(f))
    server.twin.options = json.loads(o.options or "{}")
    server.twin.base = f"https://localhost:{server.server_address[1]}"
    server.fault = Fault(json.loads(o.fault) if o.fault else None)
    server.log = open(o.log, "a" if o.keep else "w") if o.log else None
    if o.cert:
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(o.cert, o.key)
        server.socket = ctx.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with open(o.port_file + ".tmp", "w") as f:
        f.write(str(server.server_address[1]))
    os.rename(o.port_file + ".tmp", o.port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
