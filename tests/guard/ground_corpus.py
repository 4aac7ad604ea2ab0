#!/usr/bin/env python3
"""Makes true sentences over real events, and lies out of them; has tool_ground judge them; counts by class.

usage: ground_corpus.py TOOL SHARED [--full] [--show N]      prints ok / not ok lines and the table

Shares no code with src/ground: it reads the raw JSON itself, knows nothing of the field table, and computes truth by counting records.
A scene is a run of consecutive records of one file; all of them are given, so that counts and universals can be checked.
"""
import json, os, random, re, subprocess, sys
from datetime import datetime, timedelta, timezone

import fresh
import hand

rng = random.Random(615)
MONTHS = "January February March April May June July August September October November December".split()


class Ev:
    """What a raw record says, read by this file's own rules."""

    def __init__(self, n, raw, kind):
        self.id, self.raw, self.kind = f"ev:{n}", raw, kind
        self.text = json.dumps(raw)
        getattr(self, kind)(raw)

    def cloudtrail(self, d):
        u = d.get("userIdentity") or {}
        arn = u.get("arn") or ""
        self.actor = u.get("userName") or (arn.split("/")[-1] if "/" in arn else None)
        self.arn, self.key = u.get("arn"), u.get("accessKeyId")
        self.action, self.ip, self.region = d.get("eventName"), d.get("sourceIPAddress"), d.get("awsRegion")
        self.account = d.get("recipientAccountId") or u.get("accountId")
        self.error = d.get("errorCode")
        self.denied = bool(self.error) and bool(re.search("denied|unauthorized", self.error, re.I))
        self.time = stamp(d.get("eventTime"))
        p = d.get("requestParameters") or {}
        self.target = next((str(p[k]) for k in ("bucketName", "roleName", "userName", "secretId", "instanceId", "groupName", "name", "trailName", "functionName") if isinstance(p.get(k), str) and p[k] != self.actor), None)
        self.service = d.get("eventSource")
        self.mfa = ((u.get("sessionContext") or {}).get("attributes") or {}).get("mfaAuthenticated")
        self.host, self.port = None, None
        if self.ip and not re.fullmatch(r"[\d.]+", self.ip):
            self.ip = None

    def windows(self, d):
        self.arn = self.key = self.region = self.account = self.service = self.mfa = self.target = self.error = None
        self.denied = False
        self.host = d.get("Hostname")
        self.action = str(d.get("EventID"))
        img = d.get("Image") or d.get("NewProcessName") or d.get("SourceImage")
        self.actor = img.split("\\")[-1] if img else None
        self.ip, self.port = d.get("SourceIp"), d.get("DestinationPort")
        self.target = d.get("TargetFilename") or d.get("TargetObject") or d.get("ImageLoaded") or d.get("PipeName")
        t = d.get("UtcTime")
        self.time = stamp(t.replace(" ", "T") + "Z") if t else None

    def zeek(self, d):
        self.actor = self.arn = self.key = self.region = self.account = self.mfa = self.error = None
        self.denied = False
        self.action, self.ip = d.get("_log") or d.get("@stream"), d.get("id_orig_h")
        self.target, self.port, self.host = d.get("id_resp_h"), d.get("id_resp_p"), d.get("@system")
        self.service = d.get("service")
        t = d.get("ts")
        self.time = datetime.fromtimestamp(t, timezone.utc) if isinstance(t, (int, float)) else None


def stamp(s):
    if not s:
        return None
    s = s.replace("Z", "+00:00")
    m = re.match(r"(.*?T\d\d:\d\d:\d\d)(\.\d+)?(\+.*)$", s)
    if not m:
        return None
    frac = (m[2] or ".0")[1:7].ljust(6, "0")
    return datetime.fromisoformat(m[1] + "." + frac + m[3]).astimezone(timezone.utc)


def iso(t):
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(t):
    return rng.choice([t.strftime("%H:%M:%S"), t.strftime("%H:%M:%S UTC"), t.strftime("%H:%M"), t.strftime("%H:%M:%SZ")])


def date(t):
    return rng.choice([t.strftime("%Y-%m-%d"), f"{t.day} {MONTHS[t.month-1]} {t.year}", f"{MONTHS[t.month-1]} {t.day}, {t.year}", f"{t.day} {MONTHS[t.month-1][:3]}"])


