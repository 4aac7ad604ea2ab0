"""ClickHouse over HTTP (24.x): for its failures and its manners; the real engine answers in t_clickhouse_http.sh. Facts: ../shared/apis/clickhouse.md."""
import base64, json, re

from twin import Columns, Refused, Reply, Twin, route

USER, PASSWORD = "midwatch", "ch-p4ssw0rd"
SETTINGS = ("database query query_id default_format max_execution_time timeout_overflow_mode result_overflow_mode send_progress_in_http_headers "
            "http_headers_progress_interval_ms cancel_http_readonly_queries_on_client_close output_format_json_quote_64bit_integers date_time_output_format "
            "wait_end_of_query date_time_input_format insert_deduplicate insert_deduplication_token max_partitions_per_insert_block param_*").split()


class Vendor(Twin):
    error_type = "text/plain; charset=UTF-8"

    def __init__(self, lake):
        super().__init__(lake)
        self.password, self.killed, self.tokens, self.rows = PASSWORD, [], set(), 0

    def check_auth(self, q):
        want = "Basic " + base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        if q.headers.get("Authorization") != want:
            raise Refused(403, "Authentication failed: password is incorrect", 516, strict=self.password == PASSWORD)

    def expire_token(self):
        self.password = "expired"

    def error(self, status, text, code=None):
        return f"Code: {code or 1000}. DB::Exception: {text}. (X) (version 24.8.1.1)\n"

    @staticmethod
    def row(r):
        out = {"id": str(r["id"]), "time": r["time"].replace("T", " ").rstrip("Z") if r["time"] else None, "dataset": r["dataset"], "uid": r["uid"], "file": r["file"],
               "line": str(r["line"]), "raw": r["raw"]}
        for name, values in r["vals"].items():
            out[name.replace(".", "_")] = values
        return out

    @staticmethod
    def cell(v):
        m = re.match(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$", v or "")
        return f"{m.group(1)} {m.group(2)}{m.group(3) or '.000000'}" if m else v

    def small(self, sql):
        """JSONCompact answers to the connector's own questions."""
        answers = [("KILL QUERY", []), ("SELECT version()", [["24.8.1.1", USER]]), ("SELECT toString(max(time))", [["2026-11-24 14:59:00.000000", "64799"]]),
                   ("SELECT value FROM system.settings", [["0" if self.options.get("can_write") else "2"]]), ("SHOW GRANTS", [["GRANT SELECT, INSERT ON soc.* TO midwatch"]]),
                   ("SELECT table, name, type FROM system.columns", [["events", n, "String"] for n in ("id", "dataset", "uid", "file", "line", "raw")]
                    + [["events", n, "DateTime64(6)" if n == "time" else "Array(String)"] for n in Columns(self, "sql")])]
        for begin, data in answers:
            if sql.startswith(begin):
                return Reply({"meta": [], "data": data, "rows": len(data)})
        raise Refused(400, f"Syntax error: {sql[:60]}", 62)

    @route("POST", "/", query=SETTINGS)
    def post(self, q):
        sql = q.body.decode("utf-8", "surrogateescape")
        if q.arg("query", "").startswith("INSERT INTO"):
            if q.arg("insert_deduplication_token") not in self.tokens:
                self.rows += len(sql.strip().split("\n"))
            self.tokens.add(q.arg("insert_deduplication_token"))
            return Reply(b"", ctype="text/plain")
        if sql.startswith("KILL QUERY"):
            self.killed.append(q.arg("param_id"))
        if q.arg("default_format") == "JSONCompact":
            return self.small(sql)
        if q.arg("default_format") != "JSONEachRow" or not q.arg("max_execution_time"):
            raise Refused(400, "not bounded, or another format")
        if not sql.startswith("SELECT ") or " LIMIT " not in sql.replace("\n", " "):
            raise Refused(400, "no bounded SELECT", 62)
        busy = self.options.get("busy", 0)
        if busy:
            self.options["busy"] = busy - 1
            raise Refused(500, "Too many simultaneous queries. Maximum: 100", 202, strict=False)
        rows, end = self.lake.ask("sql", sql)
        if end["grouped"]:
            lines = [json.dumps({c: self.cell(v) for c, v in zip(end["columns"], r["cols"])}) for r in rows]
        else:
            lines = [json.dumps(self.row(r), ensure_ascii=False) for r in rows]
        late = self.options.get("late")
        if late:
            broken = "Code: 241. DB::Exception: Memory limit (total) exceeded: would use 9.5 GiB. (MEMORY_LIMIT_EXCEEDED)"
            lines = lines[:100] + [{"text": broken, "json": json.dumps({"exception": broken}), "block": "__exception__\r\nab\r\n" + broken}[late]]
        progress = [json.dumps({"read_rows": str(n), "read_bytes": "1", "total_rows_to_read": "1000"}) for n in (250, 1000)]
        return Reply("\n".join(lines) + ("\n" if lines else ""), ctype="application/x-ndjson", headers={"X-ClickHouse-Progress": progress, "X-ClickHouse-Query-Id": q.arg("query_id")})

    @route("GET", "/twin/state")
    def seen(self, q):
        return Reply({"killed": self.killed, "rows": self.rows})
