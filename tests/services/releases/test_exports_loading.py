"""Exports as trainers load them: by the very command that the page prints, and by the real `datasets` where it is.

Point MINICOLUMN_DATASETS at a Python that has `datasets` (5.2.0 and 3.6.0 were tried) to run the commands by it.
Without one they are run against a stand-in that takes a row only where all values have the types that are stated.
"""

import json
import os
import subprocess
import sys
import uuid
from importlib.util import find_spec

import pytest
from django.core.management import call_command
from django.urls import reverse

from tests.management.test_import_traces_answers import CASES
from tests.pages import squeezed
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Trace
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.exports import (
    export_filename,
    export_loading,
    export_path,
    request_export,
    write_export,
)
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db
PYTHON = os.environ.get("MINICOLUMN_DATASETS", sys.executable if find_spec("datasets") else "")
TABLES = ("sft-messages", "sft-prompt-completion", "prompt-only", "arc-programs")
STAND_IN = """
def Value(name):
    return {"string": str, "int64": int, "float64": (int, float), "bool": bool}[name]
def Json():
    return object
Features = dict
def check(feature, value, path=""):
    if value is None:
        return
    if isinstance(feature, dict):
        assert set(value) <= set(feature), (path, value)
        for key, inner in value.items():
            check(feature[key], inner, path + "." + key)
    elif isinstance(feature, list):
        assert isinstance(value, list), (path, value)
        for item in value:
            check(feature[0], item, path + "[]")
    else:
        assert isinstance(value, feature) and not (feature is int and value is True), (path, value)
class Dataset:
    @staticmethod
    def from_generator(rows, features, gen_kwargs):
        found = list(rows(**gen_kwargs))
        for row in found:
            check(dict(features), row)
        return found
"""


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


def release_of(curator, lead, problems, traces):
    """A release of all traces of some files."""
    call_command("import_problems", problems)
    call_command("import_traces", traces)
    ids = list(Trace.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), 100):
        verify_traces(trace_ids=ids[start : start + 100])
    accepted = ReviewDraft(Decision.ACCEPT, score=4)
    for trace in Trace.objects.all():
        submit_review(reviewer=curator, trace=trace, draft=accepted, key=uuid.uuid4())
    return freeze_accepted(actor=lead, title="All", key=uuid.uuid4())


def written(lead, release, export_format, **options):
    export = request_export(actor=lead, release=release, export_format=export_format, **options)
    write_export(job_id=export.pk)  # nothing is left to do where it was asked for before
    export.refresh_from_db()
    assert export.state == "ready", export.error
    return export


