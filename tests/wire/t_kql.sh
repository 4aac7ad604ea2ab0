#!/usr/bin/env bash
# KQL through Microsoft's own parser and analyser with Sentinel's tables: hostile values under every operator, and groups. Needs
# the checker of the shared folder with its npm package in MW_KQL_CHECK: (cp -r ../shared/tools/kql-check /tmp/kql-check && cd
# /tmp/kql-check && npm install)
: "${MW_KQL_CHECK:=/tmp/kql-check}"
schema=$MW_SHARED/data/specs/sentinel-tables.json
if ! command -v node >/dev/null || [ ! -d "$MW_KQL_CHECK/node_modules/@kusto" ] || [ ! -f "$schema" ]; then
	echo "skipped: no ../shared, or no kql-check in $MW_KQL_CHECK"
	echo "ok kql (skipped)"
	exit 0
fi
values='"a*b?" "100%_" "it'"'"'s" "say \"hi\"" "C:\\Windows\\" "a\nb\tc" "café" "x\" or 1==1 //" "`m`" ";let" "${jndi}" "(?i"'
field='{"field":"user","op":"%s","value":%s}'
{
	for d in cloudtrail azure.signin; do
		for op in is is_cs contains starts ends like; do
			eval "set -- $(printf '%s' "$values" | sed "s/'/'\\\\''/g; s/^/'/; s/\$/'/; s/\" \"/\"' '\"/g")"
			for v; do
				printf '{"steps":[{"datasets":["%s"],"from":"2024-06-10T00:00:00Z","to":"2024-06-11T00:00:00Z","where":{"any":['"$field"',{"not":'"$field"'}]}}]}\n' "$d" "$op" "$v" "$op" "$v"
			done
		done
		printf '{"steps":[{"datasets":["%s"],"where":{"all":[{"field":"src_ip","op":"cidr","values":["10.0.0.0/8","2001:db8::/32"]},{"field":"user","op":"regex","value":"(?i)^adm.*\\\\d$"},{"field":"user","op":"exists"}]},"stats":[{"fn":"count"},{"fn":"distinct","field":"src_ip","as":"n"},{"fn":"first","as":"since"}],"by":["user"],"span":"1h","having":{"field":"count","op":"gt","value":"5"},"limit":10}]}\n' "$d"
	done
} >"$MW_WORK/kql.plans"
if ! "$MW_BUILD/tests/wire/tool_render" kql <"$MW_WORK/kql.plans" >"$MW_WORK/kql.texts" 2>"$MW_WORK/kql.err"; then
	echo "not ok kql: a plan was not rendered"
	sed 's/^/# /' "$MW_WORK/kql.err" | head -n 20
	exit 1
fi
# the line ends between operators stand as \n| there; inside of values they are \u000a
sed 's/\\n|/\n|/g; $!s/$/\n---/' "$MW_WORK/kql.texts" >"$MW_WORK/kql.kql"
if (cd "$MW_KQL_CHECK" && node kql-check.mjs --schema "$schema" "$MW_WORK/kql.kql") >"$MW_WORK/kql.out" 2>&1; then
	echo "ok kql: $(wc -l <"$MW_WORK/kql.texts") queries pass Microsoft's analyser"
else
	echo "not ok kql"
	grep -iE 'error|fail' "$MW_WORK/kql.out" | sed 's/^/# /' | head -n 20
fi
