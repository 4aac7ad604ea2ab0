# Shared by tests/screen/t_*.sh: an engine of the test's own, and the terminal (tool_vt) that looks at the console.
vt_tool=$MW_BUILD/tests/screen/tool_vt
state=$MW_WORK/screen-$(basename "$0" .sh)
mw="$MW_BUILD/midwatch --state $state"
export TERM=xterm-256color LC_ALL=C.UTF-8 INPUTRC=/dev/null
mkdir -p "$state" && chmod 700 "$state"
cleanup() {
	$mw engine stop >/dev/null 2>&1
	rm -rf "$state"
}
trap cleanup EXIT
# vt NAME < SCRIPT. The console is `run MW`, where MW stands for the program with its state directory.
shopt -s lastpipe # so that `failed` is this shell's, also behind a pipe
vt() {
	sed "s|^run MW|run $mw|" | "$vt_tool" "$1" || failed=1
}
# The demo state, made once for all tests of a run and copied.
demo() {
	if [ ! -e "$MW_WORK/demo/demo.ready" ]; then
		MW_DEMO_STATE=$MW_WORK/demo MW_DEMO_NO_CONSOLE=1 "$MW_TOP/tools/demo.sh" "$MW_BUILD" >"$MW_WORK/demo.log" 2>&1
		"$MW_BUILD/midwatch" --state "$MW_WORK/demo" engine stop >/dev/null 2>&1
	fi
	if [ ! -e "$MW_WORK/demo/demo.ready" ]; then
		echo "not ok demo state: $(tail -n 3 "$MW_WORK/demo.log")"
		exit 1
	fi
	rm -rf "$state"
	cp -a "$MW_WORK/demo" "$state"
	rm -f "$state"/engine.*
}
failed=0
