#!/bin/sh
# Write the logs of this folder anew, in the environments that `make harnesses` made: write_all.sh ENVIRONMENTS
set -eu
here=$(cd "$(dirname "$0")" && pwd)
environments=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work" HF_HOME="$work" HF_HUB_OFFLINE=1 SAID_KEY=none PYTHONPATH=.
cp "$here"/sums.py "$here"/sums.yaml "$work"
cd "$work"
printf '%s\n' '{"question": "[le] Six times seven?", "answer": "42"}' '{"question": "[le] Two and three?", "answer": "5"}' > data.jsonl
"$environments/inspect/bin/python" "$here/write_inspect.py" eval zstd
"$environments/inspect/bin/python" "$here/write_inspect.py" json document
"$environments/inspect-deflate/bin/python" "$here/write_inspect.py" eval deflate
"$environments/lm-eval/bin/python" "$here/write_lm_eval.py"
"$environments/verifiers/bin/python" "$here/write_verifiers.py"
"$environments/verifiers-0.1/bin/python" "$here/write_verifiers_01.py" "$work/rollouts"
mv zstd/*.eval "$here/inspect-zstd.eval"
mv deflate/*.eval "$here/inspect-deflate.eval"
mv document/*.json "$here/inspect.json"
find logs -name 'samples_*.jsonl' -exec mv {} "$here/lm-eval-samples.jsonl" \;
find logs -name 'results_*.json' -exec mv {} "$here/lm-eval-results.json" \;
find out -name traces.jsonl -exec mv {} "$here/verifiers-traces.jsonl" \;
mv rollouts/results.jsonl "$here/verifiers-0.1-results.jsonl"
mv rollouts/metadata.json "$here/verifiers-0.1-metadata.json"
# Texts that name the machine or its folders; logs in zips name none.
sed -i "s|$work|/work|g; s|$here|/logs|g; s|$environments|/environments|g" "$here"/*.json "$here"/*.jsonl
