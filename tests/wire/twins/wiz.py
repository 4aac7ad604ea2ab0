"""Wiz: OAuth client credentials, and one GraphQL endpoint: issues, resources, vulnerabilities, projects, graph searches (answered by the embedded
graph with the demo data, through the independent reader), changes. Facts: ../shared/apis/wiz.md. What a document looks like is for wiz-check:
each one is kept (options dump)."""
import base64, copy, json, os, re, uuid

from twin import Refused, Reply, Twin, route

CLIENT, SECRET = "sa-client-0001", "s3cr3t/+&="
TYPES = {"instance": "VIRTUAL_MACHINE", "vm": "VIRTUAL_MACHINE", "bucket": "BUCKET", "account": "SUBSCRIPTION", "role": "SERVICE_ACCOUNT", "user": "USER_ACCOUNT", "group": "GROUP",
         "policy": "RAW_ACCESS_POLICY", "database": "DATABASE", "function": "SERVERLESS", "vpc": "VIRTUAL_NETWORK", "subnet": "SUBNET", "security_group": "FIREWALL", "access_key": "ACCESS_KEY",
         "network_interface": "NETWORK_INTERFACE", "route_table": "ROUTE_TABLE", "volume": "VOLUME", "secret": "SECRET", "kms_key": "ENCRYPTION_KEY", "vulnerability": "VULNERABILITY"}
ISSUE_FILTERS = {"id", "status", "severity", "type", "createdAt", "statusChangedAt", "relatedEntity", "project", "riskEqualsAny", "search"}
STATUSES, SEVERITIES = {"OPEN", "IN_PROGRESS", "RESOLVED", "REJECTED"}, {"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"}
REASONS = {"REJECTED": {"FALSE_POSITIVE", "EXCEPTION", "WONT_FIX"},
           "RESOLVED": {"MALICIOUS_THREAT", "NOT_MALICIOUS_THREAT", "PLANNED_ACTION_THREAT", "SECURITY_TEST_THREAT", "INCONCLUSIVE_THREAT", "FALSE_POSITIVE"}}
DOCUMENT = re.compile(r"^(query|mutation) (\w+)(?:\((.*?)\))? \{ (\w+)(?:\((.*?)\))? ?\{?")


class GraphQL(Exception):
    def __init__(self, message, code="INTERNAL", data=None):
        super().__init__(message)
        self.message, self.code, self.data = message, code, data


def guid(text):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def native(node):
    """What providerUniqueId is: an ARN where AWS has one."""
    kinds = {"instance": "instance", "security_group": "security-group", "subnet": "subnet", "vpc": "vpc", "volume": "volume"}
    if node["type"] in kinds and not node["id"].startswith("arn:"):
        return f"arn:aws:ec2:{node.get('region', '')}:{node.get('account', '')}:{kinds[node['type']]}/{node['id']}"
    return node["id"]


