#!/usr/bin/env bash
# Connectors against their twins on loopback TLS: see check_twins.py. MW_LONG: the whole fault matrix.
if ! command -v python3 >/dev/null || ! command -v openssl >/dev/null; then
	echo "skipped: no python3 or openssl"
	echo "ok twins (skipped)"
	exit 0
fi
mkdir -p "$MW_WORK/twins"
python3 "$MW_TOP/tests/wire/check_twins.py" "$MW_BUILD" "$MW_WORK/twins" </dev/null
