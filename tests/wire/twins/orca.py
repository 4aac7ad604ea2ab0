"""Orca Security: the serving layer's queries, alerts one by one, the legacy list of alerts. Facts: ../shared/apis/orca.md. Assets are the demo company's; an
object_set is evaluated here over rows of the vendor's shape, by what its grammar says, whoever wrote it."""
import datetime, json, re

from twin import Refused, Reply, Twin, route
from twins.demo_assets import assets

TOKEN = "b3JjYS10b2tlbg=="
ID = r"([A-Za-z0-9_.:@-]+)"
MODELS = {"instance": "AwsEc2Instance", "bucket": "AwsS3Bucket", "user": "AwsUser"}
ACCOUNTS = {"111122223333": "prod", "444455556666": "shared", "777788889999": "dev"}
RISKS = ["critical", "high", "medium", "low", "informational"]
SCORES = {"critical": 9.5, "high": 8, "medium": 5.5, "low": 2, "informational": 0.5}
TITLES = ["EC2 instance with admin role exposed to the internet", "S3 bucket data is not protected", "Unused credentials of an IAM user", "Log4Shell on a reachable port", "Secret in an environment variable"]
LEGACY_SCORE = {"critical": 1, "high": 2, "medium": 3, "low": 3, "informational": 4}


def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def value(row, key):
    """data.KEY.value of a row, else data.KEY, else the row's own."""
    data = row["data"]
    if key in data:
        v = data[key]
        return v["value"] if isinstance(v, dict) and "value" in v else v
    return row.get(key)


