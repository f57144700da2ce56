#!/bin/sh
# What datasets 5.2.0 writes to Parquet, datasets 3.6.0 cannot read, although the table holds nothing but plain lists.
#
# A guess from memory: a Parquet file is a table, and any reader of Parquet reads it. Seen: `to_parquet` of 5.2.0 puts its own
# description of the features into the schema's metadata, in words that 3.6.0 does not know ("List"), and 3.6.0 reads that
# description first: "Feature type 'List' not found". The same rows written by pyarrow, with a schema and no metadata, are
# read by both, with the same features.
# What follows for a file to train on: write Parquet by pyarrow with an explicit schema.
#
# Exits with 0 where all of this is still so, with 1 where some of it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 5.2.0 3.6.0; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "datasets==$version"
done
export HF_HOME="$folder/home" HF_HUB_OFFLINE=1
"$folder/5.2.0/bin/python" - "$folder" <<'PROGRAM'
import sys
from importlib.metadata import version
from pathlib import Path

import pyarrow
from datasets import Dataset
from pyarrow import parquet

folder = Path(sys.argv[1])
rows = [{"messages": [{"role": "user", "content": "2024-01-02"}]}]
Dataset.from_list(rows).to_parquet(str(folder / "datasets.parquet"))
message = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])
schema = pyarrow.schema([("messages", pyarrow.list_(message))])
parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), folder / "plain.parquet", store_schema=False)
print("written by datasets", version("datasets"), "and pyarrow", version("pyarrow"))
PROGRAM
status=0
for version in 5.2.0 3.6.0; do
    "$folder/$version/bin/python" - "$folder" "$version" <<'PROGRAM' || status=1
import sys
from importlib.metadata import version
from pathlib import Path

from datasets import Dataset

folder, asked = Path(sys.argv[1]), sys.argv[2]


def read(name: str) -> str:
    try:
        row = Dataset.from_parquet(str(folder / name), cache_dir=str(folder / f"cache-{asked}"))[0]
    except Exception as fault:
        return f"{type(fault).__name__}: {fault}"
    return str(row)


plain, own = read("plain.parquet"), read("datasets.parquet")
print("datasets", version("datasets"), "| by pyarrow:", plain, "| by datasets 5.2.0:", own)
expected = "{'messages': [{'role': 'user', 'content': '2024-01-02'}]}"
fails = "Feature type 'List' not found" in own
holds = plain == expected and (fails if asked == "3.6.0" else own == expected)
print("as seen" if holds else "CHANGED", asked)
sys.exit(not holds)
PROGRAM
done
exit $status
