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
for m in assets/man/*.1 assets/man/*.5 assets/man/*.8; do
	[ -e "$m" ] || continue
	put 644 "$m" "share/man/man${m##*.}/${m##*/}"
done
[ ! -e assets/completions/midwatch.bash ] || put 644 assets/completions/midwatch.bash share/bash-completion/completions/midwatch
[ ! -e assets/completions/_midwatch ] || put 644 assets/completions/_midwatch share/zsh/site-functions/_midwatch
[ ! -e assets/completions/midwatch.fish ] || put 644 assets/completions/midwatch.fish share/fish/vendor_completions.d/midwatch.fish
[ ! -e assets/units/midwatchd.service ] || put 644 assets/units/midwatchd.service lib/systemd/system/midwatchd.service
put 644 LICENSE share/doc/midwatch/LICENSE
put 644 README.md share/doc/midwatch/README.md