def when(t):
    return rng.choice([iso(t), t.strftime("%Y-%m-%d %H:%M:%S"), f"{clock(t)} on {date(t)}", f"{date(t)} at {clock(t)}", clock(t)])


NUMS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def num(n):
    return NUMS[n] if 3 <= n <= 12 and rng.random() < 0.3 else f"{n:,}" if n >= 1000 and rng.random() < 0.5 else str(n)


def spell(sec):
    """A length as a person says it, in whole units of the one that fits; (text, seconds said, unit seconds)."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if sec >= 2 * unit or unit == 1:
            n = round(sec / unit)
            return f"{num(n)} {name}{'' if n == 1 else 's'}", n, unit, name


class Scene:
    def __init__(self, path, kind, frm, n, label):
        self.path, self.kind, self.frm, self.label, self.ev = path, kind, frm, label, []
        for i, line in enumerate(open(path, errors="replace"), 1):
            if i < frm:
                continue
            if i >= frm + n:
                break
            self.ev.append(Ev(i, json.loads(line), kind))
        self.to = frm + n - 1

    def count(self, f):
        return sum(1 for e in self.ev if f(e))


class Case:
    def __init__(self, text, ids, truth, cls):
        self.text, self.ids, self.truth, self.cls = text, ids, truth, cls


# ---------------------------------------------------------------- true sentences

SINGLE = [
    ("{actor} called {action} from {ip} at {when}.", "actor action ip"),
    ("At {clock} on {date}, {actor} made a {action} call from {ip}.", "actor action ip"),
    ("The {action} request from {ip} in {region} was made by {actor} at {iso}.", "actor action ip region"),
    ("{action} was called by {actor} in {region} ({iso}).", "actor action region"),
    ("User {actor} ({arn}) invoked {action} in {region}.", "actor arn action region"),
    ("{actor} used access key {key} to call {action} in account {account}.", "actor key action account"),
    ("A {action} call for {target} was made by {actor} at {when}.", "actor action target"),
    ("{actor} touched {target} with {action}, coming from {ip}.", "actor action target ip"),
    ("The identity {arn} issued {action} from the address {ip}.", "arn action ip"),
    ("We see {action} by {actor}, source {ip}, region {region}.", "actor action ip region"),
    ("In account {account}, {actor} ran {action} against {service}.", "account actor action service"),
    ("Key {key} was used from {ip} for {action} at {clock}.", "key ip action"),
    ("According to the log, {actor} requested {action} at {when} and the source address was {ip}.", "actor action ip"),
    ("It was {actor} who called {action} from {ip}.", "actor action ip"),
    ("{action} from {ip}, performed by `{actor}`, is recorded at {iso}.", "action ip actor"),
]
DENIED = [
    ("{action} was denied for {actor} with {error}.", "actor action error"),
    ("The call to {action} by {actor} from {ip} was refused ({error}).", "actor action error ip"),
    ("{actor} tried {action} at {when} and was denied.", "actor action error"),
    ("An attempt by {actor} to call {action} was blocked with the error {error}.", "actor action error"),
]
ALLOWED = [
    ("{action} by {actor} succeeded at {when}.", "actor action"),
    ("The {action} call from {ip} was not denied.", "action ip"),
    ("{actor} called {action} from {ip} and was allowed.", "actor action ip"),
]
WINDOWS = [
    ("{actor} on {host} logged event {action} at {when}.", "actor host action"),
    ("On {host}, the process {actor} touched {target} at {clock}.", "host actor target"),
    ("Event ID {action} on {host} names {actor} and {target}.", "action host actor target"),
    ("Host {host} recorded event {action} for {actor} at {iso}.", "host action actor"),
    ("{actor} on {host} connected from {ip} to port {port} at {clock}.", "actor host ip port"),
]
ZEEK = [
    ("{ip} connected to {target} on port {port} at {when}.", "ip target port"),
    ("Traffic from {ip} to {target}, port {port}, was seen at {clock}.", "ip target port"),
    ("The {action} log shows {ip} talking to {target} on port {port}.", "action ip target port"),
    ("{target} was contacted by {ip} over port {port} on {date}.", "target ip port"),
]


def fields(e):
    d = {k: getattr(e, k) for k in ("actor", "action", "ip", "region", "arn", "key", "account", "target", "service", "error", "host", "port")}
    if e.time:
        d |= {"when": when(e.time), "clock": clock(e.time), "date": date(e.time), "iso": iso(e.time)}
    return d


def usable(e, need):
    return e.time and all(getattr(e, k) not in (None, "") for k in need.split()) and all(len(str(getattr(e, k))) < 200 for k in need.split())


def fill(tpl, d):
    return tpl.format(**{k: v for k, v in d.items() if v is not None})


def single(sc):
    """(case, event, template, values, needed fields)"""
    for _ in range(200):
        e = rng.choice(sc.ev)
        pool = {"cloudtrail": SINGLE + (DENIED * 3 if e.denied else ALLOWED if not e.error else []), "windows": WINDOWS, "zeek": ZEEK}[sc.kind]
        tpl, need = rng.choice(pool)
        if usable(e, need):
            d = fields(e)
            return Case(fill(tpl, d), [e.id], True, "single"), e, tpl, d, need
    return None


def in_raw(e, v):
    return v is not None and str(v).lower().replace("\\", "\\\\") in e.text.lower()


def other(sc, e, k):
    """A neighbour's value of k that the record does not hold at all."""
    vals = sorted({str(getattr(x, k)) for x in sc.ev if getattr(x, k)})
    vals = [v for v in vals if not in_raw(e, v) and str(getattr(e, k)) not in v and v not in e.text]
    return rng.choice(vals) if vals else None


