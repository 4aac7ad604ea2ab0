#!/usr/bin/env bash
# Rows of the bench: the embedded graph at 100,000 nodes and 1,000,000 drawn edges (derived ones come on top). "processor" is the
# time of the one thread that searches, which other work on the machine does not change.
set -u
tool=$1/tests/bench/tool_graph cache=$2
work=$(mktemp -d "$cache/graph.XXXXXX")
trap 'rm -rf "$work"' EXIT
field() { sed -n "s/.*\"graph $1\".*\"$2\":\([0-9.]*\).*/\1/p" "$work/out"; }

[ -s "$cache/graph-1000000.json" ] || "$tool" gen 100000 1000000 1 >"$cache/graph-1000000.json" || exit 1
"$tool" load "$work/state" "$cache/graph-1000000.json" >"$work/load" || exit 1
"$tool" query "$work/state" "${BENCH_SEED:-1}" 40 >"$work/out" || exit 1
for class in blast reached_by shortest; do
	target=$([ $class = blast ] && echo '< 100 ms')
	printf 'graph, %s: median|%s ms||| \n' "$class" "$(field $class p50_ms)"
	printf 'graph, %s: p95|%s ms|processor|%s ms|%s\n' "$class" "$(field $class p95_ms)" "$(field $class cpu_p95_ms)" "$target"
done
