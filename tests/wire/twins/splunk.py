"""Splunk Enterprise with Enterprise Security and an HTTP Event Collector. Facts: ../shared/apis/splunk.md; shapes as its samples."""
import json, re, time, uuid

from twin import Columns, Refused, Reply, Twin, route

TOKEN, HEC_TOKEN = "eyJ-splunk-token", "11111111-2222-3333-4444-555555555555"
JOB_FORM = ("output_mode search namespace earliest_time latest_time id exec_mode adhoc_search_level preview max_time max_count timeout "
            "auto_cancel").split()
SID = r"([A-Za-z0-9_.]+)"


class Vendor(Twin):
    kept = ("review", "events", "notables")

    def __init__(self, lake):
        super().__init__(lake)
        self.jobs, self.token, self.ack, self.events = {}, TOKEN, 0, []
        self.notables = [self.notable(i) for i in range(5)]
        self.review = {}

    # ---- the platform
    def check_auth(self, q):
        want = f"Splunk {HEC_TOKEN}" if q.path.startswith("/services/collector") else f"Bearer {self.token}"
        if q.headers.get("Authorization") != want:
            raise Refused(401, "call not properly authenticated", strict=self.token == TOKEN)

    def expire_token(self):
        self.token = "expired"

    def error(self, status, text, code=None):
        if code is not None:
            return {"text": text, "code": code}
        return {"messages": [{"type": "ERROR" if status < 500 else "FATAL", "text": text}]}

    def json_only(self, q):
        if q.arg("output_mode") != "json":
            raise Refused(400, "output_mode is not json: XML would come")

    @staticmethod
    def notable(i):
        eid = f"5E6DE97D-B137-47AB-8905-8C4F42998937@@notable@@{i:032x}"
        return {"_time": f"2026-11-23T0{i}:00:00.000+00:00", "event_id": eid, "rule_id": eid, "rule_title": f"Notable {i}", "urgency": ["low", "medium", "high"][i % 3],
                "status": "1", "status_label": "New", "owner": "unassigned", "mw_epoch": 1795392000 + 3600 * i,
                "drilldown_search": "search index=main sourcetype=\"aws:cloudtrail\" user=$user$", "drilldown_earliest": "1795305600", "drilldown_latest": "1795478400",
                "user": 'o"brien' if i < 1 else f"user{i}", "orig_raw": "{}", "_raw": f"raw of {i}"}

    # ---- searches
    def event(self, row):
        t = row["time"]
        out = {"_raw": row["raw"], "_time": (t[:-1] if t else "") + "+00:00", "_bkt": "main~1~G", "_cd": f"1:{row['id']}", "index": "main",
               "sourcetype": {"cloudtrail": "aws:cloudtrail", "vpcflow": "aws:cloudwatchlogs:vpcflow", "okta": "OktaIM2:log"}.get(row["dataset"], "json")}
        for name, values in row["vals"].items():
            if name not in out:
                out[name] = values[0] if len(values) == 1 else values
        return out

    @staticmethod
    def cell(column, text):
        m = re.match(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z$", text or "")
        if not m:
            return text
        import calendar
        return str(calendar.timegm(time.strptime(m.group(1), "%Y-%m-%dT%H:%M:%S"))) + (m.group(2) or "")

    def results(self, spl):
        if "`notable`" in spl:
            return self.search_notables(spl)
        if spl.startswith("| tstats max(_time)"):
            return [{"newest": "1795478400.000"}]
        if "fieldsummary" in spl:
            return [{"field": n, "count": "10", "numeric_count": "10" if t in ("int", "float", "size", "port") else "0"} for n, t in Columns(self, "spl").items() if n[0] != "_"]
        if not spl.startswith("search ") and not spl.startswith("|"):
            raise Refused(400, "Error in search: the text does not begin with a generating command")
        rows, end = self.lake.ask("spl", spl)
        if end["grouped"]:
            return [{c: self.cell(c, v) for c, v in zip(end["columns"], r["cols"]) if v != ""} for r in rows]
        return [self.event(r) for r in rows]

    def search_notables(self, spl):
        out = []
        one = re.search(r'search event_id="([^"]*)"', spl)
        since = re.search(r"mw_updated>=([0-9.]+)", spl)
        for n in self.notables:
            n = dict(n, **self.review.get(n["event_id"], {}))
            changed = max(n.pop("mw_epoch"), float(n.get("review_time", 0)))
            if one and n["event_id"] != one.group(1) or since and changed < float(since.group(1)):
                continue
            if since:
                n["mw_updated"] = f"{changed:.6f}"
            out.append((changed, n["event_id"], n))
        return [n for _, _, n in sorted(out, key=lambda x: x[:2])]

    def checked_search(self, q):
        self.json_only(q)
        for key in ("earliest_time", "latest_time"):
            v = q.arg(key)
            if v is not None and not re.match(r"^(\d+(\.\d+)?|now|[-+]\d+[a-z]+(@[a-z]+)?)$", v):
                raise Refused(400, f"Invalid {key}.")
        return q.arg("search")

    @route("POST", "/services/search/v2/jobs", form=JOB_FORM, need=["search", "id", "max_time"])
    def create(self, q):
        spl = self.checked_search(q)
        if q.arg("id") in self.jobs:
            raise Refused(409, "sid in use")
        busy = self.options.get("busy", 0)
        if busy:
            self.options["busy"] = busy - 1
            raise Refused(503, "Search not executed: The maximum number of concurrent historical searches on this instance has been reached., "
                               "concurrency_category=\"historical\", current_concurrency=10, concurrency_limit=10", strict=False)
        self.jobs[q.arg("id")] = {"rows": self.results(spl), "polls": 0, "max": int(q.arg("max_count"))}
        return Reply({"sid": q.arg("id")}, 201)

    def job(self, q):
        if q.groups[0] not in self.jobs:
            raise Refused(404, "Unknown sid.", strict=False)
        return self.jobs[q.groups[0]]

    @route("GET", f"/services/search/v2/jobs/{SID}", query=["output_mode"])
    def status(self, q):
        self.json_only(q)
        j = self.job(q)
        j["polls"] += 1
        if j["polls"] == 1 and self.options.get("young", 1):
            return Reply(b"", 204)
        done = j["polls"] > self.options.get("polls", 1)
        state = "DONE" if done else "RUNNING"
        messages = [{"type": "WARN", "text": self.options["warn"]}] if self.options.get("warn") else []
        if self.options.get("fail"):
            state, messages = "FAILED", [{"type": "FATAL", "text": self.options["fail"]}]
        return Reply({"entry": [{"name": "search", "content": {
            "dispatchState": state, "isDone": done, "isFailed": "1" if state == "FAILED" else "0", "doneProgress": 1.0 if done else 0.5, "scanCount": "12345",
            "eventCount": len(j["rows"]), "resultCount": str(min(len(j["rows"]), j["max"])), "runDuration": 0.5, "messages": messages}}]})

    @route("GET", f"/services/search/v2/jobs/{SID}/results", query=["output_mode", "count", "offset", "segmentation"], need=["count", "offset"])
    def page(self, q):
        self.json_only(q)
        j, offset = self.job(q), int(q.arg("offset"))
        count = min(int(q.arg("count")), self.options.get("page", 100000))
        rows = j["rows"][:j["max"]][offset:offset + count]
        return Reply({"preview": False, "init_offset": offset, "messages": [], "fields": [], "results": rows, "highlighted": {}})

    @route("POST", f"/services/search/jobs/{SID}/control", form=["output_mode", "action"], need=["action"])
    def control(self, q):
        self.job(q)
        if q.arg("action") == "cancel":
            del self.jobs[q.groups[0]]
        elif q.arg("action") != "finalize":
            raise Refused(400, "unknown action")
        return Reply({"messages": [{"type": "INFO", "text": "Search job cancelled."}]})

    @route("POST", "/services/search/v2/jobs/export", form=[f for f in JOB_FORM if f != "exec_mode"], need=["search"])
    def export(self, q):
        rows = self.results(self.checked_search(q))
        lines = [json.dumps(dict({"preview": False, "offset": i}, **({"lastrow": True} if i == len(rows) - 1 else {}), result=r), ensure_ascii=False)
                 for i, r in enumerate(rows)]
        return Reply("\n".join(lines or ['{"preview":false,"lastrow":true}']) + "\n")

    # ---- notables
    @route("POST", "/services/notable_update", form="output_mode ruleUIDs status urgency newOwner disposition comment".split(), need=["ruleUIDs"])
    def update(self, q):
        ids = {n["event_id"]: n for n in self.notables}
        if q.arg("ruleUIDs") not in ids:
            return Reply({"success": False, "message": "no such notable", "success_count": 0, "failure_count": 1})
        labels = {"1": "New", "2": "In Progress", "3": "Pending", "4": "Resolved", "5": "Closed"}
        r = self.review.setdefault(q.arg("ruleUIDs"), {"comment": []})
        for key, ours in (("status", "status"), ("urgency", "urgency"), ("owner", "newOwner"), ("disposition", "disposition")):
            if q.arg(ours) is not None:
                r[key] = q.arg(ours)
        if "status" in r:
            if r["status"] not in labels:
                return Reply({"success": False, "message": "transition not permitted", "success_count": 0, "failure_count": 1})
            r["status_label"] = labels[r["status"]]
        if q.arg("comment"):
            r["comment"] = r["comment"] + [q.arg("comment")]
        r["review_time"] = f"{time.time():.6f}"
        return Reply({"success": True, "message": "1 event updated successfully", "success_count": 1, "failure_count": 0, "warnings": [], "details": {}})

    # ---- account
    @route("GET", "/services/authentication/current-context", query=["output_mode"])
    def me(self, q):
        self.json_only(q)
        caps = ["search", "edit_notable_events"] + (["delete_by_keyword"] if self.options.get("can_write") else [])
        return Reply({"entry": [{"content": {"username": "svc-midwatch", "roles": ["midwatch"], "capabilities": caps}}]})

    @route("GET", "/services/data/indexes", query=["output_mode", "count"])
    def indexes(self, q):
        self.json_only(q)
        return Reply({"entry": [{"name": n, "content": {"disabled": False}} for n in ("main", "_internal")]})

    # ---- HEC
    @route("GET", "/services/collector/health")
    def health(self, q):
        return Reply({"text": "HEC is healthy", "code": 17})

    @route("POST", "/services/collector/event", ctype="application/json")
    def collect(self, q):
        channel = q.headers.get("X-Splunk-Request-Channel")
        if self.options.get("no_ack") and channel:
            raise Refused(400, "ACK is disabled", 14, strict=False)
        if channel and not re.match(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", channel):
            raise Refused(400, "Invalid data channel", 11)
        if len(q.body) > 1000000:
            raise Refused(413, "too large")
        lines = [json.loads(x) for x in q.body.decode().split("\n") if x]
        if self.options.get("busy", 0):
            self.options["busy"] -= 1
            raise Refused(503, "Server is busy", 9, strict=False)
        for i, e in enumerate(lines):
            if set(e) - {"event", "time", "host", "source", "sourcetype", "index", "fields"} or not e.get("event"):
                self.events += lines[:i]
                r = self.error_reply(Refused(400, "Event field is required", 12))
                return Reply(dict(json.loads(r.body), **{"invalid-event-number": i}), 400)
        self.events += lines
        self.ack += 1
        return Reply(dict({"text": "Success", "code": 0}, **({"ackId": self.ack} if channel else {})))

    @route("POST", "/services/collector/ack", query=["channel"], need=["channel"], ctype="application/json")
    def acks(self, q):
        self.options["ack_polls"] = self.options.get("ack_polls", 1) - 1
        ok = self.options["ack_polls"] < 0
        return Reply({"acks": {str(i): ok and i <= self.ack for i in q.json()["acks"]}})

    @route("GET", "/twin/events")
    def seen(self, q):
        return Reply(self.events)
