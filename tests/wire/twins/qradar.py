"""IBM QRadar: Ariel searches, offenses, and a syslog listener for what is written there. Facts: ../shared/apis/qradar.md."""
import json, re, socket, ssl, threading, uuid

from twin import Columns, Refused, Reply, Twin, route

TOKEN = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
ID = r"([0-9a-f-]+)"
TYPES = {"cloudtrail": "Amazon AWS CloudTrail", "vpcflow": "Amazon VPC Flow Logs", "okta": "Okta", "windows.security": "Microsoft Windows Security Event Log"}


class Vendor(Twin):
    kept = ("offenses", "notes")

    def __init__(self, lake):
        super().__init__(lake)
        self.searches, self.token, self.gone = {}, TOKEN, []
        self.offenses = {i: {"id": i, "description": f"Offense {i}\n", "status": "OPEN", "assigned_to": None, "follow_up": False, "magnitude": i + 2, "severity": 3, "event_count": 15, "offense_type": 3, "offense_source": "mallory",
                             "start_time": 1795392000000, "last_updated_time": 1795400000000 + 1000 * (i // 2), "closing_reason_id": None, "source_address_ids": [1],
                             "local_destination_address_ids": []} for i in range(7)}
        self.notes = {}

    def check_auth(self, q):
        if q.headers.get("SEC") != self.token:
            raise Refused(401, "No SEC header present in request. Please provide it via \"SEC: token\".", 18, strict=self.token == TOKEN)
        if q.headers.get("Version") != "19.0" or q.headers.get("Accept") != "application/json":
            raise Refused(406, f"Version {q.headers.get('Version')}")

    def expire_token(self):
        self.token = "expired"

    def error(self, status, text, code=None):
        return {"http_response": {"code": status, "message": "We could not do it"}, "code": code or 1020, "description": "", "details": {}, "message": text}

    # ---- Ariel
    def state(self, i):
        s = self.searches[i]
        s["polls"] += 1
        done = s["polls"] > self.options.get("polls", 2)
        status = "ERROR" if self.options.get("fail") else "COMPLETED" if done else "EXECUTE"
        errors = [{"code": "x", "contexts": [], "message": self.options.get("fail") or self.options.get("warn"), "severity": "WARN"}] if self.options.get("fail") or self.options.get("warn") else []
        return {"search_id": i, "cursor_id": i, "status": status, "progress": 100 if done else 40, "record_count": len(s["rows"]) if done else 0, "processed_record_count": 26,
                "error_messages": errors, "completed": done}

    @staticmethod
    def row(r):
        first = lambda *names: next((r["vals"][n][0] for n in names if n in r["vals"]), None)
        return {"starttime": r["ms"], "event_name": first("QIDNAME(qid)") or "Unknown", "log_source_type": TYPES.get(r["dataset"], "Universal DSM"), "sourceip": first("sourceip") or "0.0.0.0",
                "destinationip": first("destinationip") or "0.0.0.0", "username": first("username"), "payload": r["raw"]}

    def run(self, aql):
        if not aql.startswith("SELECT ") or ";" in re.sub(r"'[^']*'", "", aql) or not re.search(r"\b(LAST \d+ (MINUTES|HOURS|DAYS)|START \d+)", aql):
            raise Refused(422, "AQL query failed", 2000)
        if "MAX(starttime)" in aql:
            return [{"newest": 1795478400000.0}]
        if "INOFFENSE(" in aql:
            return [{"starttime": 1795392000000 + i, "event_name": "x", "log_source_type": "Okta", "sourceip": "1.2.3.4", "destinationip": "0.0.0.0", "username": "u", "payload": f"line {i}"} for i in range(3)]
        rows, _ = self.lake.ask("aql", aql)
        import datetime
        for r in rows:
            r["ms"] = int(datetime.datetime.fromisoformat(r["time"].replace("Z", "+00:00")).timestamp() * 1000) if r["time"] else None
        return [self.row(r) for r in rows]

    @route("POST", "/api/ariel/searches", query=["query_expression"], form=["query_expression"])
    def create(self, q):
        i = str(uuid.uuid4())
        self.searches[i] = {"rows": self.run(q.arg("query_expression")), "polls": 0}
        return Reply(self.state(i), 201)

    def find(self, q):
        if q.groups[0] not in self.searches:
            raise Refused(404, "The search does not exist.", 1002)
        return q.groups[0]

    @route("GET", f"/api/ariel/searches/{ID}")
    def status(self, q):
        s = self.state(self.find(q))
        return Reply(s, 200 if s["completed"] else 206)

    def ranged(self, q, rows, wrap):
        m = re.match(r"^items=(\d+)-(\d+)$", q.headers.get("Range") or "")
        if not m:
            raise Refused(422, "a Range is wanted")
        a, b = int(m.group(1)), min(int(m.group(2)), int(m.group(1)) + self.options.get("page", 10**6) - 1)
        if a >= len(rows) and a:
            raise Refused(416, "behind the end", strict=False)
        part = rows[a:b + 1]
        return Reply(wrap(part), 200, headers={"Content-Range": f"items {a}-{a + len(part) - 1}/{len(rows)}"})

    @route("GET", f"/api/ariel/searches/{ID}/results")
    def results(self, q):
        return self.ranged(q, self.searches[self.find(q)]["rows"], lambda part: {"events": part})

    @route("POST", f"/api/ariel/searches/{ID}", query=["status"])
    def cancel(self, q):
        if q.arg("status") != "CANCELED":
            raise Refused(422, "status")
        self.gone.append("cancel")
        return Reply(self.state(self.find(q)))

    @route("DELETE", f"/api/ariel/searches/{ID}")
    def delete(self, q):
        del self.searches[self.find(q)]
        self.gone.append("delete")
        return Reply({"status": "COMPLETED"}, 202)

    @route("GET", "/api/ariel/databases/(events|flows)")
    def database(self, q):
        return Reply({"columns": [{"name": n, "argument_type": "STRING", "is_value": t != "string"} for n, t in Columns(self, "aql").items()]})

    @route("GET", "/api/system/about")
    def about(self, q):
        return Reply({"external_version": "7.5.0"})

    # ---- offenses
    @route("GET", "/api/siem/offenses", query=["filter", "sort", "fields"])
    def list(self, q):
        since = re.match(r"^last_updated_time >= (\d+)$", q.arg("filter", "last_updated_time >= 0"))
        if not since or q.arg("sort", "+last_updated_time,+id") != "+last_updated_time,+id":
            raise Refused(422, f"filter {q.arg('filter')} sort {q.arg('sort')}", 1010)
        rows = sorted((o for o in self.offenses.values() if o["last_updated_time"] >= int(since.group(1))), key=lambda o: (o["last_updated_time"], o["id"]))
        return self.ranged(q, rows, lambda part: part)

    def offense(self, q):
        if int(q.groups[0]) not in self.offenses:
            raise Refused(404, "no offense", 1002, strict=False)
        return self.offenses[int(q.groups[0])]

    @route("GET", r"/api/siem/offenses/(\d+)")
    def get(self, q):
        return Reply(self.offense(q))

    @route("POST", r"/api/siem/offenses/(\d+)", query=["status", "closing_reason_id", "assigned_to", "follow_up", "protected"])
    def update(self, q):
        o = self.offense(q)
        if q.arg("status") == "CLOSED":
            if o["status"] == "CLOSED":
                raise Refused(409, "it is closed", 1008)
            if q.arg("closing_reason_id") not in ("1", "2"):
                raise Refused(422, "closing_reason_id", 1005)
            o["closing_reason_id"] = int(q.arg("closing_reason_id"))
        for key in ("status", "assigned_to", "follow_up"):
            if q.arg(key) is not None:
                o[key] = q.arg(key)
        o["last_updated_time"] = 1795500000000
        return Reply(o)

    @route("GET", "/api/siem/offense_closing_reasons")
    def reasons(self, q):
        return Reply([{"id": 2, "text": "False-Positive, Tuned", "is_deleted": False, "is_reserved": False}, {"id": 1, "text": "Non-Issue", "is_deleted": False, "is_reserved": False},
                      {"id": 3, "text": "Policy Violation", "is_deleted": True, "is_reserved": False}])

    @route("GET", r"/api/siem/offenses/(\d+)/notes")
    def get_notes(self, q):
        return Reply(self.notes.get(q.groups[0], []))

    @route("POST", r"/api/siem/offenses/(\d+)/notes", query=["note_text"], need=["note_text"])
    def add_note(self, q):
        note = {"id": 1, "note_text": q.arg("note_text"), "create_time": 1, "username": "API_user"}
        self.notes.setdefault(q.groups[0], []).append(note)
        return Reply(note, 201)

    @route("GET", "/api/siem/source_addresses", query=["filter"])
    def sources(self, q):
        if not re.match(r"^id in \([\d,]+\)$", q.arg("filter", "")):
            raise Refused(422, "filter", 1010)
        return Reply([{"id": 1, "source_ip": "203.0.113.9"}])

    @route("GET", "/twin/gone")
    def seen(self, q):
        return Reply(self.gone)
