#!/usr/bin/env bash
# Bench rows of language models: first token to a client, and what a call costs beside the model. b_model.sh BUILD CACHE
build=$1
command -v python3 >/dev/null || exit 0
state=$(mktemp -d "$2/model.XXXXXX")
trap 'rm -rf "$state"' EXIT
python3 "$(dirname "$0")/model_latency.py" "$build/midwatch" "$state" </dev/null >"$state/out" 2>&1
ms() { sed -n "s/^$1.*median \([0-9.]*\) ms.*/\1/p" "$state/out"; }
echo "model: first token to a client (median)|$(ms 'first token') ms|||50 ms"
echo "model: a call beside the model (median)|$(ms 'a call') ms|||5 ms"
