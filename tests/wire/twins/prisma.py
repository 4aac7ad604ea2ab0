"""Prisma Cloud: tokens of ten minutes, alerts, assets, RQL (answered by the embedded graph and lake with the demo data, through the independent
reader), dismissals; errors in x-redlock-status with an empty body. Facts: ../shared/apis/prisma-cloud.md, the vendor's OpenAPI files."""
import json, os, re, time, uuid

from twin import Refused, Reply, Twin, route

KEY, SECRET = "11111111-aaaa-4bbb-8ccc-000000000001", "s3cr3t/+&="
J = "application/json; charset=UTF-8"
RANGES = {"absolute", "relative", "to_now"}
FILTERS = {"alert.id", "alert.status", "policy.severity", "cloud.accountId", "account.group", "timeRange.type", "resource.id", "resource.name"}
SEVERITY = {"INFORMATIONAL": "informational"}
APIS = {"instance": ("EC2 Instance", "Amazon EC2"), "bucket": ("S3 Bucket", "Amazon S3"), "role": ("IAM Role", "AWS IAM"), "user": ("IAM User", "AWS IAM"), "security_group": ("Security Group", "Amazon VPC"),
        "function": ("Lambda Function", "AWS Lambda"), "vpc": ("VPC", "Amazon VPC"), "subnet": ("Subnet", "Amazon VPC"), "database": ("RDS Instance", "Amazon RDS")}


def ms(text):
    return int(time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) * 1000) - time.timezone * 1000


