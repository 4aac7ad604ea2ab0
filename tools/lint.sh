#!/bin/sh
# clang-format and clang-tidy over what git tracks; warnings are errors. Needs clang-format and clang-tidy (14).
set -eu
cd "$(dirname "$0")/.."
for t in clang-format clang-tidy; do
	command -v $t >/dev/null || { echo "lint: $t is missing: apt-get install $t" >&2; exit 1; }
done
git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror
flags="-std=c17 -include src/base/prelude.h -I src -I ui -I build -DMW_VERSION=\\\"0\\\" -DMW_PREFIX=\\\"/usr/local\\\" $(pkg-config --cflags sqlite3 libcjson yaml-0.1 libsodium libseccomp ncursesw readline)"
# shellcheck disable=SC2086
git ls-files 'src/*.c' 'ui/*.c' | xargs -P 2 -n 8 sh -c 'clang-tidy --quiet "$@" -- '"$flags"' 2>/dev/null' sh
echo 'lint: clean'