INVENTED = "kowalski.m svc-deployer carol ezekiel ops-runner m.dubois hcooper prod-admin7 backup_agent tania".split()


def tweak_digit(s):
    """Another number of the same look."""
    at = [i for i, c in enumerate(s) if c.isdigit()]
    for _ in range(20):
        i = rng.choice(at)
        c = rng.choice([d for d in "123456789" if d != s[i]])
        r = s[:i] + c + s[i + 1 :]
        if r != s:
            return r
    return None


def lie_single(sc):
    got = single(sc)
    if not got:
        return None
    c, e, tpl, d, need = got
    choice = rng.choice(["wrong_actor", "neighbour_name", "neighbour_arn", "wrong_time", "changed_address", "changed_number", "invented_name", "invented_id", "negation", "wrong_action"])
    m = dict(d)
    keys = need.split()
    if choice == "wrong_actor" and "actor" in keys and "arn" not in keys:
        m["actor"] = other(sc, e, "actor")
    elif choice == "invented_name" and "actor" in keys and "arn" not in keys and sc.kind == "cloudtrail":
        m["actor"] = rng.choice(INVENTED)
    elif choice == "neighbour_arn" and "arn" in keys:
        m["arn"] = other(sc, e, "arn")
    elif choice == "neighbour_name":
        k = rng.choice([k for k in keys if k in ("target", "region", "key", "host", "service", "account")] or [""])
        if not k:
            return None
        m[k] = other(sc, e, k)
        if not m[k]:
            return None
    elif choice == "wrong_action" and "action" in keys:
        m["action"] = other(sc, e, "action")
    elif choice == "wrong_time" and e.time:
        used = [k for k in ("when", "clock", "date", "iso") if "{" + k + "}" in tpl]
        if not used:
            return None
        off = rng.choice([61, 600, 3600, 5400, -7200, 86400 * 3])
        k = rng.choice(used)
        t = e.time + timedelta(seconds=off if k != "date" else 86400 * rng.randint(1, 9))
        m[k] = {"when": when, "clock": clock, "date": date, "iso": iso}[k](t)
        if m[k] in e.text or (off == 86400 * 3 and k in ("when", "clock") and not re.search(r"\d{4}|[A-Z][a-z]{2}", m[k])):
            return None
    elif choice == "changed_address" and "ip" in keys:
        m["ip"] = tweak_digit(str(e.ip))
        if not m["ip"] or any(int(x) > 255 for x in m["ip"].split(".") if x.isdigit()) or in_raw(e, m["ip"]):
            return None
    elif choice == "changed_number":
        k = "account" if "account" in keys else "port" if "port" in keys else "action" if sc.kind == "windows" and "action" in keys else None
        if not k:
            return None
        m[k] = tweak_digit(str(getattr(e, k)))
        if not m[k] or in_raw(e, m[k]):
            return None
    elif choice == "invented_id":
        bad = [f"ev:{sc.to + rng.randint(5, 9999)}"]
        return Case(c.text, rng.choice([bad, [e.id] + bad]), False, "invented_id")
    elif choice == "negation" and sc.kind == "cloudtrail":
        if e.denied and "denied" in c.text:
            return Case(c.text.replace("was denied", rng.choice(["was not denied", "succeeded"])), [e.id], False, "dropped_negation")
        if "was not denied" in c.text:
            return Case(c.text.replace("was not denied", "was denied"), [e.id], False, "dropped_negation")
        if "was allowed" in c.text:
            return Case(c.text.replace("was allowed", "was refused"), [e.id], False, "dropped_negation")
        if tpl.startswith("{actor} called {action} from {ip}"):
            return Case(c.text.replace(" called ", " never called "), [e.id], False, "dropped_negation")
        return None
    else:
        return None
    if any(m[k] is None for k in keys):
        return None
    text = fill(tpl, m)
    return Case(text, [e.id], False, choice) if text != c.text else None


