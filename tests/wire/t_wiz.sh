#!/usr/bin/env bash
# Wiz requests against a tenant's GraphQL schema (graphql-js): document and variables. Needs the schema and the checker of the
# shared folder, with the checker's npm packages in MW_WIZ_CHECK: (cp -r ../shared/tools/wiz-check /tmp/wiz-check && cd
# /tmp/wiz-check && npm install)
: "${MW_WIZ_CHECK:=/tmp/wiz-check}"
schema=$MW_SHARED/data/specs/wiz/wiz-schema.graphql
if ! command -v node >/dev/null || [ ! -d "$MW_WIZ_CHECK/node_modules/graphql" ] || [ ! -f "$schema" ]; then
	echo "skipped: no ../shared, or no wiz-check in $MW_WIZ_CHECK"
	echo "ok wiz (skipped)"
	exit 0
fi
# Every type and every relation once, both ways, with hostile values.
types='instance vm bucket storage_account account subscription role user group access_key policy database function container
	image k8s_cluster load_balancer vpc subnet security_group network_interface route_table snapshot volume vulnerability
	secret kms_key resource_group identity_provider'
edges='contains runs_as has_policy exposes routes_to forwards_to attached_to owns reads writes uses includes'
{
	for t in $types; do
		printf '{"steps":[{"kind":"graph","fn":"match","start_type":"%s","start":{"field":"name","op":"in","values":["a\\"b","it'"'"'s","C:\\\\x"]}}]}\n' "$t"
	done
	for e in $edges; do
		for d in out in both; do
			printf '{"steps":[{"kind":"graph","fn":"match","start_type":"account","hops":[{"edge":"%s","dir":"%s","min":2,"max":2,"where":{"field":"id","op":"is","value":"i-0abc"}}],"return_paths":true}]}\n' "$e" "$d"
		done
	done
	echo '{"steps":[{"kind":"graph","fn":"neighbours","start":{"field":"id","op":"is","value":"i-0abc"}}]}'
} >"$MW_WORK/wiz.plans"
mkdir -p "$MW_WORK/wiz"
if ! "$MW_BUILD/tests/wire/tool_render" wiz <"$MW_WORK/wiz.plans" >"$MW_WORK/wiz.texts" 2>"$MW_WORK/wiz.err"; then
	echo "not ok wiz: a plan was not rendered"
	sed 's/^/# /' "$MW_WORK/wiz.err"
	exit 1
fi
split -l 1 --additional-suffix=.json "$MW_WORK/wiz.texts" "$MW_WORK/wiz/d"
if (cd "$MW_WIZ_CHECK" && node wiz-check.mjs --schema "$schema" "$MW_WORK"/wiz/*.json) >"$MW_WORK/wiz.out" 2>&1; then
	echo "ok wiz: $(wc -l <"$MW_WORK/wiz.texts") requests fit the schema"
else
	echo "not ok wiz"
	grep -v ': ok' "$MW_WORK/wiz.out" | sed 's/^/# /' | head -n 20
fi
