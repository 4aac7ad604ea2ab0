#!/bin/sh
# Writes a C file that holds every file below $1 as bytes, with a table of names: see src/base/asset.h. Files of further folders
# keep the folder's last name in front of theirs.
set -eu
list() { [ ! -d "$1" ] || (cd "$1" && find . -type f ! -name '.*' | sed 's|^\./||' | LC_ALL=C sort); }
files=$(list "$1" | sed "s|.*|& $1/&|")
shift
for d; do
	files="$files
$(list "$d" | sed "s|.*|${d##*/}/& $d/&|")"
done
echo '#include "base/asset.h"'
n=0
echo "$files" | while read -r name path; do
	[ -n "$name" ] || continue
	printf 'static const unsigned char a%d[] = {' "$n"
	od -An -v -tx1 "$path" | sed 's/ \(..\)/0x\1,/g'
	echo '0};'
	n=$((n + 1))
done
echo 'const struct asset mw_assets[] = {'
echo "$files" | while read -r name path; do
	[ -n "$name" ] || continue
	printf '\t{"%s", (const char *)a%d, sizeof(a%d) - 1},\n' "$name" "$n" "$n"
	n=$((n + 1))
done
printf '\t{0, 0, 0},\n};\n'