def load(export, tmp_path):
    """The rows that the printed command loads, as JSON texts; its last line writes them instead of showing a table."""
    folder = tmp_path / uuid.uuid4().hex
    folder.mkdir()
    (folder / export_filename(export)).symlink_to(export_path(export))
    command = export_loading(export).command
    assert command.endswith("gen_kwargs=kwargs))'")
    shown = command.replace("python3 -c", '"$PYTHON" -c').replace("import datasets, json", "import datasets, json, sys")
    shown = shown.replace("print(datasets", "found = list(datasets").removesuffix("'")
    shown += '\njson.dump(found, open("rows.json", "w"))\''
    if not PYTHON:
        (folder / "datasets.py").write_text(STAND_IN)
    environment = {**os.environ, "PYTHON": PYTHON or sys.executable, "HF_HOME": str(folder), "PYTHONPATH": str(folder)}
    done = subprocess.run(
        ["bash", "-c", shown], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((folder / "rows.json").read_text())


def is_new_enough():
    """Whether `datasets` knows objects without fixed keys, as 4.8 and later do."""
    asked = [PYTHON, "-c", "import datasets; print(hasattr(datasets, 'Json'))"]
    return not PYTHON or subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == "True"


def without_nulls(value):
    """A row without the keys that a typed column fills in."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def lines_of(export):
    return [json.loads(line) for line in export_path(export).read_text().splitlines()]


def test_exports_that_grow(curator, lead, tmp_path):
    """Twelve megabytes without tools, then an agent, then a problem without an answer (case b12)."""
    call = {"name": "python", "arguments": '{"code": "print(6*7)"}'}
    said = [
        {"role": "user", "content": "[b12] Six times seven?"},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "Run it.",
            "tool_calls": [{"id": "t1", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "42"},
        {"role": "assistant", "content": "Answer: 42"},
    ]
    given = [{"problem_id": "b12", "response": f"{number} {'long ' * 10_400}Answer: 42"} for number in range(240)]
    given += [
        {"problem_id": "b12", "messages": said},
        {"problem_id": "b12-open", "response": "Something."},
        {"problem_id": "b12-json", "response": 'Answer: {"a": 1}'},
    ]
    traces = tmp_path / "traces.jsonl"
    traces.write_text("".join(json.dumps({"model": "b12", **row}) + "\n" for row in given))
    release = release_of(curator, lead, CASES / "b12-exports-that-grow" / "problems.jsonl", traces)
    for export_format in TABLES:
        export = written(lead, release, export_format, with_meta=export_format == "sft-messages")
        rows = lines_of(export)
        if export_format == "arc-programs":
            assert rows == [], "questions are no ARC tasks"
            continue
        assert len(rows) == len(given), export_format
        assert without_nulls(load(export, tmp_path)) == without_nulls(rows), export_format


def test_texts_stay_texts(curator, lead, tmp_path):
    """A column of dates, and one of texts that look like other values."""
    answers = ["2024-01-02", "2024-01-03", "2024-01-04"]
    problems, traces = tmp_path / "problems.jsonl", tmp_path / "traces.jsonl"
    asked = [
        {"name": name, "question": f"Which day is {name}?", "kind": "text", "answer": answer}
        for name, answer in zip(("12", "007", "true"), answers, strict=True)
    ]
    problems.write_text("".join(json.dumps(row) + "\n" for row in asked))
    traces.write_text(
        "".join(json.dumps({"problem_id": row["name"], "response": row["answer"]}) + "\n" for row in asked)
    )
    release = release_of(curator, lead, problems, traces)
    rows = load(written(lead, release, "prompt-only"), tmp_path)
    assert sorted((row["problem_id"], row["answer"]) for row in rows) == sorted(
        zip(("12", "007", "true"), answers, strict=True)
    )
    said = load(written(lead, release, "sft-messages"), tmp_path)
    assert sorted(row["messages"][-1]["content"] for row in said) == answers


@pytest.fixture
def agents(curator, lead):
    """Five agents whose arguments came as text, object, null, empty text and braces (case b13)."""
    case = CASES / "b13-tool-arguments"
    return release_of(curator, lead, case / "problems.jsonl", case / "traces.jsonl")


def arguments_in(rows):
    messages = [message for row in rows for message in row["messages"]]
    return [call["function"]["arguments"] for message in messages for call in message.get("tool_calls") or ()]


def test_arguments_have_one_form(agents, lead, tmp_path):
    text = written(lead, agents, "sft-messages")
    code = '{"code": "print(6*7)"}'
    assert sorted(arguments_in(lines_of(text))) == sorted([code, code, "{}", "{}", "{}"])
    assert arguments_in(load(text, tmp_path)) == arguments_in(lines_of(text))
    objects = written(lead, agents, "sft-messages", arguments="objects")
    found = arguments_in(lines_of(objects))
    assert sorted(map(json.dumps, found)) == sorted([code, code, "{}", "{}", "{}"])
    # What a template of Qwen writes is no JSON text inside of a JSON text.
    assert all(json.loads(json.dumps(given)) == given and isinstance(given, dict) for given in found)
    assert export_filename(objects).endswith("-objects.jsonl")
    assert "datasets.Json()" in export_loading(objects).command
    assert (export_loading(objects).oldest, export_loading(text).oldest) == ("4.8", "")
    if is_new_enough():
        assert arguments_in(load(objects, tmp_path)) == found


def test_the_page_prints_the_command_where_there_is_one(agents, lead, client):
    table, archive = written(lead, agents, "sft-messages"), written(lead, agents, "full")
    assert archive.columns is None
    client.force_login(lead)
    page = squeezed(client.get(reverse("release_detail", args=[agents.pk])))
    assert page.count("import datasets") == 1
    assert f"&quot;{table.sha256}&quot;" in page
    assert "read it line by line as JSON" in page
    answer = client.post(reverse("export_create", args=[agents.pk]), {"format": "full", "arguments": "yaml"})
    assert (answer.status_code, squeezed(answer)) == (422, "Arguments: expected one of text, objects.")
