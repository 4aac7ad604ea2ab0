"""OpenSearch 2.x; with the option "elastic" Elasticsearch 8.x. Facts: ../shared/apis/opensearch.md; shapes as its samples."""
import base64, json, re, uuid

from twin import Columns, Refused, Reply, Twin, route

USER, PASSWORD = "midwatch", "os-p4ssw0rd"
DATASETS = {"cloudtrail": "aws.cloudtrail", "vpcflow": "aws.vpcflow", "okta": "okta.system", "azure.signin": "azure.signinlogs"}
INDEX = r"/([a-z0-9._*,-]+)"


class Vendor(Twin):
    def __init__(self, lake):
        super().__init__(lake)
        self.pits, self.password, self.docs, self.cancelled, self.asyncs = {}, PASSWORD, {}, [], {}

    @property
    def elastic(self):
        return self.options.get("elastic")

    def check_auth(self, q):
        want = "Basic " + base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        if q.headers.get("Authorization") != want:
            raise Refused(401, "unable to authenticate user", strict=self.password == PASSWORD)

    def expire_token(self):
        self.password = "expired"

    def error(self, status, text, code=None):
        return {"error": {"root_cause": [{"type": code or "exception", "reason": text}], "type": code or "exception", "reason": text}, "status": status}

    @route("GET", "/")
    def root(self, q):
        version = {"number": "8.13.0"} if self.elastic else {"distribution": "opensearch", "number": "2.15.0"}
        return Reply({"name": "node-1", "version": version, "tagline": "x"})

    # ---- points in time
    def new_pit(self):
        pit = base64.b64encode(uuid.uuid4().bytes).decode()
        self.pits[pit] = {"rows": None}
        return pit

    @route("POST", INDEX + "/_search/point_in_time", query=["keep_alive", "ignore_unavailable"], need=["keep_alive"])
    def pit_open(self, q):
        if self.elastic:
            raise Refused(400, "no such endpoint")
        return Reply({"pit_id": self.new_pit(), "_shards": {"total": 3, "successful": 3, "skipped": 0, "failed": 0}, "creation_time": 1})

    @route("POST", INDEX + "/_pit", query=["keep_alive", "ignore_unavailable"], need=["keep_alive"])
    def pit_open_elastic(self, q):
        if not self.elastic:
            raise Refused(405, "no such endpoint")
        return Reply({"id": self.new_pit()})

    @route("DELETE", "/_search/point_in_time", ctype="application/json")
    def pit_close(self, q):
        for pit in q.json()["pit_id"]:
            if self.pits.pop(pit, None) is None:
                raise Refused(404, "no such point in time")
        return Reply({"pits": []})

    @route("DELETE", "/_pit", ctype="application/json")
    def pit_close_elastic(self, q):
        if self.pits.pop(q.json()["id"], None) is None:
            raise Refused(404, "no such point in time")
        return Reply({"succeeded": True, "num_freed": 1})

    # ---- searches
    @staticmethod
    def document(row):
        doc = {"@timestamp": row["time"], "event": {"original": row["raw"]}}
        for name, values in list(row["vals"].items()) + [("event.dataset", [DATASETS.get(row["dataset"], row["dataset"])])]:
            at, *path = doc, *name.split(".")
            for key in path[:-1]:
                at = at.setdefault(key, {})
                if not isinstance(at, dict):
                    break
            else:
                at[path[-1]] = values[0] if len(values) == 1 else values
        return doc

    def rows(self, body, pit):
        if pit["rows"] is None:
            rows, _ = self.lake.ask("dsl", json.dumps(body))
            pit["rows"] = [{"_index": "soc-events", "_id": f"d{r['id']}", "_score": None, "_source": self.document(r), "sort": [r["time"] or 0, r["id"]]} for r in rows]
        return pit["rows"]

    def page(self, q, body):
        if set(body) - {"query", "sort", "size", "pit", "timeout", "track_total_hits", "search_after"}:
            raise Refused(400, f"Unknown key in {sorted(body)}", "parsing_exception")
        pit = body.get("pit", {}).get("id")
        if pit not in self.pits:
            raise Refused(404, "No search context found for id", "search_context_missing_exception")
        tie = list(body["sort"][-1])[0]
        if tie == "_shard_doc" and self.options.get("no_shard_doc"):
            raise Refused(400, "No mapping found for [_shard_doc] in order to sort on", strict=False)
        if len(body["sort"]) != 2 or tie not in ("_shard_doc", "_id") or body["size"] > 10000 or not re.match(r"^\d+s$", body["timeout"]):
            raise Refused(400, "the search is not bounded, or its order is not total")
        rows = self.rows(dict({k: body[k] for k in ("query", "sort")}, size=10000), self.pits[pit])
        start = 0
        if "search_after" in body:
            start = next((i + 1 for i, r in enumerate(rows) if r["sort"] == body["search_after"]), None)
            if start is None:
                raise Refused(400, f"search_after {body['search_after']} is no hit's sort")
        hits = rows[start:start + min(body["size"], self.options.get("page", 10000))]
        failed = self.options.get("failed_shards", 0)
        shards = {"total": 3, "successful": 3 - failed, "skipped": 0, "failed": failed}
        if failed:
            shards["failures"] = [{"shard": 1, "index": "soc-events", "reason": {"type": "x", "reason": "shard is on fire"}}]
        out = {"pit_id": pit, "took": 3, "timed_out": bool(self.options.get("timed_out")), "_shards": shards, "hits": {"max_score": None, "hits": hits}}
        if body.get("track_total_hits"):
            out["hits"]["total"] = {"value": len(rows), "relation": "eq"}
        return out

    @route("POST", "/_search", ctype="application/json")
    def search(self, q):
        return Reply(self.page(q, q.json()))

    @route("POST", INDEX + "/_search", query=["ignore_unavailable"], ctype="application/json")
    def newest(self, q):
        return Reply({"hits": {"hits": [{"_index": "i", "_id": "1", "_source": {"@timestamp": "2026-11-24T14:59:00Z"}, "sort": [1]}]}})

    @route("POST", "/_async_search", query=["wait_for_completion_timeout", "keep_on_completion", "keep_alive"], ctype="application/json")
    def async_search(self, q):
        if not self.elastic:
            raise Refused(405, "no such endpoint")
        self.asyncs["A1=="] = {"polls": 0, "response": self.page(q, q.json())}
        return self.async_reply("A1==")

    def async_reply(self, i):
        a = self.asyncs[i]
        a["polls"] += 1
        running = a["polls"] < self.options.get("async_polls", 2)
        response = a["response"]
        if running:
            response = dict(response, hits={"hits": [], "total": {"value": 0, "relation": "gte"}}, _shards={"total": 9, "successful": 4, "skipped": 0, "failed": 0})
        return Reply({"id": i, "is_partial": running, "is_running": running, "response": response})

    @route("GET", "/_async_search/(A1==|A1%3D%3D)", query=["wait_for_completion_timeout"])
    def async_poll(self, q):
        if "A1==" not in self.asyncs:
            raise Refused(404, "no such async search")
        return self.async_reply("A1==")

    @route("DELETE", "/_async_search/(A1==|A1%3D%3D)")
    def async_delete(self, q):
        if not self.asyncs.pop("A1==", None):
            raise Refused(404, "no such async search")
        return Reply({"acknowledged": True})

    @route("GET", "/_tasks", query=["actions", "detailed", "group_by"])
    def tasks(self, q):
        return Reply({"nodes": {"n1": {"tasks": {"n1:77": {"headers": {"X-Opaque-Id": q.headers.get("X-Opaque-Id")}}, "n1:78": {"headers": {}}}}}})

    @route("POST", "/_tasks/([a-z0-9:]+)/_cancel")
    def cancel(self, q):
        self.cancelled.append(q.groups[0])
        return Reply({"nodes": {}})

    # ---- account
    @route("GET", "/_security/_authenticate")
    def me_elastic(self, q):
        if not self.elastic:
            raise Refused(404, "no such endpoint", strict=False)
        return Reply({"username": USER, "roles": ["reader"]})

    @route("GET", "/_plugins/_security/authinfo")
    def me(self, q):
        return Reply({"user": f"User [name={USER}]", "user_name": USER, "roles": ["all_access"] if self.options.get("can_write") else ["soc_read"]})

    @route("POST", "/_security/user/_has_privileges", ctype="application/json")
    def privileges(self, q):
        return Reply({"username": USER, "has_all_requested": False, "index": {q.json()["index"][0]["names"][0]: {"write": False, "delete": False, "manage": False}}})

    @route("GET", INDEX + "/_mapping", query=["ignore_unavailable"])
    def mapping(self, q):
        types, root = {"ip": "ip", "int": "long", "port": "long", "size": "long", "float": "double", "time": "date", "bool": "boolean"}, {}
        for name, t in Columns(self, "dsl").items():
            at = root
            *before, last = name.split(".")
            for part in before:
                at = at.setdefault(part, {}).setdefault("properties", {})
            at.setdefault(last, {})["type"] = "text" if name in self.options.get("texts", ()) else types.get(t, "keyword")
        root["user"]["properties"].get("name", {})["fields"] = {"text": {"type": "text"}}
        return Reply({"soc-events": {"mappings": {"properties": root}}})

    # ---- writing
    @route("POST", INDEX + "/_bulk", query=["refresh"], ctype="application/x-ndjson")
    def bulk(self, q):
        if not q.body.endswith(b"\n") or len(q.body) > 6 * 1024 * 1024:
            raise Refused(400, "The bulk request must be terminated by a newline [\\n]")
        lines, items = q.body.decode().split("\n")[:-1], []
        for action, doc in zip(lines[::2], lines[1::2]):
            one = {"_index": q.groups[0], "_id": json.loads(action)["create"]["_id"], "status": 201}
            value = json.loads(doc)
            busy = self.options.get("busy_items", 0)
            if one["_id"] in self.docs:
                one.update(status=409, error={"type": "version_conflict_engine_exception", "reason": "document already exists"})
            elif busy and len(items) % 3 == 0:
                one.update(status=429, error={"type": "es_rejected_execution_exception", "reason": "rejected execution"})
                self.options["busy_items"] = busy - 1
            elif value.get("bad"):
                one.update(status=400, error={"type": "mapper_parsing_exception", "reason": "failed to parse field [bad]"})
            else:
                self.docs[one["_id"]] = value
            items.append({"create": one})
        return Reply({"took": 1, "errors": any("error" in i["create"] for i in items), "items": items})

    @route("GET", "/twin/docs")
    def seen(self, q):
        return Reply({"docs": len(self.docs), "pits": len(self.pits), "asyncs": len(self.asyncs), "cancelled": self.cancelled})
