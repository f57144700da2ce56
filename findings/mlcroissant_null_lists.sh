#!/bin/sh
# mlcroissant 1.1.1 reads a null list of objects as a list with one object whose values are null.
#
# A guess from memory: what is null in a Parquet column comes out as null, as pyarrow and datasets read it. Seen, for a
# column of lists of objects that a croissant.json describes by an array field with sub-fields:
#   - null becomes one object of nulls, although the file says that there is no list;
#   - the empty list stays empty, and a list with one object has one.
# What follows: a program that reads rows through Croissant must not count the objects of such a column; it reads the
# files themselves where "none" matters (tools of a conversation that has none).
#
# Exits with 0 where this is still so, with 1 where it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mlcroissant==1.1.1 pyarrow==26.0.1
cd "$folder"
venv/bin/python - <<'PROGRAM' 2>/dev/null
import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import mlcroissant
import pyarrow as pa
import pyarrow.parquet as parquet

rows = {"null": None, "empty": [], "one": [{"type": "function"}]}
tools = pa.list_(pa.struct({"type": pa.string()}))
table = pa.table({"id": list(rows), "tools": pa.array(list(rows.values()), tools)})
parquet.write_table(table, "rows.parquet")
assert parquet.read_table("rows.parquet").to_pylist()[0]["tools"] is None

words = ("column", "extract", "field", "fileObject", "includes", "isArray", "arrayShape", "jsonPath", "recordSet")
words += ("source", "subField", "transform", "citeAs")
context = {"@language": "en", "@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"}
context |= {"sc": "https://schema.org/", "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo"}
context |= {"dataType": {"@id": "cr:dataType", "@type": "@vocab"}, **{word: f"cr:{word}" for word in words}}


def source(column, key=""):
    found = {"fileObject": {"@id": "rows.parquet"}, "extract": {"column": column}}
    return found | ({"transform": {"jsonPath": key}} if key else {})


def text(name, column, key=""):
    return {"@type": "cr:Field", "@id": name, "name": name, "dataType": "sc:Text", "source": source(column, key)}


described = {
    "@context": context, "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.1", "name": "rows",
    "description": "Three rows.", "license": "CC0", "datePublished": "2026-01-01", "version": "1.0.0", "citeAs": "none",
    "url": "https://example.org/rows",
    "distribution": [{
        "@type": "cr:FileObject", "@id": "rows.parquet", "name": "rows.parquet", "contentUrl": "rows.parquet",
        "encodingFormat": "application/x-parquet",
        "sha256": hashlib.sha256(Path("rows.parquet").read_bytes()).hexdigest(),
    }],
    "recordSet": [{
        "@type": "cr:RecordSet", "@id": "all", "name": "all", "field": [
            text("all/id", "id"),
            {"@type": "cr:Field", "@id": "all/tools", "name": "all/tools", "isArray": True, "arrayShape": "-1",
             "subField": [text("all/tools/type", "tools", "type")]},
        ],
    }],
}  # fmt: skip
Path("croissant.json").write_text(json.dumps(described))

print("mlcroissant", version("mlcroissant"), "pyarrow", version("pyarrow"), "pandas", version("pandas"))
read = {}
for row in mlcroissant.Dataset("croissant.json").records("all"):
    name = row["all/id"].decode() if isinstance(row["all/id"], bytes) else row["all/id"]
    read[name] = row["all/tools"]
    print(f"{name}: written {rows[name]}, read {row['all/tools']}")
expected = {"null": [{"all/tools/type": None}], "empty": [], "one": [{"all/tools/type": b"function"}]}
sys.exit(read != expected)
PROGRAM
