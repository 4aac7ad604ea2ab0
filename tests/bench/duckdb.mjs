// DuckDB on the same file and the same questions. usage: node duckdb.mjs MODULES DB FILE; prints "name<TAB>ms" lines.
import { createRequire } from 'node:module';
const [, , modules, db, file] = process.argv;
const { DuckDBInstance } = createRequire(modules + '/package.json')('@duckdb/node-api');
const con = await (await DuckDBInstance.create(db)).connect();
async function time(name, sql, rounds = 3) {
	const ms = [];
	let rows;
	for (let i = 0; i < rounds; i++) {
		const start = performance.now();
		rows = (await con.runAndReadAll(sql)).getRows();
		ms.push(performance.now() - start);
	}
	ms.sort((a, b) => a - b);
	console.log(`${name}\t${ms[ms.length >> 1].toFixed(2)}`);
	return rows;
}
await time('import', `create table t as select * from read_ndjson('${file.replaceAll("'", "''")}')`, 1);
await con.run('checkpoint');
const [[id, name]] = (await con.runAndReadAll('select eventID::varchar, eventName from t limit 1 offset 4321')).getRows();
await time('needle', `select * from t where eventID::varchar = '${id}'`);
await time('filter and group', `select sourceIPAddress, count(*) c from t where eventName = '${name}' group by 1 order by c desc limit 100`);
await time('free text', `select count(*) from (select to_json(t)::varchar j from t) where j like '%${id}%'`, 1);
await time('top 10', 'select eventName, count(*) c from t group by 1 order by c desc limit 10');
await time('histogram', `select date_trunc('hour', eventTime::timestamp) h, count(*) from t group by 1 order by 1`);
console.log(`memory\t${(process.resourceUsage().maxRSS / 1024).toFixed(0)}`);
