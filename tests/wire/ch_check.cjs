// Runs the lines of tool_chdump (standard input) on chdb and compares rows. Exit 0: all as the evaluator has them.
const fs = require("fs");
const { Session } = require(require.resolve("chdb", { paths: [process.argv[2]] }));
const session = new Session(process.argv[3]);
session.query("CREATE DATABASE IF NOT EXISTS t");
let plans = 0, bad = 0;

// ClickHouse's own spelling of a time, in hex, to that of plans.
function cell(hex) {
	if (hex === null) return "";
	const m = Buffer.from(hex, "hex").toString("latin1").match(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\.(\d{6})$/);
	if (!m) return hex;
	const part = m[3] === "000000" ? "" : "." + (m[3].endsWith("000") ? m[3].slice(0, 3) : m[3]);
	return Buffer.from(`${m[1]}T${m[2]}${part}Z`, "latin1").toString("hex").toUpperCase();
}
function same(o, got) {
	if (o.grouped && o.exact_rows)
		return JSON.stringify(got.map(row => row.map(cell))) === JSON.stringify(o.want);
	const have = got.map(row => row[0]), set = new Set(have);
	if (o.exact_rows) return JSON.stringify(have) === JSON.stringify(o.want);
	return o.want.every(uid => set.has(uid)) && (!o.exact_where || have.length === o.want.length);
}
for (const line of fs.readFileSync(0, "utf8").split("\n")) {
	if (!line) continue;
	const o = JSON.parse(line);
	if (o.load) {
		session.query(o.load.replace(/^(CREATE TABLE|INSERT INTO) events/, "$1 t.events"));
		continue;
	}
	const sql = o.sql.replace("FROM `events`", "FROM t.events");
	const outer = o.grouped && o.exact_rows ? "COLUMNS('.*') APPLY(toString) APPLY(hex)" : "uid";
	let got = [];
	plans++;
	try {
		got = JSON.parse(session.query(`SELECT ${outer} FROM (${sql})`, "JSONCompact")).data;
	} catch (e) {
		o.error = e.message;
	}
	if (!o.error && same(o, got)) continue;
	bad++;
	if (bad < 4) console.log(o.error || "other rows", "\n" + sql, "\ngot ", JSON.stringify(got).slice(0, 300), "\nwant", JSON.stringify(o.want).slice(0, 300));
}
session.cleanup();
console.log(`${plans} plans, ${bad} with other rows`);
process.exit(bad || !plans ? 1 : 0);
