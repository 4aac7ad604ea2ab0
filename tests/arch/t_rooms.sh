#!/usr/bin/env bash
# The build proves the house: rooms use only rooms above them, the console links no database, HTTP or crypto library, bodies and
# files stay small, banned calls stay out. Prints ok / not ok lines.
cd "${MW_TOP:?}" || exit 1
say() { # status, name, detail
	if [ "$1" = 0 ]; then echo "ok $2"; else
		echo "not ok $2"
		printf '%s\n' "$3" | head -n 20 | sed 's/^/# /'
	fi
}

# ---- room order: a room may include itself and rooms that stand before it
rooms='base proto proc model store net policy plan source llm ask run ground correlate investigate report act intake demo serve'
bad=$(grep -HoE '^#include "[a-z]+/[^"]*"' -r src --include='*.c' --include='*.h' | grep -v '^src/main.c' | awk -F'[:/"]' -v rooms="$rooms" '
	BEGIN { n = split(rooms, r, " "); for (i = 1; i <= n; i++) rank[r[i]] = i }
	{ from = $2; for (i = 3; i <= NF; i++) if ($i == "#include ") to = $(i + 1) }
	from == to || to == "gen" { next }
	!(from in rank) { print $0 ": no such room in the order"; next }
	!(to in rank) { print $0 ": includes what is no room"; next }
	rank[to] > rank[from] { print }')
[ -z "$bad" ]; say $? 'src: rooms use only rooms above them' "$bad"

bad=$(grep -HoE '^#include "[a-z]+/[^"]*"' -r ui --include='*.c' --include='*.h' | grep -vE '"(base|proto|term|view|widget|model|keys|ui)/')
[ -z "$bad" ]; say $? 'ui: includes only base/, proto/ and itself' "$bad"
bad=$(grep -lE '#include <(n?curses|ncursesw/.*|term)\.h>' -r ui src --include='*.c' --include='*.h' | grep -v '^ui/term/')
[ -z "$bad" ]; say $? 'ui: only ui/term knows curses' "$bad"

# ---- linked libraries
bad=$(ldd "$MW_BUILD/midwatch" | grep -E 'sqlite|curl|sodium|crypto|ssl|microhttpd|seccomp|pcre')
[ -z "$bad" ]; say $? 'midwatch links no database, HTTP or crypto library' "$bad"
bad=$(ldd "$MW_BUILD/midwatchd" | grep -E 'ncurses|readline|libedit|tinfo')
[ -z "$bad" ]; say $? 'midwatchd links no terminal library' "$bad"

# ---- sizes
sizes=$(mktemp)
git ls-files 'src/*.c' 'ui/*.c' | xargs awk '
	FNR == 1 { inside = 0; name = "" }
	/^[a-zA-Z_].*\(/ { name = $0 }
	/^\{$/ { start = FNR; inside = 1 }
	/^\}$/ && inside { sub(/\(.*/, "", name); n = split(name, w, /[ *]+/); print FNR - start - 1, FILENAME ":" w[n]; inside = 0 }' >"$sizes"
total=$(wc -l <"$sizes")
median=$(sort -n "$sizes" | awk -v n="$total" 'NR == int((n + 1) / 2) { print $1 }')
p90=$(sort -n "$sizes" | awk -v n="$total" 'NR == int(n * 0.9) { print $1 }')
echo "# $total functions, median $median lines, 90 % within $p90"
[ "${median:-99}" -le 15 ]; say $? 'half of the functions have at most 15 lines' "median $median"
[ "${p90:-99}" -le 50 ]; say $? '90 % of the functions have at most 50 lines' "p90 $p90"
bad=$(awk '$1 > 120' "$sizes")
[ -z "$bad" ]; say $? 'no function has over 120 lines' "$bad"
rm -f "$sizes"
bad=$(git ls-files '*.c' | xargs wc -l | awk '$2 != "total" && $1 > 900')
[ -z "$bad" ]; say $? 'no file has over 900 lines' "$bad"
bad=$(git ls-files 'src/*.h' 'ui/*.h' | xargs wc -l | awk '$2 != "total" && $1 > 300')
[ -z "$bad" ]; say $? 'no header has over 300 lines' "$bad"

# ---- banned calls: the compiler stops most (base/banned.h); raw allocation stays in base/
bad=$(grep -nE '\b(malloc|calloc|realloc|strdup|strndup|asprintf)\(' -r src ui --include='*.c' | grep -v '^src/base/' | grep -vE 'x(m|c|re)alloc|xstrn?dup|xasprintf')
[ -z "$bad" ]; say $? 'raw allocation only in base/' "$bad"
bad=$(grep -ln 'define MW_ALLOW_BANNED' -r src ui)
[ -z "$bad" ]; say $? 'nobody lifts the ban on unsafe calls' "$bad"
bad=$(grep -nE '\b(TODO|FIXME|XXX|HACK)\b' -r src ui assets tests --include='*.[ch]' --include='*.yaml' --include='*.sh' | grep -v 't_rooms.sh')
[ -z "$bad" ]; say $? 'no open ends in the code' "$bad"

# ---- nothing that a program or a person left behind is part of the project
bad=$(git ls-files | cut -d/ -f1 | sort -u | grep -vxE '\.ci|\.clang-format|\.clang-tidy|\.editorconfig|\.gitignore|DEVELOPERS\.md|LICENSE|Makefile|README\.md|assets|prompts|src|tests|tools|ui')
[ -z "$bad" ]; say $? 'the checkout holds its own folders only' "$bad"
