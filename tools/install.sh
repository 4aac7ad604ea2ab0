#!/bin/sh
# tools/install.sh install|uninstall BUILD PREFIX-WITH-DESTDIR: one list of files serves both.
set -eu
verb=$1 build=$2 to=$3
cd "$(dirname "$0")/.."
put() { # mode, source, place
	case $verb in
	install) install -D -m "$1" "$2" "$to/$3" ;;
	uninstall) rm -f "$to/$3" ;;
	*) echo "usage: tools/install.sh install|uninstall BUILD PREFIX" >&2; exit 2 ;;
	esac
}
put 755 "$build/midwatch" bin/midwatch
put 755 "$build/midwatchd" bin/midwatchd
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
for kind in man bash zsh fish; do
	[ "$verb" = uninstall ] || "$build/midwatch" docs $kind >"$made/$kind"
done
put 644 "$made/man" share/man/man1/midwatch.1
put 644 "$made/bash" share/bash-completion/completions/midwatch
put 644 "$made/zsh" share/zsh/site-functions/_midwatch
put 644 "$made/fish" share/fish/vendor_completions.d/midwatch.fish
[ ! -e assets/units/midwatchd.service ] || put 644 assets/units/midwatchd.service lib/systemd/system/midwatchd.service
put 644 assets/units/midwatchd.8 share/man/man8/midwatchd.8
put 644 LICENSE share/doc/midwatch/LICENSE
put 644 README.md share/doc/midwatch/README.md
