#!/usr/bin/env bash
# Rows of the bench: resident memory of an engine that has nothing to do, and of the workers that it keeps warm beside it.
set -u
build=$1 cache=$2
work=$(mktemp -d "$cache/engine.XXXXXX")
chmod 700 "$work"
trap '"$build/midwatch" --state "$work" engine stop </dev/null >/dev/null 2>&1; rm -rf "$work"' EXIT
kib() { awk '/^VmRSS/ {print $2}' "/proc/$1/status" 2>/dev/null; }

"$build/midwatch" --state "$work" lake status </dev/null >"$work/out" 2>&1 || exit 1
"$build/midwatch" --state "$work" engine status --json </dev/null >"$work/status" 2>/dev/null
pids=$(grep -o '"pid": *[0-9]*' "$work/status" | grep -o '[0-9]*$')
pid=$(head -n 1 <<<"$pids")
[ -n "$pid" ] || exit 1
kids=0
for kid in $(tail -n +2 <<<"$pids"); do
	kids=$((kids + $(kib "$kid")))
done
awk -v e="$(kib "$pid")" -v k="$kids" 'BEGIN {printf "idle engine, memory|%.1f MiB|its workers|%.1f MiB|< 30 MiB\n", e / 1024, k / 1024}'
