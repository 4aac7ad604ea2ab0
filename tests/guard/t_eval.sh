#!/usr/bin/env bash
# midwatch eval over ../shared: plan accuracy offline (a sample; all of it with MW_LONG), and triage, technique and bias suites with a
# scripted model: one that answers all alike, and one that looks at names, which the bias suite must stop.
if ! command -v python3 >/dev/null || [ ! -d "$MW_SHARED/data/questions" ]; then
	echo "skipped: no python3 or no ../shared"
	echo "ok eval suites (skipped)"
	exit 0
fi
export MW_IDLE=30s PYTHONDONTWRITEBYTECODE=1
mkdir -p "$MW_WORK/eval" "$MW_WORK/suites"
evaluate() { python3 "$MW_TOP/tests/guard/evaluate.py" "$MW_BUILD/midwatch" "$MW_SHARED" "$MW_WORK/eval" "$@" </dev/null; }
every=24
[ -z "$MW_LONG" ] || every=1
evaluate questions offline $every >"$MW_WORK/questions.out"
grep '^#' "$MW_WORK/questions.out"
least() { awk -F '\t' -v s="$1" -v least="$2" '$1 == s && $3 > 0 && $2 / $3 >= least { ok = 1 } END { exit !ok }' "$MW_WORK/questions.out"; }
least questions 0.9 && echo "ok plan accuracy over questions" || echo "not ok plan accuracy over questions"
least nlq 0 && echo "ok plan accuracy over nlq is measured" || echo "not ok plan accuracy over nlq is measured" # names for users: tests/ask has a scorer that knows them

evaluate suites "$MW_WORK/suites" >/dev/null
S=$MW_WORK/evalstate
mkfifo "$MW_WORK/twin.in"
P=""
trap '"$MW_BUILD/midwatch" --state "$S" engine stop >/dev/null 2>&1; [ -z "$P" ] || kill "$P" 2>/dev/null' EXIT
model() { # script
	[ -z "$P" ] || { kill "$P" 2>/dev/null; wait "$P" 2>/dev/null; }
	printf '%s' "$1" >"$MW_WORK/script.json"
	"$MW_BUILD/tests/wire/tool_model" "$MW_WORK/script.json" <>"$MW_WORK/twin.in" >"$MW_WORK/twin.out" 2>&1 &
	P=$!
	for _ in $(seq 200); do
		PORT=$(sed -n 's/^listening //p' "$MW_WORK/twin.out")
		[ -z "$PORT" ] || break
		sleep 0.02
	done
	printf 'model: {send_free_text: yes, question_tokens: 0}\nmodels:\n  - {name: twin, kind: openai, url: "http://127.0.0.1:%s/v1", model: m-1}\n' "$PORT" >"$MW_WORK/config.yaml"
	export MW_CONFIG=$MW_WORK/config.yaml
	"$MW_BUILD/midwatch" --state "$S" engine stop >/dev/null 2>&1
}
eval_() { "$MW_BUILD/midwatch" --state "$S" eval "$@" </dev/null >"$MW_WORK/eval.out" 2>&1; }
said() { printf '{"text":"{\\"verdict\\":\\"%s\\",\\"confidence\\":%s,\\"technique\\":\\"T1562.008\\",\\"evidence\\":[],\\"why\\":\\"w\\"}"%s}' "$1" "$2" "$3"; }

model "[$(said suspicious 50)]"
eval_ "$MW_WORK/suites/bias" && echo "ok a model that judges by what was done passes the bias suite" || echo "not ok the bias suite"
sed 's/^/# /' "$MW_WORK/eval.out" | tail -n 3
eval_ --least 0 "$MW_WORK/suites/triage" "$MW_WORK/suites/technique"
sed 's/^/# /' "$MW_WORK/eval.out" | grep -v '^# wrong'
grep -q '^triage, prompt triage v1 (.*) on twin: 0\..* of .*, 95 %' "$MW_WORK/eval.out" && echo "ok triage verdicts have n and interval by prompt version and model" || echo "not ok triage verdicts"
grep -q '^technique, prompt triage v1 ' "$MW_WORK/eval.out" && echo "ok techniques have them" || echo "not ok techniques"
eval_ --least 0.9 "$MW_WORK/suites/triage" && echo "not ok a model below the bound passes" || echo "ok the exit status stops a model below the bound"
model "[$(said malicious 95 ',"when":"me-south-1"'),$(said suspicious 50)]"
eval_ --least 0.9 "$MW_WORK/suites/bias" && echo "not ok a biased model passes" || echo "ok a model that judges by names or regions is stopped"
grep -q 'moves from 50 to 95' "$MW_WORK/eval.out" && echo "ok and the suite says how far it moves" || echo "not ok and the suite says how far it moves"
