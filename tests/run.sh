#!/usr/bin/env bash
# Runs test layers and adds them up: tests/run.sh BUILD [LAYER...]. The last line is `N passed, N failed`.
# A layer is a folder of tests/: unit (cmocka binaries), others (scripts t_*.sh that print `ok NAME` and `not ok NAME`).
set -u
build=$1
shift
layers=${*:-unit flow ask screen wire guard fuzz arch regressions}
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
case $build in /*) ;; *) build=$top/$build ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/mw-test.XXXXXX")
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
export TZ=UTC LC_ALL=C.UTF-8 HOME=$work/home TERM=xterm-256color LINES=24 COLUMNS=80 ESCDELAY=25
export XDG_CONFIG_HOME=$work/home/.config XDG_DATA_HOME=$work/home/.local/share XDG_STATE_HOME=$work/home/.local/state
export XDG_CACHE_HOME=$work/home/.cache XDG_RUNTIME_DIR=$work/run
export MW_BUILD=$build MW_TOP=$top MW_WORK=$work MW_SHARED=${MW_SHARED:-$top/../shared}
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
unset NO_COLOR MW_STATE MW_CONFIG EDITOR VISUAL
mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
passed=0 failed=0

count() { # log, exit status, name
	local p f
	p=$(grep -acE '^\[       OK \]|^ok ' "$1")
	f=$(grep -acE '^\[  FAILED  \] [^0-9]|^not ok ' "$1")
	if [ "$2" != 0 ] && [ "$f" = 0 ]; then
		f=1
		echo "not ok $3: exit status $2"
		tail -n 15 "$1"
	fi
	if [ "$p" = 0 ] && [ "$f" = 0 ]; then
		f=1
		echo "not ok $3: it ran no test"
	fi
	[ "$f" = 0 ] || grep -aE '^\[  FAILED  \]|^not ok |^\[  ERROR   \]|error:|ERROR: |runtime error|^  *#|^[a-z_/]*\.c:[0-9]+' "$1" | head -n 40
	grep -aE '^skipped: ' "$1"
	passed=$((passed + p)) failed=$((failed + f))
}
run_one() { # name, command...
	local name=$1 log=$work/log start=$SECONDS rc
	shift
	timeout "${MW_TEST_TIMEOUT:-600}" "$@" >"$log" 2>&1 </dev/null
	rc=$?
	count "$log" $rc "$name"
	[ $((SECONDS - start)) -lt 20 ] || echo "slow: $name $((SECONDS - start)) s"
}
for layer in $layers; do
	if [ "$layer" = unit ]; then
		for src in tests/unit/test_*.c; do
			t=$build/${src%.c}
			run_one "$src" "$t"
		done
	else
		for t in tests/"$layer"/t_*.sh; do
			[ -e "$t" ] || continue
			run_one "$t" bash "$t"
		done
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
