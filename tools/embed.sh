#!/bin/sh
# Writes a C file that holds every file below $1 as bytes, with a table of names: see src/base/asset.h.
set -eu
files=''
if [ -d "$1" ]; then
	cd "$1"
	files=$(find . -type f ! -name '.*' | sed 's|^\./||' | LC_ALL=C sort)
fi
echo '#include "base/asset.h"'
n=0
for f in $files; do
	printf 'static const unsigned char a%d[] = {' "$n"
	od -An -v -tx1 "$f" | sed 's/ \(..\)/0x\1,/g'
	echo '0};'
	n=$((n + 1))
done
echo 'const struct asset mw_assets[] = {'
n=0
for f in $files; do
	printf '\t{"%s", (const char *)a%d, sizeof(a%d) - 1},\n' "$f" "$n" "$n"
	n=$((n + 1))
done
printf '\t{0, 0, 0},\n};\n'
