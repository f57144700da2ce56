"""Exports as trl reads them: every bundled chat template renders an agent, and every trainer takes a step.

Point MINICOLUMN_TRL at a Python that has `trl` (1.16.0 with torch for the CPU was tried); a minute or two.
"""

import html
import json
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from tests.services.releases.test_exports_loading import written
from trajectories.core.releases.rules import Reviews, Rule
from trajectories.models import Trace
from trajectories.services.releases.exports import export_filename, export_path
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.verification.queue import verify_traces

PYTHON = os.environ.get("MINICOLUMN_TRL", "")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not PYTHON, reason="MINICOLUMN_TRL names no Python that has trl"),
]
FORMATS = ("sft-messages", "sft-prompt-completion", "preference", "unpaired", "prompt-only")
TAKE_NO_TOOLS = ("cohere", "gemma", "gemma3", "idefics3", "llava_next", "smolvlm", "cohere2")
"""Templates of models that know no tools, or no plain text as content: they refuse every agent."""

WANT_TEXT = ("deepseekv3",)
"""Templates that put the arguments together as text: for these files with arguments as text are made."""


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def release(lead, tmp_path):
    """An agent, right and wrong answers with thoughts, all to one question."""
    call = {"name": "python", "arguments": '{"code": "print(6*7)"}'}
    asked = {"role": "user", "content": "Six times seven?"}
    agent = [
        asked,
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "Run it.",
            "tool_calls": [{"id": "t1", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "42"},
        {"role": "assistant", "content": "Answer: 42"},
    ]
    said = [
        [asked, {"role": "assistant", "content": f"Answer: {answer}", "reasoning_content": "Thought."}]
        for answer in (42, 41, 43)
    ]
    problems, traces = tmp_path / "problems.jsonl", tmp_path / "traces.jsonl"
    problems.write_text(json.dumps({"name": "q", "question": "Six times seven?", "answer": 42}) + "\n")
    rows = [{"problem_id": "q", "model": f"m{place}", "messages": each} for place, each in enumerate([agent, *said])]
    traces.write_text("".join(json.dumps(row) + "\n" for row in rows))
    call_command("import_problems", problems, split="train")
    call_command("import_traces", traces)
    verify_traces(trace_ids=list(Trace.objects.values_list("pk", flat=True)))
    return freeze_accepted(actor=lead, title="All", rule=Rule(reviews=Reviews(accepted_by=0)), key=uuid.uuid4())


@pytest.fixture
def told(release, lead, tmp_path):
    """What trl makes of the files."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in FORMATS:
        export = written(lead, release, name, container="parquet", arguments="objects")
        assert export.rows_written, name
        shutil.copy(export_path(export), folder / f"{name}.parquet")
    script = Path(__file__).parent / "reading_by_trl.py"
    environment = {**os.environ, "HF_HOME": str(folder / "home")}
    done = subprocess.run(
        [PYTHON, str(script), str(folder)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    [line] = [line for line in done.stdout.splitlines() if line.startswith("TOLD ")]
    return json.loads(line.removeprefix("TOLD "))


PRINTED = {"sft-messages": "jsonl", "sft-prompt-completion": "folder", "preference": "parquet", "unpaired": "jsonl.gz"}
PRINTED |= {"prompt-only": "parquet"}
"""In which container the page's own lines are tried for each format."""


def lines_of_page(page, export):
    """What the page of a release says to type for a file: loading it, and training on it."""
    told = [re.search(rf'<code id="{what}-{export.pk}">(.*?)</code>', page, re.S)[1] for what in ("curl", "train")]
    return [html.unescape(text) for text in told]


def test_templates_render_agents_and_trainers_take_a_step(told, release, lead, client, tmp_path):
    wrong = {name: fault for name, fault in told["rendered"].items() if fault}
    refusing = {name for name in wrong if name.removesuffix("_training") in (*TAKE_NO_TOOLS, *WANT_TEXT)}
    assert set(wrong) == refusing, wrong
    assert len(told["rendered"]) > len(wrong)
    assert set(told["trained"].values()) == {1}
    assert len(told["trained"]) == 6
    _train_by_the_lines_of_the_page(release, lead, client, tmp_path)


def _train_by_the_lines_of_the_page(release, lead, client, tmp_path):
    """But for the download and the installation, which the environment is made of already."""
    exports = [written(lead, release, name, container=each, arguments="objects") for name, each in PRINTED.items()]
    client.force_login(lead)
    page = client.get(reverse("release_detail", args=[release.pk])).content.decode()
    environment = {**os.environ, "PYTHON": PYTHON, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    scripts = 0
    for export in exports:
        (folder := tmp_path / export.format).mkdir()
        loading, training = (text.replace("python3", '"$PYTHON"') for text in lines_of_page(page, export))
        loading = re.sub("^curl.*", f"cp {export_path(export)} {export_filename(export)}", loading)
        assert training.startswith("pip install trl==1.16.0\n")
        training = training.partition("\n")[2].replace("MODEL=Qwen/Qwen3-0.6B", f"MODEL={tmp_path / 'files' / 'model'}")
        training = training.replace("max_completion_length=256", "max_completion_length=4")
        done = subprocess.run(
            ["bash", "-e", "-c", f"{loading}\n{training}"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (export.format, done.stderr[-3000:])
        scripts += done.stdout.count("'train_loss'")
    assert scripts == 6, "SFT twice, DPO, Reward, KTO, GRPO"
