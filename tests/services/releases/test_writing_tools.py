"""Files with agents that call different tools: no tool gets the parameters of another one."""

import json

import pyarrow.parquet
import pytest
from django.urls import reverse

from tests.pages import squeezed
from tests.services.releases.test_exports_loading import release_of, written
from trajectories.core.tools.acting import act_tool
from trajectories.core.tools.python import python_tool
from trajectories.services.releases import writing
from trajectories.services.releases.exports import export_loading, export_path, export_training

pytestmark = pytest.mark.django_db
CALLS = {"python": {"code": "print(42)"}, "act": {"action": "up"}}


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


def agent(tool: str, said: str) -> list[dict]:
    call = {"id": "t1", "type": "function", "function": {"name": tool, "arguments": json.dumps(CALLS[tool])}}
    return [
        {"role": "user", "content": "Six times seven?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": "42"},
        {"role": "assistant", "content": said},
    ]


def release_with(tools, curator, lead, tmp_path):
    problems, traces = tmp_path / "problems.jsonl", tmp_path / "traces.jsonl"
    problems.write_text(json.dumps({"name": "q", "question": "Six times seven?", "answer": 42}) + "\n")
    said = [agent(tool, f"Answer: 42, {place}") for place, tool in enumerate(tools)]
    said.append([{"role": "user", "content": "Six times seven?"}, {"role": "assistant", "content": "42"}])
    rows = [{"problem_id": "q", "model": f"m{place}", "messages": each} for place, each in enumerate(said)]
    traces.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return release_of(curator, lead, problems, traces)


@pytest.mark.parametrize("block_rows", [1, 2, 100])
def test_tools_that_differ_are_text_in_a_table_and_objects_in_lines(block_rows, curator, lead, tmp_path, monkeypatch):
    release = release_with(("python", "act", "python"), curator, lead, tmp_path)
    monkeypatch.setattr(writing, "BLOCK_ROWS", block_rows)
    table = written(lead, release, "sft-messages", container="parquet")
    found = pyarrow.parquet.read_table(export_path(table)).to_pylist()
    told = sorted(json.dumps([tool()]) for tool in (python_tool, act_tool, python_tool))
    assert table.columns["tools"] == "string"
    assert sorted(row["tools"] for row in found if row["tools"]) == told
    assert [row["tools"] for row in found].count(None) == 1
    lines = written(lead, release, "sft-messages")
    rows = [json.loads(line) for line in export_path(lines).read_text().splitlines()]
    assert sorted(json.dumps(row["tools"]) for row in rows if "tools" in row) == told
    assert '"tools": [datasets.Json()]' in export_loading(lines).command
    assert (export_loading(lines).oldest, export_loading(table).oldest) == ("4.8", "")


def test_one_tool_is_a_list_with_its_own_parameters(curator, lead, tmp_path):
    release = release_with(("act", "act"), curator, lead, tmp_path)
    table = written(lead, release, "sft-messages", container="parquet")
    found = pyarrow.parquet.read_table(export_path(table)).to_pylist()
    assert [row["tools"] for row in found if row["tools"]] == [[act_tool()]] * 2


def test_the_page_prints_how_to_train_or_why_not(curator, lead, client, tmp_path):
    release = release_with(("python", "act"), curator, lead, tmp_path)
    text = written(lead, release, "sft-messages", container="parquet")
    assert export_training(text) == ()
    client.force_login(lead)
    address = reverse("release_detail", args=[release.pk])
    page = squeezed(client.get(address))
    assert "Train a step on it" not in page
    assert "make one that is written for TRL" in page
    objects = written(lead, release, "sft-messages", container="jsonl", template="trl")
    assert [script.trainer for script in export_training(objects)] == ["SFTTrainer"]
    page = squeezed(client.get(address))
    assert page.count("Train a step on it") == 1
    assert "datasets has a type since 4.8" in page
    assert "pip install trl==1.16.0 transformers==5.24.0 datasets==5.2.0" in page


@pytest.mark.parametrize("container", ["parquet", "folder", "jsonl", "jsonl.gz"])
def test_a_file_without_rows_prints_no_line_that_would_fail(container, curator, lead, client, tmp_path):
    release = release_with((), curator, lead, tmp_path)
    empty = written(lead, release, "preference", container=container)
    assert (empty.rows_written, export_loading(empty), export_training(empty)) == (0, None, ())
    client.force_login(lead)
    page = squeezed(client.get(reverse("release_detail", args=[release.pk])))
    assert "It has no rows, and datasets loads no empty file." in page
    assert "import datasets" not in page
