# The build without readline: EDITLINE=libedit gives a console whose input line edits, keeps a paste together and restores the terminal.
. "$(dirname "$0")/lib.sh"
if ! pkg-config --exists libedit; then
	echo "skipped: no libedit-dev"
	echo "ok libedit: not here"
	exit 0
fi
built=$MW_WORK/libedit.log
if ! env -u MAKEFLAGS -u MAKELEVEL make -s -C "$MW_TOP" EDITLINE=libedit BUILD=build-libedit build-libedit/midwatch >"$built" 2>&1; then
	tail -n 5 "$built"
	echo "not ok make EDITLINE=libedit builds"
	exit 1
fi
echo "ok make EDITLINE=libedit builds"
if ldd "$MW_TOP/build-libedit/midwatch" | grep -q readline; then
	echo "not ok it links no readline"
	exit 1
fi
echo "ok it links no readline"
ln -sf "$MW_BUILD/midwatchd" "$MW_TOP/build-libedit/midwatchd"
mw="$MW_TOP/build-libedit/midwatch --state $state"
vt "libedit: edit, history, newline, paste, submit" <<'X2'
run MW
expect ask all>
key a
type howw many events
key Ctrl-A Right Right Right Del
expect ask all> how many events
key Ctrl-E
type  in all
key Alt-Enter
type of it
expect          of it
key Ctrl-_ Ctrl-_ Ctrl-_ Ctrl-_ Ctrl-_ Ctrl-_
expect ask all> how many events in all
absent of it
key Enter
expect you  how many events in all
key Up
expect ask> how many events in all
key Ctrl-U
settle
paste one\ntwo
expect two
never you  one
key Ctrl-_
settle
absent two
key Ctrl-C
settle
median 16 x 12
key Ctrl-Q
exit 0
restored
X2
exit $failed
