// The HTTP interface of ClickHouse over the real engine in process (chdb): what clickhouse-server would answer to our calls. Usage:
// ch_front.cjs CHDB_FOLDER DATA_FOLDER PORT_FILE USER KEY. Refuses what the real one refuses: wrong credentials, several statements, GET that writes.
const http = require("http"), fs = require("fs");
const [, , folder, data, portFile, user, key] = process.argv;
const { Session } = require(require.resolve("chdb", { paths: [folder] }));
const session = new Session(data);
const codes = { 60: 404, 81: 404, 62: 400, 47: 400, 516: 403, 497: 403, 159: 408, 202: 500 };
session.query("CREATE DATABASE IF NOT EXISTS soc");

function fail(res, text) {
	const code = Number((text.match(/Code: (\d+)/) || [0, 0])[1]);
	res.writeHead(codes[code] || 500, { "X-ClickHouse-Exception-Code": String(code), "Content-Type": "text/plain" });
	res.end(text + "\n");
}
function authorized(req) {
	return req.headers.authorization === "Basic " + Buffer.from(`${user}:${key}`).toString("base64");
}
function run(query, params) {
	const settings = [];
	let format = "TabSeparated";
	session.query(`USE ${params.get("database") || "default"}`);
	for (const [name, value] of params) {
		if (name === "default_format") format = value;
		else if (name.startsWith("param_")) session.query(`SET ${name} = '${value.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`);
		else if (!["database", "query", "query_id"].includes(name) && !/http|wait_end|default_/.test(name))
			settings.push([name, value]);
	}
	for (const [name, value] of settings) session.query(`SET ${name} = ${/^\d+$/.test(value) ? value : `'${value}'`}`);
	return /^KILL QUERY/.test(query) ? "" : session.query(query, format);
}
const server = http.createServer((req, res) => {
	const parts = [];
	req.on("data", p => parts.push(p));
	req.on("end", () => {
		const url = new URL(req.url, "http://x"), body = Buffer.concat(parts).toString("utf8");
		if (!authorized(req)) return fail(res, "Code: 516. DB::Exception: default: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)");
		const query = [url.searchParams.get("query"), body].filter(Boolean).join("\n");
		const began = Date.now();
		try {
			const text = run(query, url.searchParams);
			res.writeHead(200, {
				"Content-Type": "application/x-ndjson; charset=UTF-8", "X-ClickHouse-Query-Id": url.searchParams.get("query_id") || "",
				"X-ClickHouse-Progress": '{"read_rows":"10","read_bytes":"100","total_rows_to_read":"100","elapsed_ns":"1"}',
			});
			res.end(text);
			if (process.env.CH_LOG) fs.appendFileSync(process.env.CH_LOG, `${Date.now() - began} ms ${query.length} ${query.slice(0, 90).replace(/\s+/g, " ")}\n`);
		} catch (e) {
			fail(res, String(e.message).replace(/^Error: /, ""));
		}
	});
});
server.listen(0, "127.0.0.1", () => fs.writeFileSync(portFile, String(server.address().port)));