# ---------------------------------------------------------------- two events

ORDER = [
    ("{a1} called {x1} before {a2} called {x2}.", False),
    ("{x1} by {a1} was followed by {x2} by {a2}.", False),
    ("First {a1} called {x1}, then {a2} called {x2}.", False),
    ("After {a1} called {x1}, {a2} called {x2}.", False),
    ("{a2} called {x2} after {a1} had called {x1}.", False),
    ("{x1} preceded {x2}.", False),
    ("Before {a2} called {x2}, {a1} called {x1}.", False),
    ("{a1} called {x1} at {t1}; {a2} called {x2} later, at {t2}.", True),
]


def pair(sc, apart=2):
    for _ in range(300):
        a, b = rng.choice(sc.ev), rng.choice(sc.ev)
        if not (a.time and b.time and a.actor and b.actor and a.action and b.action) or a.action == b.action:
            continue
        if (b.time - a.time).total_seconds() >= apart and not in_raw(a, b.action) and not in_raw(b, a.action):
            return a, b
    return None


def order(sc, lie):
    p = pair(sc)
    if not p or sc.kind != "cloudtrail":
        return None
    a, b = p
    tpl, timed = rng.choice(ORDER)
    if lie:
        a, b = b, a
        if timed:
            return None
    text = tpl.format(a1=a.actor, x1=a.action, a2=b.actor, x2=b.action, t1=a.time.strftime("%H:%M:%S"), t2=b.time.strftime("%H:%M:%S"))
    return Case(text, [a.id, b.id], not lie, "swapped_order" if lie else "order")


def merged(sc):
    """One act with the doer of another, both cited."""
    p = pair(sc)
    if not p:
        return None
    a, b = p
    if sc.kind == "cloudtrail":
        if a.actor == b.actor or in_raw(a, b.actor) or in_raw(b, a.actor) or not (a.ip and b.ip):
            return None
        tpl = rng.choice(["{a} called {x} from {i}.", "{x} was called by {a} at {t}.", "At {t}, {a} made a {x} call.", "The {x} request came from {a} ({i})."])
        ip = a.ip
        return Case(tpl.format(a=a.actor, x=b.action, i=ip, t=b.time.strftime("%H:%M:%S")), [a.id, b.id], False, "merged_events")
    if a.actor == b.actor or in_raw(a, b.actor) or in_raw(b, a.actor) or not b.target or in_raw(a, b.target) or len(b.target) > 150:
        return None
    return Case(f"On {a.host}, the process {a.actor} touched {b.target}.", [a.id, b.id], False, "merged_events")


