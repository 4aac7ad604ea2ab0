#!/usr/bin/env bash
# The bench: tests/bench/run.sh BUILD. Prints a table of medians and ratios. Data and peers are kept outside the repository, in
# ${XDG_CACHE_HOME:-~/.cache}/midwatch-bench. BENCH_EVENTS="200000 1000000" (default), BENCH_RUNS=3, BENCH_SEED=1.
# Another part of the bench is a script tests/bench/b_*.sh, which prints rows "what|ours|peer|value of the peer|target"
# (values as "NUMBER UNIT"); it gets BUILD and the cache folder.
# Beside times on the clock stands the processor's time of the same queries (p95 of its own, over all threads): that is what other work
# on the machine does not change. Warm: one process, files in the kernel's memory. Cold: a new reader, no file of the lake in it.
set -u
build=$(cd "${1:-build}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/midwatch-bench
runs=${BENCH_RUNS:-3} seed=${BENCH_SEED:-1}
mkdir -p "$cache"
work=$(mktemp -d "$cache/run.XXXXXX")
trap 'rm -rf "$work"' EXIT
tool=$build/tests/bench/tool_lake
make -s -C "$here/../.." "$tool" BUILD="$build" 2>/dev/null || make -s -C "$here/../.." tests-bin || exit 1
rows=$work/rows
: >"$rows"

row() { printf '%s|%s|%s|%s|%s\n' "$@" >>"$rows"; }
field() { sed -n "s/.*[{,]\"$1\":\([0-9.]*\).*/\1/p"; }
median() { sort -n | awk '{v[NR]=$1} END {if (NR) print v[int((NR+1)/2)]}'; }
seconds() { # command...
	local start end
	start=$(date +%s%N)
	"$@" >"$work/out" 2>"$work/err" || return 1
	end=$(date +%s%N)
	awk -v n=$((end - start)) 'BEGIN {printf "%.3f\n", n / 1e9}'
}

duck=$cache/duckdb
if ! [ -d "$duck/node_modules/@duckdb" ] && command -v npm >/dev/null; then
	mkdir -p "$duck"
	(cd "$duck" && { [ -f package.json ] || npm init -y; } && npm install @duckdb/node-api) >"$work/npm" 2>&1 ||
		echo "bench: npm could not install @duckdb/node-api: $(tail -n 1 "$work/npm")"
fi
have_duck() { [ -d "$duck/node_modules/@duckdb" ] && command -v node >/dev/null; }

duckdb_all() { # events, file
	have_duck || return 1
	rm -f "$work/duck.db"*
	node "$here/duckdb.mjs" "$duck" "$work/duck.db" "$2" >"$work/duck.$1" 2>"$work/err" || {
		echo "bench: DuckDB: $(head -n 1 "$work/err")"
		return 1
	}
}
duck_ms() { awk -F'\t' -v n="$2" '$1 == n {print $2}' "$work/duck.$1" 2>/dev/null; }

import_rows() { # events, file
	local i mb s out lnav
	mb=$(($(stat -c %s "$2") / 1000000))
	: >"$work/imports"
	for i in $(seq "$runs"); do
		rm -rf "$work/state.$1"
		"$tool" import "$work/state.$1" "$2" >"$work/out" || return 1
		field seconds <"$work/out" >>"$work/imports"
	done
	s=$(median <"$work/imports")
	out=$(cat "$work/out")
	duckdb_all "$1" "$2"
	row "import $1 events, $mb MB" "$s s" DuckDB "$(duck_ms "$1" import | awk '{printf "%.3f", $1 / 1000}') s" "no slower"
	mkdir -p "$work/lnav/formats/installed"
	cp "$here/cloudtrail.lnav.json" "$work/lnav/formats/installed/"
	lnav=$(command -v lnav >/dev/null && seconds lnav -n -I "$work/lnav" -c ';SELECT count(*) FROM midwatch_bench_cloudtrail' "$2")
	row "import $1 events" "$s s" 'lnav -n' "${lnav:-none} s" "faster"
	row "disk, share of the raw JSON" "$(field disk_share <<<"$out") " '' '' "<= 0.50"
	row "memory of a parser / of the writer" "$(field parser_peak_mib <<<"$out") MiB" 'writer' "$(field writer_peak_mib <<<"$out") MiB" bounded
}

query_rows() { # events, file
	local class ours peer name id jq_s grep_s
	"$tool" query "$work/state.$1" "$seed" 40 >"$work/warm"
	BENCH_PLANS=$work/plans "$tool" query "$work/state.$1" "$seed" 20 >/dev/null
	"$tool" cold "$work/state.$1" "$work/plans" >"$work/cold"
	sed -n 's/.*"query":"\([^"]*\)".*/\1/p' "$work/warm" | while read -r class; do
		ours=$(grep -F "\"$class\"" "$work/warm")
		name=
		case $class in
		*'unique id') name=needle ;;
		*'text token') name='free text' ;;
		filter*) name='filter and group' ;;
		top*) name='top 10' ;;
		histogram*) name=histogram ;;
		esac
		peer=$([ -n "$name" ] && duck_ms "$1" "$name")
		row "$class: median" "$(field median_ms <<<"$ours") ms" "${peer:+DuckDB}" "${peer:+$peer ms}" ''
		row "$class: p95 warm" "$(field p95_ms <<<"$ours") ms" processor "$(field cpu_p95_ms <<<"$ours") ms" "< $(field target_ms <<<"$ours") ms"
		ours=$(grep -F "\"$class\"" "$work/cold")
		row "$class: p95 cold" "$(field p95_ms <<<"$ours") ms" processor "$(field cpu_p95_ms <<<"$ours") ms" "< $(field target_ms <<<"$ours") ms"
	done
	id=$(sed -n '4322{s/.*"eventID":"\([^"]*\)".*/\1/p;q}' "$2")
	ours=$(grep -F 'text token' "$work/warm" | field median_ms)
	grep_s=$(seconds grep -c -F "$id" "$2")
	row "free text" "$ours ms" grep "$(awk -v s="${grep_s:-0}" 'BEGIN {print s * 1000}') ms" ''
	if command -v jq >/dev/null; then
		jq_s=$(seconds jq -c "select(.eventID == \"$id\")" "$2")
		ours=$(grep -F 'unique id' "$work/warm" | field median_ms)
		row "needle" "$ours ms" jq "$(awk -v s="${jq_s:-0}" 'BEGIN {print s * 1000}') ms" ''
	fi
	row "memory of a reader after all queries" "$(field reader_peak_mib <"$work/warm") MiB" DuckDB "$(duck_ms "$1" memory) MiB" ''
}

last=
for n in ${BENCH_EVENTS:-200000 1000000}; do
	data=$cache/cloudtrail-$n-$seed.json
	[ -s "$data" ] || "$build/midwatchd" gen-cloudtrail "$n" "$seed" >"$data" || exit 1
	import_rows "$n" "$data" || exit 1
	last=$n
done
query_rows "$last" "$data"
for extra in "$here"/b_*.sh; do
	[ -e "$extra" ] && bash "$extra" "$build" "$cache" >>"$rows"
done
awk -F'|' 'BEGIN {f = "%-48s %14s   %-9s %14s %9s   %s\n"; printf f, "what", "ours", "peer", "peer", "ratio", "target"}
	{
		split($2, a, " "); split($4, b, " ")
		ours = $3 == "processor" || $3 == "writer" || $3 == "its workers"
		ratio = (!ours && a[1] > 0 && b[1] > 0 && a[2] == b[2]) ? sprintf("%.1fx", b[1] / a[1]) : ""
		printf f, $1, $2, $3, $4, ratio, $5
	}' "$rows"
