#!/bin/sh
# datasets 5.2.0 takes no data set without rows: neither a file whose schema says what the columns are, nor an empty list.
#
# A guess from memory: a Parquet file without rows is read as a data set of 0 rows with the columns of its schema, as
# pyarrow and pandas read it, and `Dataset.from_list([], features=...)` makes one of 0 rows with these columns. Seen:
#   - `load_dataset("parquet")` raises for such a file, with `features=` as well as without them;
#   - `Dataset.from_list([], features=...)` raises ValueError: the columns are said to be missing from the table;
#   - `Dataset.from_dict` with an empty list for each column makes it.
# What follows for a program that writes files to train on: a split without rows is left out, or its reader is told that
# there is nothing to load.
#
# Exits with 0 where all of this is still so, with 1 where some of it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.2.0 pyarrow==26.0.1
cd "$folder"
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 venv/bin/python - <<'PROGRAM' 2>/dev/null
import sys
from importlib.metadata import version

import pyarrow as pa
import pyarrow.parquet as parquet
from datasets import Dataset, Features, Value, load_dataset

schema = pa.schema([("prompt", pa.string()), ("samples", pa.int64())])
features = Features({"prompt": Value("string"), "samples": Value("int64")})
parquet.write_table(schema.empty_table(), "rows.parquet")
assert parquet.read_table("rows.parquet").schema.equals(schema)

print("datasets", version("datasets"), "pyarrow", version("pyarrow"), "pandas", version("pandas"))


def seen(words, make):
    try:
        found = f"{make().num_rows} rows"
    except Exception as fault:
        found = f"{type(fault).__name__}: {str(fault).splitlines()[0]}"
    print(f"{words}: {found}")
    return found.partition(":")[0]


def read(**given):
    return load_dataset("parquet", data_files="rows.parquet", split="train", **given)


sys.exit(
    seen("a file without rows", read).endswith("rows")
    or seen("the same, features stated", lambda: read(features=features)).endswith("rows")
    or seen("an empty list, features stated", lambda: Dataset.from_list([], features=features)) != "ValueError"
    or seen("empty columns", lambda: Dataset.from_dict({"prompt": [], "samples": []}, features=features)) != "0 rows"
)
PROGRAM
