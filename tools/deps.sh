#!/bin/sh
# Installs what the build and the tests need on Debian 12 or Ubuntu, skipping what is there. Says what and why.
set -eu
need=''
want() { # package, why
	if ! dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; then
		echo "deps: $1 is missing: $2"
		need="$need $1"
	fi
}
command -v dpkg-query >/dev/null 2>&1 || {
	echo "deps: this is no Debian or Ubuntu; install the packages named in tools/deps.sh by hand" >&2
	exit 0
}
want gcc 'the compiler'
want libc6-dev 'the C library headers'
want make 'the build'
want git 'the arch tests list the files of the tree'
want pkg-config 'finds the libraries'
want libncurses-dev 'the screen'
want libreadline-dev 'the input line'
want libutf8proc-dev 'grapheme and width data for the screen'
want libcjson-dev 'JSON of configuration, protocol and plans'
want libyaml-dev 'YAML of configuration and assets'
want libsqlite3-dev 'state, lake and graph'
want libzstd-dev 'compresses the raw records of the lake'
want libxxhash-dev 'fast content hashes of the lake'
want libpcre2-dev 'regular expressions, with match limits'
want zlib1g-dev 'reads .gz logs'
want libcurl4-openssl-dev 'talks to vendor APIs'
want libmicrohttpd-dev 'webhook listener'
want libmd4c-dev 'Markdown drafts to HTML: the header'
want libmd4c-html0-dev 'Markdown drafts to HTML: the library'
want libsodium-dev 'SHA-256, constant-time compares, wiping of secrets'
want libseccomp-dev 'the sandbox of workers'
want wamerican-small 'common English words, which the checker of sentences takes for no names'
want libcmocka-dev 'unit tests'
want libvterm-dev 'screen tests'
want libedit-dev 'screen tests of the build without readline (EDITLINE=libedit)'
want clang 'fuzz drivers (tests only)'
want tmux 'screen tests in a second emulator'
want python3 'the question scorers and the vendors'\'' twins (tests only)'
want openssl 'certificates of the twins (tests only)'
[ -n "$need" ] || exit 0
as=''
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || { echo "deps: need root or sudo to install:$need" >&2; exit 1; }
	as=sudo
fi
echo "deps: installing:$need"
$as apt-get update -qq
# clang's run-time library for fuzzing: a package of its own on some releases.
case $need in
*' clang'*) [ -z "$(apt-cache madison libclang-rt-dev)" ] || need="$need libclang-rt-dev" ;;
esac
# shellcheck disable=SC2086
$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need >/dev/null
