"""Microsoft Sentinel: token endpoint, Log Analytics queries, Resource Manager, both ways of ingestion. Facts: ../shared/apis/sentinel.md."""
import base64, datetime, hashlib, hmac, json, re, uuid

from twin import Columns, Refused, Reply, Twin, route

TENANT, CLIENT, SECRET = "aaaaaaaa-0000-0000-0000-000000000001", "cccccccc-0000-0000-0000-000000000002", "s3cr3t/+&="
WORKSPACE = "11111111-2222-3333-4444-555555555555"
RESOURCE = "/subscriptions/d0cfe6b2/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/ws"
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg=="
RULE = "dcr-0123456789abcdef0123456789abcdef"
I = re.escape(RESOURCE) + "/providers/Microsoft.SecurityInsights/incidents"
GUID = r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
V = ["api-version"]


class Vendor(Twin):
    kept = ("incidents", "comments")

    def __init__(self, lake):
        super().__init__(lake)
        self.tokens, self.events, self.comments, self.queries = {}, [], {}, 0
        self.incidents = {}
        for i in range(5):
            name = f"73e01a99-5cd7-4139-a149-9f2736ff2a{i:02d}"
            self.incidents[name] = {"id": f"{RESOURCE}/x/{name}", "name": name, "etag": f'"{i}-0"', "type": "Microsoft.SecurityInsights/incidents", "properties": {
                "lastModifiedTimeUtc": f"2026-11-23T0{i}:00:00Z", "createdTimeUtc": "2026-11-23T00:00:00Z", "title": f"Incident {i}", "severity": "High", "status": "New",
                "owner": {"objectId": None, "assignedTo": None}, "labels": [], "incidentNumber": 3000 + i, "additionalData": {"alertsCount": 1}}}

    def check_auth(self, q):
        if q.path.endswith("/oauth2/v2.0/token") or q.path == "/api/logs":
            return
        scope = "https://monitor.azure.com" if q.path.startswith("/dataCollectionRules") else self.base
        token = (q.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.tokens.get(token) != scope + "/.default":
            raise Refused(401, "The access token is missing, invalid or for another audience", "InvalidAuthenticationToken", strict=token not in ("", "old") and bool(self.tokens))

    def expire_token(self):
        self.tokens = {}

    def error(self, status, text, code=None):
        return {"error": {"code": code or "Error", "message": "outer", "innererror": {"code": code or "x", "message": text}}}

    @route("POST", f"/{TENANT}/oauth2/v2.0/token", form=["grant_type", "client_id", "client_secret", "scope"], need=["grant_type", "client_id", "client_secret", "scope"])
    def token(self, q):
        if q.arg("client_id") != CLIENT or q.arg("client_secret") != SECRET:
            return Reply({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}, 401)
        t = "eyJ." + uuid.uuid4().hex
        self.tokens[t] = q.arg("scope")
        return Reply({"token_type": "Bearer", "expires_in": self.options.get("expires_in", 3599), "access_token": t})

    # ---- queries
    @staticmethod
    def columns_of(rows):
        names = {}
        for r in rows:
            for n in r["vals"]:
                names.setdefault(n.split(".")[0], "dynamic" if "." in n else "string")
        return names

    def table(self, kql):
        if kql.startswith("print "):
            return {"name": "PrimaryResult", "columns": [{"name": "x", "type": "long"}], "rows": [["1"]]}
        if "newest=max(TimeGenerated)" in kql:
            return {"name": "PrimaryResult", "columns": [{"name": "newest", "type": "datetime"}], "rows": [["2026-11-24T14:59:00Z"]]}
        if kql.startswith("SecurityAlert\n| where SystemAlertId in"):
            return {"name": "PrimaryResult", "columns": [{"name": "SystemAlertId", "type": "string"}, {"name": "TimeGenerated", "type": "datetime"}, {"name": "AlertName", "type": "string"}],
                    "rows": [[i, "2026-11-23T01:00:00Z", "Alert"] for i in re.findall(r'"([^"]+)"', kql)]}
        rows, end = self.lake.ask("kql", kql, table=kql.split("\n")[0])
        if end["grouped"]:
            return {"name": "PrimaryResult", "columns": [{"name": c, "type": "string"} for c in end["columns"]], "rows": [[v if v != "" else None for v in r["cols"]] for r in rows]}
        names = self.columns_of(rows)
        columns = ["TimeGenerated", "TenantId", "AwsEventId", "Type"] + [n for n in names if n not in ("TimeGenerated", "AwsEventId", "Type")]
        out = []
        for r in rows:
            cells = {"TimeGenerated": r["time"], "TenantId": TENANT, "AwsEventId": r["uid"], "Type": kql.split("\n")[0]}
            for n, v in r["vals"].items():
                head, *rest = n.split(".")
                if rest:
                    at = cells.setdefault(head, {})
                    for key in rest[:-1]:
                        at = at.setdefault(key, {})
                    at[rest[-1]] = v[0]
                else:
                    cells.setdefault(head, v[0])
            out.append([json.dumps(cells[c]) if isinstance(cells.get(c), dict) else cells.get(c) for c in columns])
        return {"name": "PrimaryResult", "columns": [{"name": c, "type": names.get(c, "string")} for c in columns], "rows": out}

    @route("POST", f"/v1/workspaces/{WORKSPACE}/query", ctype="application/json")
    def query(self, q):
        body = q.json()
        if set(body) != {"query", "timespan"} or not re.match(r"^(PT1H|\d{4}-.*Z/\d{4}-.*Z)$", body["timespan"]):
            raise Refused(400, "query and timespan are wanted", "BadArgumentError")
        if "Prefer" in q.headers and not re.match(r"^wait=\d+,include-statistics=true$", q.headers["Prefer"]):
            raise Refused(400, "Prefer", "BadArgumentError")
        self.queries += 1
        t = self.table(body["query"])
        most = self.options.get("rows_max")
        out = {"tables": [{"name": "QueryStatistics", "columns": [], "rows": []}, t]}
        if not t["rows"] and self.options.get("empty_204"):
            return Reply(b"", 204)
        if most and len(t["rows"]) > most:
            t["rows"] = t["rows"][:most]
            out["error"] = {"code": "PartialError", "message": "There were some errors.", "details": [{"code": "EngineError", "innererror": {
                "code": "-2133196797", "message": f"The results of this query exceed the set limit of {most} records (E_QUERY_RESULT_SET_TOO_LARGE)"}}]}
        return Reply(out)

    @route("GET", f"/v1/workspaces/{WORKSPACE}/metadata")
    def metadata(self, q):
        tables = [t for t in ("AWSCloudTrail", "AWSVPCFlow", "SigninLogs", "OktaV2_CL", "Syslog") if t not in self.options.get("lacks", ())]
        return Reply({"tables": [{"name": t, "columns": [{"name": n.split(".")[0], "type": "datetime" if n == "TimeGenerated" else "string"}
                                                         for n in Columns(self, "kql", table=t)]} for t in tables]})

    # ---- incidents
    def need_version(self, q):
        if q.arg("api-version") not in ("2023-02-01", "2022-04-01"):
            raise Refused(400, "api-version")

    def one(self, q):
        self.need_version(q)
        if q.groups[0] not in self.incidents:
            raise Refused(404, "no such incident", strict=False)
        return self.incidents[q.groups[0]]

    @route("GET", I, query=V + ["$filter", "$orderby", "$top", "$skipToken"])
    def list(self, q):
        self.need_version(q)
        since = re.match(r"^properties/lastModifiedTimeUtc ge (\S+)$", q.arg("$filter", "")) if q.arg("$filter") else None
        if q.arg("$filter") and not since:
            raise Refused(400, f"filter {q.arg('$filter')}")
        rows = sorted((i for i in self.incidents.values() if not since or i["properties"]["lastModifiedTimeUtc"] >= since.group(1)), key=lambda i: i["properties"]["lastModifiedTimeUtc"])
        start = int(q.arg("$skipToken", "0"))
        out = {"value": rows[start:start + 2]}
        if start + 2 < len(rows):
            out["nextLink"] = self.base + q.path + "?" + re.sub(r"&?\$skipToken=\d+|&?%24skipToken=\d+", "", q.raw_query) + f"&$skipToken={start + 2}"
        if self.options.get("elsewhere"):
            out["nextLink"] = "https://evil.example/steal"
        return Reply(out)

    @route("GET", I + "/" + GUID, query=V)
    def get(self, q):
        return Reply(self.one(q))

    @route("POST", I + "/" + GUID + "/alerts", query=V)
    def alerts(self, q):
        self.one(q)
        return Reply({"value": [{"kind": "SecurityAlert", "name": "a", "properties": {"systemAlertId": "alert-1", "alertDisplayName": "x"}}]})

    @route("POST", I + "/" + GUID + "/entities", query=V)
    def entities(self, q):
        self.one(q)
        return Reply({"entities": [{"kind": "Account", "properties": {"accountName": "administrator"}}], "metaData": [{"entityKind": "Account", "count": 1}]})

    @route("GET", I + "/" + GUID + "/comments", query=V)
    def get_comments(self, q):
        self.one(q)
        return Reply({"value": [{"properties": {"message": m}} for m in self.comments.get(q.groups[0], {}).values()]})

    @route("PUT", I + "/" + GUID + "/comments/" + GUID, query=V, ctype="application/json")
    def comment(self, q):
        self.one(q)
        self.comments.setdefault(q.groups[0], {})[q.groups[1]] = q.json()["properties"]["message"]
        return Reply({"name": q.groups[1]}, 201)

    @route("PUT", I + "/" + GUID, query=V, ctype="application/json")
    def put(self, q):
        self.need_version(q)
        body, name = q.json(), q.groups[0]
        p = body["properties"]
        for key in ("title", "severity", "status"):
            if key not in p:
                raise Refused(400, f"{key} is required")
        if p["severity"] not in ("High", "Medium", "Low", "Informational") or p["status"] not in ("New", "Active", "Closed") or (p["status"] == "Closed" and "classification" not in p):
            raise Refused(400, "a value is not allowed")
        now = self.incidents.get(name)
        if now and body.get("etag") != now["etag"]:
            raise Refused(self.options.get("conflict", 409), "Newer instance of incident exists for incident id. Etag does not match.", "Conflict", strict=False)
        new = {"name": name, "etag": f'"{uuid.uuid4().hex}"', "properties": dict(now["properties"] if now else {"incidentNumber": 3000 + len(self.incidents), "createdTimeUtc": "2026-11-24T00:00:00Z"}, **p,
                                                                                   lastModifiedTimeUtc="2026-11-24T00:00:00Z")}
        self.incidents[name] = new
        return Reply(new, 200 if now else 201)

    @route("GET", re.escape(RESOURCE) + "/providers/Microsoft.Authorization/permissions", query=V)
    def permissions(self, q):
        return Reply({"value": [{"actions": ["*/read", "Microsoft.SecurityInsights/incidents/*"] + (["Microsoft.OperationalInsights/workspaces/*"] if self.options.get("can_write") else [])}]})

    # ---- writing
    @route("POST", f"/dataCollectionRules/{RULE}/streams/Custom-Midwatch_CL", query=V, ctype="application/json")
    def ingest(self, q):
        rows = q.json()
        if len(q.body) > 1000000 or not isinstance(rows, list) or any("TimeGenerated" not in r for r in rows):
            raise Refused(400, "the payload is not valid")
        self.events += rows
        return Reply(b"", 204)

    @route("POST", "/api/logs", query=V, ctype="application/json")
    def collector(self, q):
        text = f"POST\n{len(q.body)}\napplication/json\nx-ms-date:{q.headers['x-ms-date']}\n/api/logs"
        sig = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
        if q.headers.get("Authorization") != f"SharedKey {WORKSPACE}:{sig}":
            raise Refused(403, "InvalidAuthorization")
        if not re.match(r"^[A-Za-z0-9_]{1,100}$", q.headers.get("Log-Type") or ""):
            raise Refused(400, "InvalidLogType")
        self.events += q.json()
        return Reply(b"")
