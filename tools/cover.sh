#!/bin/sh
# Line coverage of the unit and flow layers over src/ and ui/ (gcov through lcov). The figure stands in the README.
set -eu
cd "$(dirname "$0")/.."
command -v lcov >/dev/null || { echo "cover: lcov is missing: apt-get install lcov" >&2; exit 1; }
make --no-print-directory COV=1 all tests-bin
find build-cov -name '*.gcda' -delete
tests/run.sh build-cov unit flow screen || echo 'cover: some tests failed; the figure is of what ran'
lcov -q -c -d build-cov -o build-cov/all.info --ignore-errors gcov,source 2>/dev/null
lcov -q -e build-cov/all.info "$PWD/src/*" "$PWD/ui/*" -o build-cov/own.info
lcov --summary build-cov/own.info 2>&1 | grep -E 'lines|functions'
