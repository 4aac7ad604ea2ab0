"""Lacework (FortiCNAPP), API v2: tokens, alerts with pages by link, inventory, LQL answered by the embedded lake and graph with the demo data through the
independent reader. Facts: ../shared/apis/lacework.md."""
import datetime, json, re, time, uuid

from twin import Refused, Reply, Twin, route
from twins.demo_assets import assets

KEY, SECRET, ACCOUNT = "ACME_0123456789ABCDEF", "_s3cr3t/+&=", "acme-sub"
ID = r"(\d+)"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
SEVERITIES = ["Critical", "High", "Medium", "Low", "Info"]
WORDS = {"instance": "ec2:instance", "security_group": "ec2:security-group", "bucket": "s3:bucket", "user": "iam:user", "account": "account", "trail": "cloudtrail:trail"}
DAY = 86400


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def seconds(text):
    if not isinstance(text, str) or not TIME.match(text):
        raise Refused(400, f"time {text}")
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Vendor(Twin):
    def __init__(self, lake):
        super().__init__(lake)
        self.tokens, self.pages, self.timeline, self.spent, self.answers = set(), {}, {}, {}, {}
        self.now = time.time()

    def start(self):
        if hasattr(self, "alerts"):
            return
        self.things = assets(self.lake.folder)
        n = self.options.get("alerts", 20)
        # the last one is further back than it answers
        self.alerts = {967000 + i: self.alert(i, 3 * 3600 + i * DAY * self.options.get("days", 5)) for i in range(n)}

    def alert(self, i, ago):
        at = self.now - ago
        a = {"alertId": 967000 + i, "startTime": stamp(at), "endTime": stamp(at + 3600), "alertType": "NewViolations", "alertName": f"New violations {i}", "severity": SEVERITIES[i % 5],
             "reachability": "UnknownReachability", "derivedFields": {"category": "Policy", "sub_category": "Compliance", "source": "AWS"}, "lastUserUpdatedTime": "0", "status": "Open",
             "alertInfo": {"subject": f"Compliance violation: AWS account {self.things[i * 7 % len(self.things)]['account']}", "description": "New violation <b>\"100%\"</b>"},
             "policyId": "lacework-global-73", "alertSource": "UnknownAlertSource"}
        return a

    def entities(self, i):
        t = self.things[i * 7 % len(self.things)]
        if t["kind"] == "instance":
            return {"Machine": [{"KEY": {"mid": 51 + i}, "PROPS": {"hostname": t["name"]}}]}
        return {"Resource": [{"KEY": {"urn": t["arn"]}, "PROPS": {}}]}

    # ---- the door
    def check_auth(self, q):
        self.start()
        if q.path == "/api/v2/access/tokens":
            return
        token = (q.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise Refused(401, "Unauthorized", strict=bool(self.tokens) and token == "")
        if q.headers.get("Account-Name") not in (None, ACCOUNT):
            raise Refused(403, "no such account")
        group = q.path.split("/")[3]
        self.spent[group] = self.spent.get(group, 0) + 1
        if self.options.get("budget") and self.spent[group] > self.options["budget"]:
            raise Refused(429, "Too Many Requests", headers={"RateLimit-Limit": "480", "RateLimit-Remaining": "0", "RateLimit-Reset": "1800"}, strict=False)

    def answer(self, q):
        r = super().answer(q)
        group = (q.path.split("/") + ["", "", "", ""])[3]
        r.headers.update({"RateLimit-Limit": "480", "RateLimit-Remaining": str(max(self.options.get("left", 480) - self.spent.get(group, 0), 0)), "RateLimit-Reset": "1800"})
        return r

    def expire_token(self):
        self.tokens = set()

    def error(self, status, text, code=None):
        if status == 403:
            return {"ok": False, "message": "ERROR", "data": {"message": text, "statusMessage": "You are not authorized to perform this action", "ErrorMsg": ""}}
        return {"message": text}

    @route("POST", "/api/v2/access/tokens", ctype="application/json")
    def token(self, q):
        b = q.json()
        if set(b) != {"keyId", "expiryTime"} or not 0 < b["expiryTime"] <= 86400:
            raise Refused(400, "keyId and expiryTime")
        if b["keyId"] != KEY or q.headers.get("X-LW-UAKS") != SECRET:
            raise Refused(401, "invalid key", strict=False)
        t = "_" + uuid.uuid4().hex
        self.tokens.add(t)
        out = {"token": t, "expiresAt": stamp(time.time() + b["expiryTime"])}
        return Reply({"data": [out], "ok": True} if self.options.get("old_token") else out, 201)

    @route("GET", "/api/v2/UserProfile")
    def profile(self, q):
        return Reply({"data": [{"username": "midwatch@example.com", "orgAccount": False, "accounts": []}]})

    # ---- pages
    def page(self, q, rows):
        """The first page; the others by link."""
        n, parts = self.options.get("page", 5000), []
        if not rows:
            return Reply(b"", 204)
        for i in range(0, len(rows), n):
            parts.append(rows[i:i + n])
        links = [None] + [self.base + "/".join(q.path.split("/")[:4]) + "/page" + uuid.uuid4().hex for _ in parts[1:]]
        for i, part in enumerate(parts):
            after = links[i + 1] if i + 1 < len(parts) else None
            if after and self.options.get("elsewhere"):
                after = "https://evil.example/api/v2/steal"
            body = {"paging": {"rows": len(part), "totalRows": len(rows), "urls": {"nextPage": after}}, "data": part}
            if i == 0:
                first = body
            else:
                self.pages[links[i].split("/")[-1]] = body
        return Reply(first)

    @route("GET", r"/api/v2/[A-Za-z]+/(page[0-9a-f]+)")
    def next_page(self, q):
        if q.groups[0] not in self.pages:
            raise Refused(404, "no such page")
        return Reply(self.pages[q.groups[0]])

    def window(self, b, most=7 * DAY):
        f = b.get("timeFilter")
        if not isinstance(f, dict) or set(f) != {"startTime", "endTime"}:
            raise Refused(400, "timeFilter")
        start, end = seconds(f["startTime"]), seconds(f["endTime"])
        if start > end or end - start > most + 1 or start < time.time() - 92 * DAY - 3600:
            raise Refused(400, f"window {f}")
        return start, end

    def filters(self, b):
        out = []
        for f in b.get("filters", []):
            if set(f) != {"field", "expression", "value"} or f["expression"] != "eq" or not isinstance(f["value"], str):
                raise Refused(400, f"filter {f}")
            out.append((f["field"], f["value"]))
        return out

    # ---- alerts
    @route("POST", "/api/v2/Alerts/search", ctype="application/json")
    def search(self, q):
        b = q.json()
        if set(b) - {"timeFilter", "filters", "returns"}:
            raise Refused(400, f"unknown {set(b)}")
        start, end = self.window(b)
        rows = [a for a in self.alerts.values() if start <= seconds(a["startTime"]) < end and all(a.get(k) == v for k, v in self.filters(b))]
        return self.page(q, sorted(rows, key=lambda a: a["startTime"], reverse=True))

    def one(self, q):
        a = self.alerts.get(int(q.groups[0]))
        if not a:
            raise Refused(404, "alert not found", strict=False)
        return a

    @route("GET", "/api/v2/Alerts/" + ID, query=["scope"], need=["scope"])
    def details(self, q):
        a, scope = self.one(q), q.arg("scope")
        i = a["alertId"] - 967000
        if scope == "Details":
            return Reply({"data": dict(a, entityMap=self.entities(i))})
        if scope == "Timeline":
            return Reply({"data": self.timeline.get(a["alertId"], [])})
        if scope == "Investigation":
            return Reply({"data": [{"question": "Has a new user been involved?", "answer": "No"}]})
        if scope == "RelatedAlerts":
            return Reply(b"", 204)
        if scope == "Events":
            return Reply({"data": [{"awsRegion": "eu-central-1", "eventName": "PutBucketPolicy", "eventSource": "s3.amazonaws.com", "sourceIPAddress": "198.51.100.7", "eventTime": a["startTime"],
                                    "recipientAccountId": "111122223333", "eventID": f"e-{i}", "userIdentity": "{\"type\":\"IAMUser\",\"userName\":\"alice\"}"}]})
        raise Refused(400, f"scope {scope}")

    @route("POST", "/api/v2/Alerts/" + ID + "/comment", ctype="application/json")
    def comment(self, q):
        a, b = self.one(q), q.json()
        if set(b) != {"comment"} or not b["comment"]:
            raise Refused(400, "comment")
        return Reply({"data": self.note(a, "Comment", b["comment"])}, 201)

    def note(self, a, kind, text):
        a["lastUserUpdatedTime"] = stamp(time.time())
        entry = {"id": 129 + len(self.timeline.get(a["alertId"], [])), "alertId": a["alertId"], "entryType": kind, "entryAuthorType": "UserUpdate", "message": {"value": text}, "externalTime": "0",
                 "user": {"username": "midwatch@example.com"}, "updateContext": {}}
        self.timeline.setdefault(a["alertId"], []).append(entry)
        return entry

    @route("POST", "/api/v2/Alerts/" + ID + "/close", ctype="application/json")
    def close(self, q):
        a, b = self.one(q), q.json()
        if set(b) - {"reason", "comment"} or b.get("reason") not in range(6) or (b["reason"] == 0 and not b.get("comment")):
            raise Refused(400, f"reason and comment {b}")
        if a["status"] == "Closed":
            raise Refused(400, "the alert is closed")
        a["status"], a["closeReason"] = "Closed", b["reason"]
        if b.get("comment"):
            self.note(a, "Comment", b["comment"])
        a["lastUserUpdatedTime"] = stamp(time.time())
        return Reply({"message": "SUCCESS"})

    @route("GET", "/api/v2/Policies/([a-z0-9-]+)")
    def policy(self, q):
        return Reply({"data": {"policyId": q.groups[0], "title": "Block public access", "remediation": "Turn Block Public Access on.", "severity": "high", "tags": ["framework:cis"]}})

    # ---- assets
    @route("POST", "/api/v2/Inventory/search", ctype="application/json")
    def inventory(self, q):
        b = q.json()
        if set(b) - {"csp", "dataset", "timeFilter", "filters"} or b.get("csp") not in ("AWS", "Azure", "GCP"):
            raise Refused(400, f"body {b}")
        if "dataset" in b and (self.options.get("no_dataset") or b["dataset"] != "AwsCompliance"):
            raise Refused(400, "unknown field dataset", strict=not self.options.get("no_dataset"))
        self.window(b)
        rows = [{"apiKey": "list", "csp": "AWS", "cloudDetails": {"accountAlias": "", "accountID": t["account"]}, "startTime": stamp(self.now - DAY * day), "endTime": stamp(self.now - DAY * day + 3600),
                 "resourceId": t["id"].split("/")[-1], "resourceRegion": t["region"], "resourceTags": t["tags"], "resourceType": WORDS[t["kind"]], "service": t["kind"], "urn": t["arn"],
                 "resourceConfig": t["raw"], "status": {"formatVersion": 1, "status": "success", "props": None}} for t in self.things for day in (1, 0)]
        return self.page(q, [r for r in rows if all(r.get(k) == v for k, v in self.filters(b))])

    @route("POST", "/api/v2/Entities/MachineDetails/search", ctype="application/json")
    def machines(self, q):
        b = q.json()
        self.window(b)
        rows = []
        for i, a in enumerate(self.alerts.values()):
            t = self.things[i * 7 % len(self.things)]
            if t["kind"] == "instance":
                rows.append({"awsInstanceId": t["id"], "awsZone": t["region"], "hostname": t["name"], "mid": 51 + i, "os": "Ubuntu", "tags": {"Account": t["account"], "InstanceId": t["id"], "VmProvider": "AWS"}})
        return self.page(q, [r for r in rows if all(str(r.get(k)) == v for k, v in self.filters(b))])

    @route("POST", "/api/v2/Vulnerabilities/Hosts/search", ctype="application/json")
    def vulnerabilities(self, q):
        b = q.json()
        self.window(b)
        if [k for k, _ in self.filters(b)] != ["mid"]:
            raise Refused(400, "filters")
        return self.page(q, [{"vulnId": "CVE-2026-10001", "severity": "Critical", "status": "Active", "featureKey": {"name": "openssl", "version_installed": "3.0.1"}, "fixInfo": {"fixed_version": "3.0.9"}}])

    @route("POST", "/api/v2/Configs/ComplianceEvaluations/search", ctype="application/json")
    def compliance(self, q):
        b = q.json()
        self.window(b)
        if b.get("dataset") != "AwsCompliance" or [k for k, _ in self.filters(b)] != ["resource"]:
            raise Refused(400, "filters")
        return self.page(q, [{"account": {"AccountId": "111122223333"}, "id": "lacework-global-73", "reason": "PublicAccessBlockNotSet", "recommendation": "Ensure S3 buckets block public access",
                              "resource": self.filters(b)[0][1], "section": "2.1.5", "severity": "High", "status": "NonCompliant"}])

    # ---- LQL
    def resource(self, node):
        t = node["type"]
        arn = node["id"] if node["id"].startswith("arn:") else f"arn:aws:ec2:{node.get('region', '')}:{node.get('account', '')}:{t}/{node['id']}"
        own = node["id"].split(":")[-1].split("/")[-1]
        return {"ACCOUNT_ID": node.get("account"), "ACCOUNT_ALIAS": "x", "ARN": arn, "RESOURCE_ID": own, "RESOURCE_TYPE": WORDS[t], "RESOURCE_REGION": node.get("region"),
                "RESOURCE_TAGS": node.get("tags") or {}, "RESOURCE_CONFIG": {"a": {"b": 1}}}

    def event(self, r):
        raw = r["raw"] if not self.options.get("text_event") else json.dumps(r["raw"])
        return '{"INSERT_ID":%s,"INSERT_TIME":%s,"EVENT_TIME":%s,"EVENT":%s}' % (json.dumps(r["uid"]), json.dumps(r["time"]), json.dumps(r["time"]), raw)

    @route("POST", "/api/v2/Queries/execute", ctype="application/json")
    def execute(self, q):
        b = q.json()
        if set(b) != {"query", "options", "arguments"} or set(b["query"]) != {"queryText"} or set(b["options"]) != {"limit"} or b["options"]["limit"] < 1:
            raise Refused(400, f"body {sorted(b)}")
        names = {a["name"]: seconds(a["value"]) for a in b["arguments"]}
        if set(names) != {"StartTimeRange", "EndTimeRange"} or not 0 < names["EndTimeRange"] - names["StartTimeRange"] <= 7 * DAY + 1:
            raise Refused(400, f"arguments {b['arguments']}")
        limit = b["options"]["limit"]
        if self.options.get("lql_error"):
            raise Refused(400, self.options["lql_error"], strict=False)
        text = b["query"]["queryText"]
        if text not in self.answers:
            self.answers[text] = self.lake.ask("lql", text)[0]
        rows = self.answers[text]
        if "LW_CFG" in b["query"]["queryText"]:
            data = [json.dumps(self.resource(r["graph"]["node"])) for r in rows]
        else:
            when = lambda r: datetime.datetime.fromisoformat(r["time"].replace("Z", "+00:00")).timestamp()
            data = [self.event(r) for r in rows if names["StartTimeRange"] <= when(r) <= names["EndTimeRange"]]  # both ends
        if not data and self.options.get("empty_204"):
            return Reply(b"", 204)
        return Reply('{"data":[' + ",".join(data[:limit]) + '],"ok":true,"message":"SUCCESS"}')

    @route("GET", "/api/v2/Datasources")
    def datasources(self, q):
        return Reply({"data": [{"name": "CloudTrailRawEvents", "description": "x", "resultSchema": [{"name": "EVENT", "dataType": "JSON"}, {"name": "EVENT_TIME", "dataType": "Timestamp"}]},
                               {"name": "LW_CFG_AWS_S3", "description": "y"}]})