class Vendor(Twin):
    def __init__(self, lake):
        super().__init__(lake)
        self.tokens, self.searches = {}, {}
        self.alerts = []
        with open(os.path.join(os.path.dirname(os.path.abspath(lake.folder)), "demo", "findings", "wiz_issues.jsonl")) as f:
            for i, w in enumerate(json.loads(line) for line in f):
                self.alerts.append(self.alert(i, w))

    def alert(self, i, w):
        where, at = w["entitySnapshot"], ms(w["createdAt"])
        rrn = f"rrn:aws:instance:{where['region']}:{where['subscriptionExternalId']}:a1b2:{where['externalId']}"
        return {"id": f"P-{i + 1}", "status": "open", "reason": "NEW_ALERT", "firstSeen": at, "lastSeen": at, "alertTime": at, "lastUpdated": at + i, "policyId": f"policy-{i}", "saveSearchId": "s",
                "policy": {"policyId": f"policy-{i}", "name": w["sourceRule"]["name"], "policyType": "attack_path" if i == 0 else "config", "systemDefault": True, "description": "x",
                           "severity": SEVERITY.get(w["severity"], w["severity"].lower()), "recommendation": "Ask the owner", "remediable": i == 0, "labels": [], "complianceMetadata": [
                               {"standardName": "CIS v1.2.0 (AWS)", "requirementId": "4", "sectionId": "4.3"}]},
                "alertRules": [], "history": [{"modifiedOn": at, "status": "open", "reason": "NEW_ALERT"}],
                "resource": {"rrn": rrn, "id": where["externalId"], "name": where["name"], "account": "demo", "accountId": where["subscriptionExternalId"], "cloudAccountGroups": ["Default Account Group"],
                             "cloudAccountOwners": ["owner@example.com"], "region": "AWS", "regionId": where["region"], "resourceType": "INSTANCE", "resourceApiName": "aws-ec2-describe-instances",
                             "cloudServiceName": "Amazon EC2", "data": {"instanceId": where["externalId"]}, "resourceTags": {"owner": "team-web"}, "cloudType": "aws", "resourceTs": at,
                             "unifiedAssetId": uuid.uuid5(uuid.NAMESPACE_URL, where["externalId"]).hex}}

    # ---- errors and tokens
    def error_reply(self, e):
        words = json.dumps([{"i18nKey": e.code or e.text, "severity": "error", "subject": None if not e.code else e.text}])
        return Reply(b"", e.status, J, dict(e.headers, **{"x-redlock-status": words}))

    def check_auth(self, q):
        if q.path == "/login":
            return
        token = q.headers.get("x-redlock-auth") or ""
        if self.tokens.get(token, 0) < time.time():
            raise Refused(401, "token_expired" if token else "unauthorized", strict=token == "" and bool(self.tokens))

    def expire_token(self):
        self.tokens = {}

    def new_token(self):
        t = "eyJhbGciOiJIUzI1NiJ9." + uuid.uuid4().hex + ".sig"
        self.tokens[t] = time.time() + self.options.get("lifetime", 600)
        return {"token": t, "message": "login_successful", "customerNames": [{"customerName": "Example", "prismaId": "1", "tosAccepted": True}]}

    @route("POST", "/login", ctype=J)
    def login(self, q):
        body = q.json()
        if set(body) - {"username", "password", "prismaId"}:
            raise Refused(400, "invalid_parameter_value")
        if body.get("username") != KEY or body.get("password") != SECRET:
            raise Refused(401, "invalid_credentials", strict=False)
        return Reply(self.new_token())

    @route("GET", "/auth_token/extend")
    def extend(self, q):
        return Reply(self.new_token())

    @route("GET", "/user/me")
    def me(self, q):
        kind = self.options.get("role", "Account Group Read Only")
        return Reply({"email": "svc@example.com", "roles": [{"id": "r", "name": kind, "type": kind, "onlyAllowReadAccess": "Read Only" in kind}]})

    # ---- alerts
    def matches(self, a, filters):
        got = {"alert.id": a["id"], "alert.status": a["status"], "policy.severity": a["policy"]["severity"], "cloud.accountId": a["resource"]["accountId"], "account.group": "Default Account Group",
               "resource.id": a["resource"]["id"], "resource.name": a["resource"]["name"]}
        want = {}
        for f in filters:
            if set(f) != {"name", "operator", "value"} or f["operator"] != "=" or f["name"] not in FILTERS:
                raise Refused(400, f"filter {f}", "invalid_parameter_value")
            want.setdefault(f["name"], set()).add(f["value"])
        return all(got[k] in v for k, v in want.items() if k != "timeRange.type")

    def page(self, rows, body, key, most, top=None):
        limit = body.get("limit", most)
        if not 1 <= limit <= most:
            raise Refused(400, f"limit {limit}", "invalid_parameter_value")
        limit = min(limit, self.options.get("page", limit))
        start = 0
        if body.get(key):
            if not re.match(r"^t\d+$", body[key]):
                raise Refused(400, "token", "invalid_parameter_value")
            start = int(body[key][1:])
        out = {"totalRows": len(rows), "items": rows[start:start + limit]}
        # the last page has a token too, which leads to an empty one
        if out["items"]:
            out["nextPageToken"] = f"t{start + limit}"
        return out

    @route("POST", "/v2/alert", query=["detailed"], ctype=J)
    def list(self, q):
        body = q.json()
        if set(body) - {"timeRange", "filters", "limit", "sortBy", "pageToken"} or body["timeRange"]["type"] not in RANGES:
            raise Refused(400, f"{set(body)}", "invalid_parameter_value")
        if self.options.get("no_updated") and any(f["value"] == "ALERT_UPDATED" for f in body.get("filters", [])):
            raise Refused(400, "timeRange.type", "invalid_parameter_value", strict=False)
        field = "lastUpdated" if any(f["value"] == "ALERT_UPDATED" for f in body.get("filters", [])) else "alertTime"
        span = body["timeRange"]["value"]
        rows = [a for a in self.alerts if self.matches(a, body.get("filters", [])) and span["startTime"] <= a[field] < span["endTime"]]
        out = self.page(rows, body, "pageToken", 10000)
        if self.options.get("many") and len(rows) > 2:  # as if there were more than one window may hold
            out["totalRows"] = 5000
        return Reply(out)

    def find(self, i):
        for a in self.alerts:
            if a["id"] == i:
                return a
        raise Refused(404, "alert_not_found", strict=False)

    @route("GET", "/alert/([A-Z]-[0-9]+)", query=["detailed"])
    def one(self, q):
        return Reply(self.find(q.groups[0]))

    @route("GET", "/alert/v1/([A-Z]-[0-9]+)/graph")
    def graph(self, q):
        a = self.find(q.groups[0])
        if a["policy"]["policyType"] != "attack_path":
            return Reply({"timestamp": "x", "status": 412, "error": "Precondition Failed", "message": "no graph", "path": q.path, "errorDetails": []}, 412)
        nodes = {"n1": {"type": "PrimaryAsset", "label": a["resource"]["name"], "metadata": {"externalAssetId": a["resource"]["id"], "accountId": a["resource"]["accountId"]}},
                 "n2": {"type": "Finding", "label": "Internet exposure", "metadata": {"type": "INTERNET_EXPOSURE", "severity": "high"}},
                 "n3": {"type": "Vulnerability", "label": "CVE-2024-12345", "metadata": {"severity": "critical"}}}
        if self.options.get("graph_list"):
            nodes = [dict(n, id=k) for k, n in nodes.items()]
        return Reply({"graphs": [{"graph": {"nodes": nodes, "edges": [{"id": "e1", "source": "n1", "target": "n2"}, {"id": "e2", "source": "n1", "target": "n3"}]}}], "nextPageToken": None})

    def changing(self, q, note):
        body = q.json()
        if set(body) - {"alerts", "policies", "dismissalNote", "dismissalTimeRange", "filter"} or "timeRange" not in body.get("filter", {}) or not (body.get("alerts") or body.get("policies")):
            raise Refused(400, "filter", "missing_required_parameter")
        if note and not body.get("dismissalNote"):
            raise Refused(400, "dismissalNote", "missing_required_parameter")
        if self.options.get("read_only"):
            raise Refused(403, "permission_error", strict=False)
        return body, [self.find(i) for i in body["alerts"]]

    @route("POST", "/alert/dismiss", ctype=J)
    def dismiss(self, q):
        body, alerts = self.changing(q, True)
        for a in alerts:
            if a["status"] not in ("open", "snoozed"):
                raise Refused(404, "alert_no_longer_in_expected_state", strict=False)
            a.update(status="snoozed" if "dismissalTimeRange" in body else "dismissed", reason="USER_DISMISSED", lastUpdated=a["lastUpdated"] + 1)
            a["history"].append({"status": a["status"], "reason": body["dismissalNote"]})
        return Reply(b"")

    @route("POST", "/alert/reopen", ctype=J)
    def reopen(self, q):
        for a in self.changing(q, False)[1]:
            a.update(status="open", reason="USER_REOPENED", lastUpdated=a["lastUpdated"] + 1)
        return Reply(b"")

    @route("POST", "/alert/remediation", ctype=J)
    def remediation(self, q):
        body = q.json()
        if len(body["policies"]) != 1:
            raise Refused(400, "policies", "cannot_remediate_multiple_policy_alerts")
        return Reply({"cliDescription": "x", "scriptImpact": None, "alertIdVsCliScript": {body["alerts"][0]: "aws ec2 ..."}})

    # ---- assets and searches
    def nodes(self):
        if not hasattr(self, "all"):
            self.all = []
            for api in ("aws-ec2-describe-instances", "aws-s3api-get-bucket-acl"):
                rows = self.lake.ask("rql", f"config from cloud.resource where cloud.type = 'aws' AND api.name = '{api}'")[0]
                self.all += [r["graph"]["node"] for r in rows]
        return self.all

    def row(self, n):
        kind, service = APIS.get(n["type"], ("Other", "Other"))
        return {"rrn": f"rrn:aws:{n['type']}:{n.get('region')}:{n.get('account')}:a1b2:{n['id']}", "assetId": uuid.uuid5(uuid.NAMESPACE_URL, n["id"]).hex, "id": n["id"], "name": n.get("name"),
                "accountId": n.get("account"), "accountName": "demo", "cloudType": "aws", "regionId": n.get("region"), "regionName": "AWS", "service": service, "resourceType": kind, "deleted": False,
                "tags": n.get("tags") or {}, "riskGrade": "F", "data": n.get("props") or {}}

    @route("POST", "/v2/resource/scan_info", ctype=J)
    def inventory(self, q):
        body = q.json()
        want = {f["name"]: f["value"] for f in body["filters"]}
        if set(want) - {"resource.id", "resource.name"}:
            raise Refused(400, f"{want}", "invalid_parameter_value")
        rows = [self.row(n) for n in self.nodes()]
        rows = [r for r in rows if want.get("resource.id", r["id"]) == r["id"] and want.get("resource.name", r["name"]) == r["name"]]
        return Reply({"resources": rows[:body.get("limit", 100)], "totalMatchedCount": len(rows), "nextPageToken": None})

    @route("POST", "/uai/v1/asset", ctype=J)
    def asset(self, q):
        body = q.json()
        if set(body) != {"assetId", "type"}:
            raise Refused(400, f"{body}", "invalid_parameter_value")
        for n in self.nodes():
            r = self.row(n)
            if body["assetId"] in (r["assetId"], r["rrn"]) or body["assetId"].endswith(":" + n["id"]):
                return Reply({"data": {"asset": {"id": r["assetId"], "externalAssetId": n["id"], "cloudType": "aws", "data": r["data"], "riskGrade": "F", "name": n.get("name"), "regionId": r["regionId"],
                                                 "altAssetId": [r["rrn"]], "tags": {"owner": "team-web"}, "vulnerabilityCounts": {"critical": 1}, "accountName": "demo", "assetType": r["resourceType"],
                                                 "alertsCount": [{"severity": "high", "count": 1}]}}})
        return Reply({"data": {"asset": None}, "errors": {"message": "asset not found"}})

    @route("POST", "/resource/external_finding", ctype=J)
    def external(self, q):
        if set(q.json()) != {"rrn", "findingType", "riskFactors"}:
            raise Refused(400, "body", "invalid_parameter_value")
        return Reply([{"cveId": "CVE-2026-99001", "severity": "critical", "packageName": "openssl", "packageVersion": "1.0", "fixedVersion": "1.1"}])

    @route("POST", "/search/suggest", ctype=J)
    def suggest(self, q):
        if set(q.json()) != {"query"}:
            raise Refused(400, "query", "invalid_parameter_value")
        if self.options.get("no_iam") and "iam" in q.json()["query"]:
            raise Refused(403, "permission_error", strict=False)
        return Reply({"suggestions": ["AND"], "valid": True, "needsOffsetUpdate": False})

    @route("POST", "/search/api/v2/config", ctype=J)
    def config(self, q):
        body = q.json()
        if set(body) - {"query", "limit", "withResourceJson", "startTime", "nextPageToken"} or not isinstance(body["startTime"], int):
            raise Refused(400, f"{set(body)}", "invalid_parameter_value")
        if body["query"] not in self.searches:
            self.searches[body["query"]] = [self.row(r["graph"]["node"]) for r in self.lake.ask("rql", body["query"])[0]]
        return Reply(dict(self.page(self.searches[body["query"]], body, "nextPageToken", 100), id=str(uuid.uuid4()), dynamicColumns=[], sortAllowedColumns=["id"]))

    def end(self, n, side):
        return {f"{side}CloudAccount": n.get("account"), f"{side}CloudRegion": n.get("region"), f"{side}ResourceId": n["id"] if n["type"] != "resource_class" else "*",
                f"{side}ResourceName": n.get("name"), f"{side}ResourceType": n["type"]}

    @route("POST", "/iam/api/v4/search/permission", query=["limit"], ctype=J)
    def iam(self, q):
        body = q.json()
        if set(body) - {"query", "nextPageToken"}:
            raise Refused(400, f"{set(body)}", "invalid_parameter_value")
        if body["query"] not in self.searches:
            self.searches[body["query"]] = [p for p in (r["graph"].get("path") for r in self.lake.ask("rql", body["query"], paths=True)[0]) if p]
        rows = [dict(self.end(p[0], "source"), **self.end(p[2], "dest"), id=str(i), effectiveActionName=(p[1].get("props") or {}).get("action", ""), grantedByCloudPolicyId="arn:aws:iam::aws:policy/x")
                for i, p in enumerate(self.searches[body["query"]])]
        return Reply({"id": "1", "searchType": "iam", "query": body["query"], "data": self.page(rows, dict(body, limit=int(q.arg("limit"))), "nextPageToken", 100)})

    def audit_rows(self, query, span):
        rows, _ = self.lake.ask("rql", query)
        out = []
        for i, r in enumerate(rows):
            at = ms(r["time"])
            if span["startTime"] <= at < span["endTime"]:
                out.append({"id": i, "eventTs": at, "name": "x", "subject": "x", "account": "x", "rawEvent": json.loads(r["raw"])})
        return out

    @route("POST", "/search/event", ctype=J)
    def event(self, q):
        body = q.json()
        if set(body) != {"query", "timeRange", "limit", "sort"} or body["timeRange"]["type"] != "absolute":
            raise Refused(400, f"{set(body)}", "invalid_parameter_value")
        self.events = self.audit_rows(body["query"], body["timeRange"]["value"])
        return Reply({"id": "1", "searchType": "audit_event", "query": body["query"], "timeRange": body["timeRange"], "data": self.page(self.events, body, "pageToken", 100)})

    @route("POST", "/search/event/page", ctype=J)
    def event_page(self, q):
        body = q.json()
        if set(body) != {"limit", "pageToken"}:
            raise Refused(400, f"{set(body)}", "invalid_parameter_value")
        return Reply(self.page(self.events, body, "pageToken", 100))
