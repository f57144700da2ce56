#!/bin/sh
# datasets 5.2.0 rewrites texts that look like dates in JSON Lines, although the features say that the column is text.
#
# A guess from memory: `load_dataset("json", features=Features({"day": Value("string")}))` gives the texts of the file.
# Seen: the reader takes a column whose first rows all look like dates for timestamps before it looks at the features, and
# casts them back to text: "2024-01-02" comes out as "2024-01-02 00:00:00", without an error or a warning. One other text
# in the column keeps all of them as they are.
# What follows for a file to train on: stating features is not enough. Rows read with `json` and given to
# `Dataset.from_generator` with the same features stay as they are.
#
# Exits with 0 where all of this is still so, with 1 where some of it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.2.0
HF_HOME="$folder/home" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - "$folder" <<'PROGRAM'
import json
import sys
from importlib.metadata import version
from pathlib import Path

from datasets import Dataset, Features, Value, load_dataset

print("datasets", version("datasets"), "pyarrow", version("pyarrow"))
folder = Path(sys.argv[1])
features = Features({"day": Value("string")})


def loaded(name: str, days: list[str]) -> list[str]:
    file = folder / name
    file.write_text("".join(f"{json.dumps({'day': day})}\n" for day in days))
    return load_dataset("json", data_files=str(file), features=features, split="train")["day"][:]


def rows(days: list[str]):
    for day in days:
        yield {"day": day}


dates = ["2024-01-02", "2024-02-03"]
made = Dataset.from_generator(rows, gen_kwargs={"days": dates}, features=features)["day"][:]
found = loaded("dates.jsonl", dates)
print(found)
seen = {
    "dates in a column of text get a time of day": found == ["2024-01-02 00:00:00", "2024-02-03 00:00:00"],
    "one other text keeps them": loaded("mixed.jsonl", [*dates, "soon"]) == [*dates, "soon"],
    "rows of a generator stay": made == dates,
}
for what, holds in seen.items():
    print("as seen" if holds else "CHANGED", what)
sys.exit(not all(seen.values()))
PROGRAM