def duration(sc, lie):
    p = pair(sc, 20)
    if not p or sc.kind != "cloudtrail":
        return None
    a, b = p
    sec = (b.time - a.time).total_seconds()
    text, n, unit, name = spell(sec)
    if lie == "unit":
        name2 = rng.choice([u for u in ("second", "minute", "hour", "day") if u != name])
        say = f"{num(n)} {name2}{'' if n == 1 else 's'}"
    elif lie:
        n2 = n + rng.choice([2, 3, 5, n, -n // 2 if n > 6 else 4])
        say = f"{num(n2)} {name}s"
    else:
        say = text
    tpl = rng.choice(["{b} by {ab} came {d} after {a} by {aa}.", "{d} passed between {a} and {b}.", "{d} after {a}, {ab} called {b}."])
    s = tpl.format(a=a.action, b=b.action, aa=a.actor, ab=b.actor, d=say)
    return Case(s[0].upper() + s[1:] if tpl[0] == "{" and s[0].isalpha() and s[0].islower() and tpl.startswith("{d}") else s, [a.id, b.id], not lie, "unit_change" if lie == "unit" else "changed_duration" if lie else "duration")


# ---------------------------------------------------------------- counts, universals, negations, firsts

def count(sc, lie):
    e = rng.choice(sc.ev)
    if sc.kind == "cloudtrail":
        if not (e.actor and e.action and e.ip):
            return None
        forms = [
            ("{actor} called {action} {n} times.", lambda x: x.actor == e.actor and x.action == e.action),
            ("{n} {action} calls came from {ip}.", lambda x: x.action == e.action and x.ip == e.ip),
            ("There were {n} events from {ip}.", lambda x: x.ip == e.ip),
            ("In total {actor} made {n} calls.", lambda x: x.actor == e.actor),
            ("We counted {n} {action} requests by {actor} in {region}.", lambda x: x.action == e.action and x.actor == e.actor and x.region == e.region),
        ]
        if e.denied:
            forms += [("{n} {action} calls by {actor} were denied.", lambda x: x.action == e.action and x.actor == e.actor and x.denied)] * 3
    elif sc.kind == "windows":
        if not (e.host and e.actor):
            return None
        forms = [("Event {action} was logged {n} times on {host}.", lambda x: x.action == e.action and x.host == e.host),
                 ("{n} records on {host} name {actor}.", lambda x: x.host == e.host and x.actor == e.actor)]
    else:
        if not (e.ip and e.target):
            return None
        forms = [("{ip} connected to {target} {n} times.", lambda x: x.ip == e.ip and x.target == e.target),
                 ("There were {n} connections from {ip} to {target} on port {port}.", lambda x: x.ip == e.ip and x.target == e.target and x.port == e.port)]
    tpl, f = rng.choice(forms)
    mine = [x for x in sc.ev if f(x)]
    n = len(mine)
    if n < 2:
        return None
    # a name may stand in other records too (as a target, in an ARN): then what "by" or "from" counts is not sure enough for a corpus
    for k in re.findall(r"{(\w+)}", tpl):
        if k not in ("n", "host", "action", "port") and sum(in_raw(x, getattr(e, k)) for x in sc.ev) != sum(str(getattr(x, k)) == str(getattr(e, k)) for x in sc.ev):
            return None
        if k == "action" and sc.kind == "cloudtrail" and any(x.action != e.action and e.action in x.text for x in sc.ev):
            return None
    said = n if not lie else rng.choice([n + 1, n - 1 if n > 3 else n + 2, n * 2, n + 10, n * 10])
    return Case(fill(tpl, fields(e) | {"n": num(said)}), [mine[0].id], not lie, "changed_count" if lie else "count")


def universal(sc, lie):
    e = rng.choice(sc.ev)
    if sc.kind != "cloudtrail" or not (e.actor and e.action and e.ip):
        return None
    act = [x for x in sc.ev if x.action == e.action]
    if any(x.action != e.action and e.action in x.text for x in sc.ev) or len(act) < 2:
        return None
    one_actor, one_ip = len({x.actor for x in act}) == 1, len({x.ip for x in act}) == 1
    den = all(x.denied for x in act)
    who = [
        ("Only {actor} called {action}.", one_actor),
        ("{action} was called only by {actor}.", one_actor),
        ("All {action} calls came from {ip}.", one_ip),
        ("Every {action} call was made by {actor}.", one_actor),
        ("All {action} calls were denied.", den),
        ("{action} was called by {actor} and by no other user.", one_actor) if False else ("Only {ip} was the source of {action}.", one_ip),
    ]
    tpl, true = rng.choice(who)
    if true == bool(lie):
        return None
    return Case(fill(tpl, fields(e)), [e.id], not lie, "false_universal" if lie else "universal")


def negation(sc, lie):
    if sc.kind != "cloudtrail":
        return None
    actors, actions = sorted({x.actor for x in sc.ev if x.actor}), sorted({x.action for x in sc.ev if x.action})
    if not actors or not actions:
        return None
    a, x = rng.choice(actors), rng.choice(actions)
    have = [e for e in sc.ev if (e.actor == a if lie else e.actor == a or in_raw(e, a)) and (e.action == x if lie else in_raw(e, x))]
    cite = next(e for e in sc.ev if e.actor == a)
    if bool(have) != bool(lie):
        return None
    tpl = rng.choice(["{a} never called {x}.", "{a} did not call {x}.", "No {x} was called by {a}.", "{a} made no {x} call."])
    return Case(tpl.format(a=a, x=x), [cite.id], not lie, "false_negation" if lie else "negation")


def dropped(sc):
    """A true negation without its not."""
    c = negation(sc, False)
    if not c or " never called " not in c.text and " did not call " not in c.text:
        return None
    return Case(c.text.replace("never called", "called").replace("did not call", "called"), c.ids, False, "dropped_negation")


def extreme(sc, lie):
    if sc.kind != "cloudtrail":
        return None
    actors = sorted({x.actor for x in sc.ev if x.actor})
    if not actors:
        return None
    a = rng.choice(actors)
    mine = sorted((x for x in sc.ev if x.actor == a or in_raw(x, a)), key=lambda x: x.time)
    if len(mine) < 4 or mine[0].time == mine[1].time or mine[-1].time == mine[-2].time or any(x.actor != a for x in mine):
        return None
    last = rng.random() < 0.5
    real = mine[-1] if last else mine[0]
    e = rng.choice(mine[1:-1]) if lie else real
    if lie and (e.time == real.time or e.action == real.action):
        return None
    if lie and rng.random() < 0.5:
        e, last = real, not last
        if mine[0].time == mine[-1].time:
            return None
    w = "last" if last else "first"
    tpl = rng.choice(["The {w} call by {a} was {x} at {t}.", "{a} was {w} seen at {t}.", "The {w} event of {a} is {x} ({t})."])
    return Case(tpl.format(w=w, a=a, x=e.action, t=iso(e.time)), [e.id], not lie, "false_extreme" if lie else "extreme")


LIES = {"single": (lie_single, 12), "order": (lambda s: order(s, True), 2), "merged": (merged, 3), "unit": (lambda s: duration(s, "unit"), 2),
        "duration": (lambda s: duration(s, "n"), 1), "count": (lambda s: count(s, True), 3), "universal": (lambda s: universal(s, True), 1),
        "negation": (lambda s: negation(s, True), 1), "dropped": (dropped, 1), "extreme": (lambda s: extreme(s, True), 1)}
TRUTHS = {"single": (lambda s: (single(s) or [None])[0], 10), "order": (lambda s: order(s, False), 2), "duration": (lambda s: duration(s, None), 2),
          "count": (lambda s: count(s, False), 3), "universal": (lambda s: universal(s, False), 1), "negation": (lambda s: negation(s, False), 1),
          "extreme": (lambda s: extreme(s, False), 1)}


def draw(sc, table, n):
    out, seen, tries = [], set(), 0
    makers = [f for f, w in table.values() for _ in range(w)]
    while len(out) < n and tries < n * 60:
        tries += 1
        c = rng.choice(makers)(sc)
        if c and c.text not in seen:
            seen.add(c.text)
            out.append(c)
    return out


def judge(tool, scenes):
    lines = []
    for sc, cases in scenes:
        lines.append(json.dumps({"load": sc.path, "from": sc.frm, "to": sc.to}))
        lines += [json.dumps({"text": c.text, "ids": c.ids}) for c in cases]
    out = subprocess.run([tool], input=("\n".join(lines) + "\n").encode(), stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    i = 0
    for sc, cases in scenes:
        for c in cases:
            c.got = json.loads(out[i])
            c.scene = sc.label
            i += 1
    assert i == len(out)


def wilson(k, n):
    if not n:
        return "-"
    z, p = 1.96, k / n
    d = 1 + z * z / n
    m, h = (p + z * z / (2 * n)) / d, z * ((p * (1 - p) + z * z / (4 * n)) / n) ** 0.5 / d
    return f"{100*max(0,m-h):.1f}-{100*min(1,m+h):.1f}"


def report(cases, show, name):
    lies, truths = [c for c in cases if not c.truth], [c for c in cases if c.truth]
    caught = [c for c in lies if c.got["status"] in ("partly", "unsupported")]
    blocked = [c for c in truths if c.got["status"] in ("partly", "unsupported")]
    vague = [c for c in truths if c.got["status"] == "opinion"]
    print(f"# {name}: {len(lies)} false sentences, caught {len(caught)} ({100*len(caught)/max(1,len(lies)):.2f} %, 95 % {wilson(len(caught), len(lies))}); "
          f"{len(truths)} true ones, wrongly blocked {len(blocked)} ({100*len(blocked)/max(1,len(truths)):.2f} %, 95 % {wilson(len(blocked), len(truths))}), taken for opinion {len(vague)}")
    for truth, word in ((False, "caught"), (True, "blocked")):
        for cls in sorted({c.cls for c in cases if c.truth == truth}):
            of = [c for c in cases if c.cls == cls and c.truth == truth]
            k = sum(c.got["status"] in ("partly", "unsupported") for c in of)
            print(f"#   {cls:18} {word} {k} of {len(of)}")
    for c in [c for c in lies if c not in caught][:show] + blocked[:show]:
        print(f"#   {'TRUE ' if c.truth else 'FALSE'} {c.cls} {c.scene} {c.ids} {c.text!r} -> {c.got['status']} "
              + "; ".join(f"{c.text.encode()[s['from']:s['to']].decode(errors='replace')!r}: {s['why']}" for s in c.got.get("spans", [])))
    return len(caught) / max(1, len(lies)), len(blocked) / max(1, len(truths))


def hand_lines(data, f):
    load = {"load": os.path.join(data, f)}
    return [json.dumps(load)] if f != hand.FIND else [json.dumps({**load, "from": 1, "to": 1})] + [json.dumps({"id": k, "record": v}) for k, v in hand.RECORDS.items()]


def by_hand(tool, data, show, rows, name):
    cases, by_file = [], {}
    for truth, list_ in ((True, rows.TRUE), (False, rows.FALSE)):
        for f, ids, text in list_:
            c = Case(text, ids, truth, "by hand")
            c.scene = f.split("/")[-1].split(".")[0]
            by_file.setdefault(f, []).append(c)
            cases.append(c)
    for f, group in by_file.items():
        feed = hand_lines(data, f) + [json.dumps({"text": c.text, "ids": c.ids}) for c in group]
        out = subprocess.run([tool], input=("\n".join(feed) + "\n").encode(), stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
        for c, line in zip(group, out, strict=True):
            c.got = json.loads(line)
    return report(cases, show, name)


def main():
    tool, shared, full = sys.argv[1], sys.argv[2], "--full" in sys.argv
    show = int(sys.argv[sys.argv.index("--show") + 1]) if "--show" in sys.argv else 8
    data = os.path.join(shared, "data", "events")
    parts = [("cloudtrail/invictus_first.jsonl", "cloudtrail", 1, 1900), ("cloudtrail/invictus_first.jsonl", "cloudtrail", 600, 300), ("cloudtrail/sans504_2021-07-29.jsonl", "cloudtrail", 1, 1000),
             ("cloudtrail/sans504_2021-07-31.jsonl", "cloudtrail", 1000, 800), ("cloudtrail/sans504_2021-08-01.jsonl", "cloudtrail", 200, 800), ("cloudtrail/stratus_detonations.jsonl", "cloudtrail", 1, 121),
             ("cloudtrail/traildiscover_examples.jsonl", "cloudtrail", 1, 296), ("windows/empire_shell_samr_EnumDomainUsers.jsonl", "windows", 1, 400),
             ("windows/covenant_copy_smb_CreateRequest.jsonl", "windows", 1, 400), ("other/otrf_apt29_day1_zeek_nashua.jsonl", "zeek", 1, 800)]
    per = 480 if full else 60
    scenes = []
    for f, kind, frm, n in parts:
        sc = Scene(os.path.join(data, f), kind, frm, n, f.split("/")[-1].split(".")[0])
        scenes.append((sc, draw(sc, LIES, per) + draw(sc, TRUTHS, per * 2 // 3)))
    judge(tool, scenes)
    cases = [c for _, cs in scenes for c in cs]
    c, b = report(cases, show, "mutation corpus over the real logs")
    hc, hb = by_hand(tool, data, show, hand, "sentences written by hand")
    fc, fb = by_hand(tool, data, show, fresh, "fresh prose")
    print(("ok" if hc >= 0.95 and hb <= 0.05 else "not ok") + f" by hand: {100*hc:.1f} % of the false ones caught, {100*hb:.1f} % of the true ones blocked")
    print(("ok" if fc >= 0.95 and fb <= 0.05 else "not ok") + f" fresh prose: {100*fc:.1f} % of the false ones caught, {100*fb:.1f} % of the true ones blocked")
    print(("ok" if c >= 0.99 else "not ok") + f" false sentences caught: {100*c:.2f} % (at least 99)")
    print(("ok" if b <= 0.01 else "not ok") + f" true sentences wrongly blocked: {100*b:.2f} % (at most 1)")


main()
