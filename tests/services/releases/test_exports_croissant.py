"""A Hugging Face folder as Croissant describes it, and as its own reader reads it.

Point MINICOLUMN_CROISSANT at a Python that has `mlcroissant[parquet]` (1.1.1 was tried) to read the files by it.
"""

import hashlib
import io
import json
import os
import subprocess
import zipfile

import pyarrow.parquet
import pytest

from tests.management.test_import_traces_answers import CASES
from tests.services.releases.test_exports_loading import release_of, written
from trajectories.core.exporters.croissant import undescribed
from trajectories.services.releases.exports import export_path

pytestmark = pytest.mark.django_db
PYTHON = os.environ.get("MINICOLUMN_CROISSANT", "")
READ = """
import json, sys
import mlcroissant
def plain(value, keys):
    if isinstance(value, dict):
        return {name.rpartition("/")[2]: plain(inner, keys) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(each, keys) for each in value]
    return value.decode() if isinstance(value, bytes) else value.item() if hasattr(value, "item") else value
data = mlcroissant.Dataset(jsonld=sys.argv[1])
rows = {each.id: [plain(row, each.id) for row in data.records(each.id)] for each in data.metadata.record_sets}
warned = sorted(data.metadata.ctx.issues.warnings)
sys.stdout.write(json.dumps({"rows": rows, "warned": warned}))
"""


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def folder(curator, lead, tmp_path):
    """A folder of agents whose problem trains, and of questions of which one evaluates, unpacked."""
    problems, traces = tmp_path / "problems.jsonl", tmp_path / "traces.jsonl"
    case = CASES / "b13-tool-arguments"
    asked = [
        {"name": split, "question": f"{split}?", "kind": "text", "answer": "2024-01-02", "split": split}
        for split in ("train", "eval")
    ]
    problems.write_text((case / "problems.jsonl").read_text() + "".join(json.dumps(row) + "\n" for row in asked))
    said = [{"problem_id": row["name"], "response": "2024-01-02\u2028\n"} for row in asked]
    traces.write_text((case / "traces.jsonl").read_text() + "".join(json.dumps(row) + "\n" for row in said))
    release = release_of(curator, lead, problems, traces)
    path = tmp_path / "folder"
    with zipfile.ZipFile(
        export_path(written(lead, release, "sft-messages", container="folder", with_meta=True))
    ) as file:
        file.extractall(path)
    return path


def read(folder):
    done = subprocess.run(
        [PYTHON, "-c", READ, str(folder / "croissant.json")], capture_output=True, text=True, check=False
    )
    return done, json.loads(done.stdout) if not done.returncode else {}


def shown(row, described):
    """What of a row is described: its columns, and of objects the keys. A list that is null comes as one object of
    nulls (findings/mlcroissant_null_lists.sh)."""
    found = {}
    for field in described:
        name, value = field["name"].rpartition("/")[2], row[field["name"].rpartition("/")[2]]
        keys = [inner["name"].rpartition("/")[2] for inner in field.get("subField", ())]
        if keys and value is None and field.get("isArray"):
            value = [dict.fromkeys(keys)]
        elif keys and isinstance(value, list):
            value = [{key: each[key] for key in keys} for each in value]
        elif keys and value is not None:
            value = {key: value[key] for key in keys}
        found[name] = value
    return found


def test_a_folder_is_described_file_by_file_and_column_by_column(folder):
    told = json.loads((folder / "croissant.json").read_text())
    for file in told["distribution"]:
        body = (folder / file["contentUrl"]).read_bytes()
        assert (file["sha256"], file["contentSize"]) == (hashlib.sha256(body).hexdigest(), f"{len(body)} B")
    assert sorted(file["@id"] for file in told["distribution"]) == sorted(
        str(path.relative_to(folder)) for path in folder.glob("data/*.parquet")
    )
    assert [each["name"] for each in told["recordSet"]] == ["train", "test"]
    for record_set in told["recordSet"]:
        names = [field["name"].rpartition("/")[2] for field in record_set["field"]]
        assert names == ["messages", "meta", "tools"]
    # What an agent called lies too deep for the reader, and is named.
    assert told["description"].endswith("one level deep: messages[].tool_calls, tools[].function.")
    if not PYTHON:
        return
    done, found = read(folder)
    assert not done.returncode, done.stderr[-2000:]
    assert found["warned"] == []
    assert set(found["rows"]) == {"train", "test"}
    for file, record_set in zip(told["distribution"], told["recordSet"], strict=True):
        rows = pyarrow.parquet.read_table(io.BytesIO((folder / file["contentUrl"]).read_bytes())).to_pylist()
        assert found["rows"][record_set["name"]] == [shown(row, record_set["field"]) for row in rows]
    damaged = folder / told["distribution"][0]["contentUrl"]
    damaged.write_bytes(damaged.read_bytes() + b" ")
    assert "hash" in read(folder)[0].stderr.lower()


@pytest.mark.parametrize(
    ("columns", "deep"),
    [
        ({"prompt": "string", "labels": ["bool"]}, []),
        ({"messages": [{"role": "string", "calls": [{"name": "string"}]}]}, ["messages[].calls"]),
        ({"label": {"steps": [{"text": "string"}], "reason": "string"}}, ["label.steps"]),
        ({"grids": [[["int64"]]]}, ["grids"]),
        ({"meta": {"verdicts": ["string"]}}, []),
    ],
)
def test_what_lies_too_deep_is_named(columns, deep):
    assert list(undescribed(columns)) == deep