class Vendor(Twin):
    def __init__(self, lake):
        super().__init__(lake)
        self.tokens, self.bodies = set(), []
        with open(os.path.join(os.path.dirname(os.path.abspath(lake.folder)), "demo", "findings", "wiz_issues.jsonl")) as f:
            self.issues = [json.loads(line) for line in f]
        for i, issue in enumerate(self.issues):
            issue["entitySnapshot"]["id"] = guid(issue["entitySnapshot"]["externalId"])
            issue.update(notes=[], resolutionReason=None, projects=[{"id": "p-1", "name": "payments", "slug": "payments", "businessUnit": "", "riskProfile": {"businessImpact": "HBI"}}] if i % 2 else [])
        self.issues[0]["evidenceQuery"] = json.dumps({"type": ["VIRTUAL_MACHINE"], "select": True, "where": {"name": {"EQUALS": [self.issues[0]["entitySnapshot"]["name"]]}}})
        threat = copy.deepcopy(self.issues[1])
        threat.update(id=guid("threat"), type="THREAT_DETECTION", sourceRule={"__typename": "CloudEventRule", "id": "cer-1", "name": "Access key used from two countries", "cloudEventRuleDescription": "x",
                                                                               "sourceType": "CLOUD", "type": "BUILT_IN"}, statusChangedAt="2026-11-23T00:00:00Z")
        self.issues.append(threat)

    # ---- tokens
    def check_auth(self, q):
        if q.path == "/oauth/token":
            return
        token = (q.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise Refused(401, "Unauthorized", strict=bool(self.tokens) and token == "")

    def expire_token(self):
        self.tokens = set()

    def error(self, status, text, code=None):
        return {"errors": [{"message": text, "extensions": {"code": code or "HTTP_ERROR"}}]}

    @route("POST", "/oauth/token", form=["grant_type", "audience", "client_id", "client_secret"], need=["grant_type", "audience", "client_id", "client_secret"])
    def token(self, q):
        if q.arg("grant_type") != "client_credentials" or q.arg("audience") != "wiz-api":
            raise Refused(400, "grant_type and audience")
        if q.arg("client_id") != CLIENT or q.arg("client_secret") != SECRET:
            return Reply({"error": "access_denied", "error_description": "Unauthorized"}, 401)
        claims = {"dc": "us17", "scope": self.options.get("scope", "read:issues read:resources update:issues"), "n": uuid.uuid4().hex}
        t = "eyJhbGciOiJSUzI1NiJ9." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".sig"
        self.tokens.add(t)
        return Reply({"access_token": t, "expires_in": self.options.get("expires_in", 3600), "token_type": "Bearer", "refresh_token": "unused"})

    # ---- GraphQL
    @route("POST", "/graphql", ctype="application/json")
    def graphql(self, q):
        body = q.json()
        if set(body) != {"query", "variables"} or not isinstance(body["variables"], dict):
            raise Refused(400, "a body is {query, variables}")
        if self.options.get("dump"):
            with open(os.path.join(self.options["dump"], guid(q.body.decode()) + ".json"), "wb") as f:
                f.write(q.body)
        if body["query"] == "query Reach { __typename }":
            return Reply({"data": {"__typename": "Query"}})
        m = DOCUMENT.match(body["query"])
        if not m:
            raise Refused(400, "no document that is understood: " + body["query"][:80])
        kind, _, declared, root, _ = m.groups()
        unknown = set(body["variables"]) - set(re.findall(r"\$(\w+):", declared or ""))
        if unknown:
            raise Refused(400, f"variables that the document does not declare: {unknown}")
        try:
            fn = getattr(self, root, None)
            if not fn or (root in ("updateIssue", "createIssueNote")) != (kind == "mutation"):
                raise Refused(400, f"no {kind} {root} here")
            if root in self.options.get("denied", []):
                raise GraphQL(f"access denied, at least one of the following is required: read:{root}", "UNAUTHORIZED")
            if self.options.get("old") and any(w in body["query"] for w in self.options["old"]):
                raise GraphQL(f'Cannot query field "{self.options["old"][0]}" on type "Project".', "GRAPHQL_VALIDATION_FAILED")
            out = {"data": {root: fn(body["variables"], body)}}
            if self.options.get("part") == root:
                out["errors"] = [{"message": "the shard of eu-west-1 did not answer"}]
            return Reply(out)
        except GraphQL as e:
            return Reply({"errors": [{"message": e.message, "extensions": {"code": e.code}}], "data": e.data}, 200)

    def page(self, rows, v, most=500):
        first = v.get("first", most)
        if not 1 <= first <= most:
            raise Refused(400, f"first: {first}")
        first = min(first, self.options.get("page", first))
        start = int(base64.b64decode(v["after"]).decode().split(":")[1]) if v.get("after") else 0
        more = start + first < len(rows)
        return {"totalCount": len(rows), "nodes": rows[start:start + first],
                "pageInfo": {"hasNextPage": more, "endCursor": base64.b64encode(f"c:{start + first}".encode()).decode() if rows else None}}

    def issuesV2(self, v, body):
        f, order = v.get("filterBy") or {}, v.get("orderBy") or {"field": "SEVERITY", "direction": "DESC"}
        if set(f) - ISSUE_FILTERS:
            raise Refused(400, f"unknown filter {set(f) - ISSUE_FILTERS}")
        if order["field"] not in (["SEVERITY", "CREATED_AT"] if self.options.get("no_order") else ["SEVERITY", "CREATED_AT", "STATUS_CHANGED_AT"]):
            raise GraphQL(f'Value "{order["field"]}" does not exist in "IssueOrderField" enum; failed to parse object type [IssueOrder]')
        if not set(f.get("status", [])) <= STATUSES or not set(f.get("severity", [])) <= SEVERITIES:
            raise GraphQL("Enum cannot represent value", "BAD_USER_INPUT")
        rows = [i for i in self.issues if ("id" not in f or i["id"] == f["id"] or i["id"] in f["id"]) and ("status" not in f or i["status"] in f["status"])
                and ("severity" not in f or i["severity"] in f["severity"]) and ("project" not in f or any(p["id"] in f["project"] for p in i["projects"]))
                and ("statusChangedAt" not in f or i["statusChangedAt"] > f["statusChangedAt"]["after"])]
        key = {"STATUS_CHANGED_AT": lambda i: i["statusChangedAt"], "CREATED_AT": lambda i: i["createdAt"]}.get(order["field"], lambda i: i["severity"])
        rows.sort(key=key, reverse=order["direction"] == "DESC")
        if "threatDetectionDetails" in body["query"]:
            rows = [{"id": i["id"], "threatDetectionDetails": {"mainDetection": {"id": "d-1", "severity": i["severity"], "description": "x"}, "actors": [{"id": "a-1", "name": "ada"}], "resources": [],
                                                               "detections": {"nodes": []}}} for i in rows]
        elif "evidenceQuery" not in body["query"]:
            rows = [{k: x for k, x in i.items() if k != "evidenceQuery"} for i in rows]
        return self.page(rows, v)

    # ---- the graph
    def entity(self, n):
        props = dict({k: x for k, x in (n.get("props") or {}).items() if not isinstance(x, (dict, list))}, nativeType=n["type"], providerUniqueId=native(n), externalId=n["id"])
        for ours, theirs in (("region", "region"), ("account", "subscriptionExternalId")):
            if n.get(ours):
                props[theirs] = n[ours]
        return {"id": guid(n["id"]), "name": n.get("name", ""), "type": TYPES.get(n["type"], "CLOUD_RESOURCE"), "properties": json.dumps(props) if self.options.get("text_properties") else props}

    def ask_graph(self, body, **more):
        return [r["graph"] for r in self.lake.ask("wiz", json.dumps(body), **more)[0]]

    def graphSearch(self, v, body):
        if v.get("after") and v.get("quick", True):
            raise Refused(400, "pages need quick:false")
        asked = dict(v, first=min(v.get("first", 50), 500), quick=False)
        asked.pop("after", None)
        ways = "publicExposures" in body["query"]
        query = json.loads(json.dumps(v["query"]))
        everything = (query.get("where") or {}).pop("accessibleFrom.internet", None)
        asked["query"] = query
        text = {"query": body["query"], "variables": asked}
        if "relationships" not in query or not ways:
            rows = self.ask_graph(text, exposure=False)
        else:
            raise Refused(400, "exposure of a pattern")
        chains = [[n for n in r["path"][::2]] if "path" in r else [r["node"]] for r in rows]
        nodes = [{"entities": [self.entity(n) for n in chain]} for chain in chains]
        if ways:
            exposed = {}
            for r in self.ask_graph(text, exposure=True):
                exposed.setdefault(r["path"][-1]["id"], []).append(r["path"])
            for chain, node in zip(chains, nodes):
                node["entities"][-1]["publicExposures"] = {"nodes": [
                    {"id": f"exp-{i}", "portRange": str((p[1].get("props") or {}).get("port", "0-65535")), "sourceIpRange": str((p[1].get("props") or {}).get("cidr", "0.0.0.0/0")),
                     "destinationIpRange": "10.0.0.0/8", "path": [self.entity(n) for n in p[2:-1:2]]} for i, p in enumerate(exposed.get(chain[-1]["id"], [])[:10])]}
            if everything:
                nodes = [n for n in nodes if n["entities"][-1]["publicExposures"]["nodes"]]
        return self.page(nodes, v)

    def resources(self):
        if not hasattr(self, "all"):
            rows = self.ask_graph({"query": "query M { graphSearch(", "variables": {"query": {"type": ["ANY"], "select": True}, "first": 500, "quick": False}})
            self.all = [r["node"] for r in rows]
        return self.all

    def resource(self, n):
        e = self.entity(n)
        ips = [x for k, x in (n.get("props") or {}).items() if k in ("public_ip", "private_ip") and x]
        return {"id": e["id"], "name": e["name"], "type": e["type"], "nativeType": n["type"], "externalId": n["id"], "providerUniqueId": native(n), "cloudPlatform": "AWS",
                "region": n.get("region"), "status": "Active", "tags": [{"key": k, "value": x} for k, x in (n.get("tags") or {}).items()],
                "cloudAccount": {"id": guid(n.get("account", "")), "name": n.get("account", ""), "externalId": n.get("account", ""), "cloudProvider": "AWS"} if n.get("account") else None,
                "projects": [{"id": "p-1", "name": "payments", "slug": "payments"}], "owners": [{"graphEntity": {"name": "team-web"}}], "technology": None,
                "graphEntity": dict(e, publicExposures={"nodes": []}), "isAccessibleFromInternet": bool(ips[1:]), "typeFields": {"ipAddresses": ips} if ips else None}

    def cloudResourcesV2(self, v, body):
        f = v.get("filterBy") or {}
        if set(f) - {"id", "name", "externalId", "providerUniqueId", "search", "type"} or any(set(x) != {"equals"} for k, x in f.items() if k != "search"):
            raise Refused(400, f"filter {f}")
        rows = [self.resource(n) for n in self.resources()]
        for key, want in f.items():
            rows = [r for r in rows if want in json.dumps(r)] if key == "search" else [r for r in rows if r[key] in want["equals"]]
        return self.page(rows, v)

    def vulnerabilityFindings(self, v, body):
        asset = ((v.get("filterBy") or {}).get("assetIdV2") or {}).get("equals", [None])[0]
        rows = [{"id": guid("v" + asset), "name": "CVE-2026-99001", "CVSSSeverity": "CRITICAL", "vendorSeverity": "HIGH", "version": "1.0", "fixedVersion": "1.1", "detailedName": "openssl", "hasExploit": True,
                 "hasCisaKevExploit": False, "status": "OPEN"}] if asset else []
        return self.page(rows, v, 5000)

    def projects(self, v, body):
        rows = [{"id": "p-1", "name": "payments", "businessUnit": "", "projectOwners": [{"id": "u-1", "name": "Kim", "email": "kim@example.com"}], "securityChampions": []}]
        return self.page([r for r in rows if (v.get("filterBy") or {}).get("search", "") in r["name"]], v)

    # ---- changes
    def find(self, i):
        for issue in self.issues:
            if issue["id"] == i:
                return issue
        raise GraphQL("Resource not found", "NOT_FOUND")

    def updateIssue(self, v, body):
        issue, patch = self.find(v["issueId"]), v["patch"]
        if set(patch) - {"status", "resolutionReason", "note", "dueAt"} or patch["status"] not in STATUSES:
            raise Refused(400, f"patch {patch}")
        if patch["status"] == "RESOLVED" and issue["type"] != "THREAT_DETECTION":
            raise GraphQL("only threats can be resolved by hand")
        if patch["status"] in REASONS and patch.get("resolutionReason") not in REASONS[patch["status"]]:
            raise GraphQL("a resolution reason is required")
        issue.update(status=patch["status"], resolutionReason=patch.get("resolutionReason"), statusChangedAt="2026-11-24T14:00:00Z")
        if patch.get("note"):
            issue["notes"].append({"id": guid(str(len(issue["notes"]))), "text": patch["note"], "serviceAccount": {"name": "soc"}})
        return {"issue": {"id": issue["id"], "status": issue["status"], "resolutionReason": issue["resolutionReason"]}}

    def createIssueNote(self, v, body):
        if set(v["input"]) != {"issueId", "text"} or not v["input"]["text"]:
            raise Refused(400, "input")
        note = {"id": guid(uuid.uuid4().hex), "text": v["input"]["text"], "createdAt": "2026-11-24T14:00:00Z", "user": None, "serviceAccount": {"name": "soc"}}
        self.find(v["input"]["issueId"])["notes"].append(note)
        return {"issueNote": note}