class Vendor(Twin):
    def __init__(self, lake):
        super().__init__(lake)
        self.token, self.log = TOKEN, {}

    def start(self):
        if hasattr(self, "rows"):
            return
        self.rows = {"Inventory": [self.inventory(a) for a in assets(self.lake.folder)]}
        things, n = self.rows["Inventory"], self.options.get("alerts", 12)
        self.rows["Alert"] = [self.alert(i, things[i * 7 % len(things)]) for i in range(n)]
        if self.options.get("shuffle"):
            self.rows["Alert"] = self.rows["Alert"][5:] + self.rows["Alert"][:5]
        self.rows["VulnerabilityV2"] = [self.vulnerability(i, things[i]) for i in range(3)]
        self.rows["AttackPathInventories"] = []
        for r in self.rows["Inventory"]:
            self.rows.setdefault(r["type"], []).append(r)

    # ---- rows in the vendor's shape
    @staticmethod
    def wrap(o):
        return {k: {"value": v} for k, v in o.items()}

    def account(self, number):
        guid = f"10b11111-1111-1111-91d5-{number}"
        return {"id": guid, "name": ACCOUNTS[number], "type": "CloudAccount", "data": self.wrap({"Name": ACCOUNTS[number], "CloudProvider": "aws"})}

    def inventory(self, a):
        model = MODELS[a["kind"]]
        own = a["id"].split("/")[-1]
        data = self.wrap({"Name": own, "AssetUniqueId": f"{model}_{a['account']}_{own}", "Type": model, "Region": a["region"], "Tags": a["tags"], "OrcaScore": 5.0, "RiskLevel": "medium",
                          "IsInternetFacing": bool(a["public"]), "PublicIps": [a["public"]] if a["public"] else [], "PrivateIps": [a["private"]] if a["private"] else []})
        if a["kind"] == "user":
            data["Arn"] = {"value": a["arn"]}
        data["CloudAccount"] = self.account(a["account"])
        return {"id": own, "name": own, "type": model, "asset_unique_id": f"{model}_{a['account']}_{own}", "group_unique_id": f"{model}_{a['account']}_{own}", "data": data}

    def alert(self, i, asset):
        day = 20 + i // 5
        made, changed = f"2026-11-{day:02d}T0{i % 5}:00:00+00:00", f"2026-11-{day + 1:02d}T0{i % 5 // 2}:30:00+00:00"  # two of one second
        title = TITLES[i % len(TITLES)] + (" * \"100%\" <b>" if i == 3 else "")
        data = self.wrap({"AlertId": f"orca-{1000 + i}", "AlertType": title, "Title": title, "OrcaScore": SCORES[RISKS[i % 5]], "RiskLevel": RISKS[i % 5], "Status": "open", "Category": "Lateral movement",
                          "Source": asset["name"], "Description": title, "Recommendation": "Restrict access to the asset.", "Labels": ["CSPM"], "CreatedAt": made, "LastSeen": changed,
                          "LastUpdated": changed, "RiskFindings": {}, "RelatedCompliances": ["NIST 800-53 (Rev 5)"]})
        data["CloudAccount"] = asset["data"]["CloudAccount"]
        data["Inventory"] = {k: asset[k] for k in ("id", "name", "type", "asset_unique_id", "data")}
        return {"id": f"orca-{1000 + i}-guid", "name": f"orca-{1000 + i}", "type": "Alert", "asset_unique_id": asset["asset_unique_id"], "group_unique_id": asset["group_unique_id"], "data": data}

    def vulnerability(self, i, asset):
        data = self.wrap({"CveId": f"CVE-2026-1000{i}", "CvssSeverity": "CRITICAL", "PatchAvailable": "Yes", "PackageName": "openssl", "PackageVersion": "3.0.1", "FixVersion": "3.0.9"})
        data["Inventory"] = {k: asset[k] for k in ("id", "name", "type", "asset_unique_id", "data")}
        return {"id": f"v{i}", "name": f"CVE-2026-1000{i}", "type": "VulnerabilityV2", "asset_unique_id": asset["asset_unique_id"], "data": data}

    def legacy(self, row):
        d = lambda k: value(row, k)
        inv, number = row["data"]["Inventory"], row["asset_unique_id"].split("_")[1]
        return {"type": "rule_" + row["name"], "rule_id": "r1", "type_string": d("AlertType"), "category": d("Category"), "description": d("Description"), "details": d("Description"),
                "recommendation": d("Recommendation"), "data": {"remediation_cli": [">1. aws ec2 modify-instance-attribute"]}, "related_compliances": d("RelatedCompliances"), "cloud_provider": "aws",
                "cloud_account_id": row["data"]["CloudAccount"]["id"], "cloud_vendor_id": number, "account_name": ACCOUNTS[number], "asset_unique_id": row["asset_unique_id"],
                "asset_name": inv["name"], "asset_type": inv["type"], "asset_type_string": inv["type"], "asset_vendor_id": inv["name"], "asset_regions": [value(inv, "Region")], "findings": {"x": []},
                "state": {"alert_id": row["name"], "status": d("Status"), "created_at": d("CreatedAt"), "last_seen": d("LastSeen"), "last_updated": d("LastUpdated"),
                          "score": LEGACY_SCORE[d("RiskLevel")], "severity": "hazardous", "risk_level": d("RiskLevel"), "orca_score": d("OrcaScore")}}

    # ---- the door
    def check_auth(self, q):
        self.start()
        if q.headers.get("Authorization") not in ("Token " + self.token, "TOKEN " + self.token):
            raise Refused(401, "Invalid token", strict=self.token == TOKEN)

    def expire_token(self):
        self.token = "expired"

    def error(self, status, text, code=None):
        if status == 403:
            return {"detail": text}
        return {"status": "failure", "error": text}

    # ---- object_set
    def test(self, row, c):
        if set(c) <= {"keys", "models", "type", "operator", "negate", "with"} and c.get("operator") == "has":
            if not c.get("keys") or len(c["keys"]) != 1 or c.get("type") not in ("object", "object_set"):
                raise Refused(400, f"relation {c}")
            other = row["data"].get(c["keys"][0].rstrip("s") if c["keys"][0] == "Inventories" else c["keys"][0])
            found = isinstance(other, dict) and "data" in other and ("with" not in c or self.test(other, c["with"]))
            return found != bool(c.get("negate"))
        if c.get("type") == "operation" and set(c) == {"type", "operator", "values"} and c["operator"] in ("and", "or"):
            return (all if c["operator"] == "and" else any)(self.test(row, x) for x in c["values"])
        if set(c) != {"key", "values", "type", "operator"} or not isinstance(c["values"], list) or not c["values"]:
            raise Refused(400, f"condition {c}")
        v = value(row, c["key"])
        if c["type"] == "str" and c["operator"] == "in" and all(isinstance(x, str) for x in c["values"]):
            return v in c["values"]
        if c["type"] == "datetime" and c["operator"] == "range" and len(c["values"]) == 2:
            return not self.options.get("no_filter") and v is not None and when(c["values"][0]) <= when(v) <= when(c["values"][1]) or bool(self.options.get("no_filter"))
        raise Refused(400, f"unsupported operator {c['operator']} of {c['type']}")

    @route("POST", "/api/serving-layer/query", ctype="application/json")
    def query(self, q):
        b = q.json()
        if self.options.get("no_serving"):
            raise Refused(self.options["no_serving"], "You do not have permission to perform this action.", strict=False)
        if self.options.get("failure"):
            return Reply({"version": "0.1.0", "status": "failure", "error": self.options["failure"]})
        allowed = {"query", "limit", "start_at_index", "order_by[]", "select", "get_results_and_count", "full_graph_fetch", "max_tier", "additional_models[]"}
        query = b.get("query")
        if set(b) - allowed or not isinstance(query, dict) or query.get("type") != "object_set" or set(query) - {"models", "type", "with"} or len(query.get("models", [])) < 1:
            raise Refused(400, f"not understood: {sorted(set(b) - allowed)} {query}")
        if not 1 <= b.get("limit", 100) <= 10000 or b.get("start_at_index", 0) < 0:
            raise Refused(400, "limit")
        rows = []
        for m in query["models"]:
            if m not in self.rows:
                raise Refused(400, f"unknown model {m}")
            rows += [r for r in self.rows[m] if "with" not in query or self.test(r, query["with"])]
        for key in b.get("order_by[]", []):
            if not self.options.get("no_order"):
                rows.sort(key=lambda r: str(value(r, key.lstrip("-"))), reverse=key.startswith("-"))
        start = b.get("start_at_index", 0)
        part = rows[start:start + min(b.get("limit", 100), self.options.get("page", 10000))]
        out = {"version": "0.1.0", "status": "success", "total_supported_items": 10000, "data": part}
        if b.get("get_results_and_count"):
            out["total_items"] = len(rows)
        return Reply(out)

    # ---- the legacy API
    @route("POST", "/api/rules/query/alerts")
    def legacy_list(self, q):
        if q.headers.get("Content-Type") == "application/json" and q.body == b"{}":
            return Reply({"version": "0.1.0", "status": "success", "data": []})
        form = q.pairs(q.body.decode())
        self.only(form, {"limit", "dsl_filter", "next_page_token"})
        if self.options.get("no_legacy"):
            raise Refused(410, "Gone", strict=False)
        since = None
        if "dsl_filter" in form:
            f = json.loads(form["dsl_filter"][0])
            if len(f) != 1 or f[0].get("field") != "state.last_updated" or set(f[0]["range"]) != {"gte"}:
                raise Refused(400, f"dsl_filter {f}")
            since = when(f[0]["range"]["gte"])
        rows = [self.legacy(r) for r in self.rows["Alert"] if not since or when(value(r, "LastUpdated")) >= since]
        start = int((form.get("next_page_token") or ["0"])[0])
        n = min(int(form["limit"][0]), self.options.get("page", 10000))
        out = {"version": "0.1.0", "status": "success", "total_items": len(rows), "total_supported_items": 10000, "data": rows[start:start + n], "has_next_page_token": start + n < len(rows)}
        if start + n < len(rows):
            out["next_page_token"] = str(start + n)
        return Reply(out)

    def one(self, q):
        for r in self.rows["Alert"]:
            if r["name"] == q.groups[0]:
                return r
        raise Refused(500, f"alert_id {q.groups[0]} does not exist", strict=False)

    @route("GET", "/api/alerts/catalog/category")
    def categories(self, q):
        return Reply({"status": "success", "data": ["Malware", "Lateral movement"]})

    @route("GET", "/api/alerts/" + ID)
    def get(self, q):
        return Reply(self.legacy(self.one(q)))

    @route("GET", "/api/alerts/" + ID + "/event_log", query=["limit", "start_at_index", "type"])
    def event_log(self, q):
        self.one(q)
        return Reply({"event_log": self.log.get(q.groups[0], [])})

    def note_change(self, row, kind, sub, details):
        row["data"]["LastUpdated"] = {"value": "2026-11-24T09:00:00+00:00"}
        entry = {"alert_id": row["name"], "asset_unique_id": row["asset_unique_id"], "user_email": "user@example.com", "create_time": "2026-11-24T09:00:00+00:00", "type": kind, "sub_type": sub,
                 "details": details}
        self.log.setdefault(row["name"], []).append(entry)
        return Reply({"data": entry})

    @route("PUT", "/api/alerts/" + ID + "/status/(open|in_progress|close|dismiss)")
    def status(self, q):
        row = self.one(q)
        if q.body:
            raise Refused(400, "an empty body is wanted")
        stored = {"close": "closed", "dismiss": "dismissed"}.get(q.groups[1], q.groups[1])
        was, row["data"]["Status"] = value(row, "Status"), {"value": stored}
        return self.note_change(row, "set_status", stored, {"description": "Alert status changed", "from": was, "to": stored})

    @route("PUT", "/api/alerts/" + ID + "/severity", ctype="application/json")
    def score(self, q):
        row, b = self.one(q), q.json()
        if set(b) != {"orca_score"} or not 0 <= b["orca_score"] <= 10:
            raise Refused(400, "orca_score")
        if value(row, "OrcaScore") == b["orca_score"]:
            raise Refused(400, "the alert already has this score", strict=False)
        row["data"]["OrcaScore"] = {"value": b["orca_score"]}
        return self.note_change(row, "score_override", None, {"description": "Alert risk level changed"})

    @route("PUT", "/api/alerts/" + ID + "/comment", ctype="application/json")
    def comment(self, q):
        if self.options.get("no_comment"):
            raise Refused(404, "Not found.", strict=False)
        row, b = self.one(q), q.json()
        if set(b) != {"comment"} or not b["comment"]:
            raise Refused(400, "comment")
        return self.note_change(row, "comment", None, {"comment": b["comment"]})

    @route("GET", "/api/assets/" + ID)
    def asset(self, q):
        for r in self.rows["Inventory"]:
            if r["asset_unique_id"] == q.groups[0]:
                number = r["asset_unique_id"].split("_")[1]
                return Reply({"asset_unique_id": r["asset_unique_id"], "asset_name": r["name"], "asset_type": r["type"], "cloud_provider": "aws", "cloud_vendor_id": number,
                              "cloud_account_id": r["data"]["CloudAccount"]["id"], "account_name": ACCOUNTS[number], "tags_list": [{"key": k, "value": v} for k, v in value(r, "Tags").items()],
                              "model": {"id": r["id"], "name": r["name"], "type": r["type"], "data": {"Inventory": {"Name": r["name"], "Region": value(r, "Region")}}}})
        raise Refused(404, "Not found.", strict=False)
