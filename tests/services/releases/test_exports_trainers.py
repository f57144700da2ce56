"""Exports as trl reads them: every bundled chat template renders them, and every trainer takes a step by the very lines
that the page of a release prints.

Point MINICOLUMN_TRL at a Python that has `trl`, or at several, divided by colons, since not every trainer is in the
same version: 1.16.0, and 1.13.0 for steps, were tried, each with nothing but what the page installs. Twenty minutes.
"""

import html
import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from django.urls import reverse

from tests.services.releases.releases_to_train_on import KINDS, release_of_kind
from tests.services.releases.test_exports_loading import written
from trajectories.services.releases.exports import export_filename, export_loading, export_path

PYTHONS = tuple(filter(None, os.environ.get("MINICOLUMN_TRL", "").split(":")))
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not PYTHONS, reason="MINICOLUMN_TRL names no Python that has trl"),
]
HERE = Path(__file__).parent
NEWEST = "1.16.0"
TRAINERS = {
    "sft-messages": ["SFT"],
    "sft-prompt-completion": ["SFT"],
    "preference": ["DPO", "Reward"],
    "unpaired": ["KTO"],
    "prompt-only": ["GRPO", "RLOO", "Distillation"],
    "stepwise": ["PRM"],
}
CONTAINERS = {"demo": "parquet", "agent": "parquet", "questions": "folder", "mixed": "jsonl"}
"""What each release is put into; agents of two kinds call tools with other keys, which is for lines alone."""

TAKE_NO_TOOLS = ("cohere", "gemma", "gemma3", "idefics3", "llava_next", "smolvlm", "cohere2")
"""Templates of models that know no tools, or no plain text as content: they refuse every agent."""

WANT_TEXT = ("deepseekv3",)
"""Templates that put the arguments together as text: for these files with arguments as text are made."""

WANT_ONE = ("gptoss",)
"""Templates that refuse a call with both thoughts and a text before it, as the agent of these releases makes."""


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@cache
def version_of(python: str, package: str = "trl") -> str:
    asked = [python, "-c", f"from importlib.metadata import version; print(version({package!r}))"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def python_with(version: str) -> str:
    found = next((python for python in PYTHONS if version_of(python) == version), "")
    return found or pytest.skip(f"MINICOLUMN_TRL names no Python that has trl {version}")


def run(python: str, commands: str, folder: Path) -> str:
    """What commands print, in a folder, where `python3` is the Python named, and no hub can be reached."""
    environment = {
        **os.environ,
        "PATH": f"{Path(python).parent}:{os.environ['PATH']}",
        "HF_HOME": str(folder / "home"),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        ["bash", "-e", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def model(tmp_path):
    """`model(python)` is the folder of a tiny model that this Python made."""

    def made(python: str) -> Path:
        run(python, f"python3 {HERE / 'tiny_model.py'} model", tmp_path)
        return tmp_path / "model"

    return made


def printed(page: str, export) -> tuple[str, str, list[str]]:
    """What the page says to type for a file: loading it, making an environment, and each step of training."""
    blocks = {
        name: html.unescape(text)
        for name, text in re.findall(rf'<code id="((?:curl|train)-{export.pk}(?:-\d+)?)">(.*?)</code>', page, re.S)
    }
    loading, environment = blocks.pop(f"curl-{export.pk}"), blocks.pop(f"train-{export.pk}")
    return loading, environment, list(blocks.values())


@pytest.mark.parametrize("export_format", TRAINERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_trainer_takes_a_step_by_the_lines_of_the_page(
    kind, export_format, lead, client, live_server, model, tmp_path
):
    release = release_of_kind(kind, lead, tmp_path)
    export = written(lead, release, export_format, container=CONTAINERS[kind], template="trl")
    assert export.rows_written
    client.force_login(lead)
    address = reverse("release_detail", args=[release.pk])
    page = client.get(address, headers={"host": live_server.url.partition("//")[2]}).content.decode()
    loading, environment, steps = printed(page, export)
    version = re.search(r"trl==(\S+)", environment)[1]
    python = python_with(version)
    installed = " ".join(f"{name}=={version_of(python, name)}" for name in ("trl", "transformers", "datasets"))
    assert environment.splitlines() == [
        f"python3 -m venv trl-{version}",
        f". trl-{version}/bin/activate",
        f"pip install {installed}",
    ]
    # What is installed is the environment that MINICOLUMN_TRL names; the model is ours, as the hub is out of reach.
    lines = "\n".join(line for line in loading.splitlines() if not line.startswith("pip install"))
    told = run(python, lines, tmp_path)
    assert f"{export_filename(export)}: OK" in told
    assert f"num_rows: {export.rows_written}" in told or "DatasetDict" in told
    named = rf"\1={model(python)}"
    assert len(steps) == len(TRAINERS[export_format])
    for trainer, step in zip(TRAINERS[export_format], steps, strict=True):
        assert f"{trainer}Trainer(" in step
        told = run(python, re.sub(r"\b(MODEL|TEACHER)=Qwen/\S+", named, step), tmp_path)
        assert re.search(r"'train_loss': '?-?\d", told), told[-2000:]


@pytest.mark.parametrize("kind", ["agent", "mixed"])
def test_templates_render_what_is_loaded_as_the_lines_of_the_file(kind, lead, tmp_path):
    python = python_with(NEWEST)
    release = release_of_kind(kind, lead, tmp_path)
    export = written(lead, release, "sft-messages", container=CONTAINERS[kind], template="trl")
    plain = written(lead, release, "sft-messages", container="jsonl", template="trl")
    loading = export_loading(export)
    (tmp_path / "load.py").write_text(
        "\n".join([f"import {', '.join(loading.modules)}", *loading.statements, f"data = {loading.expression}"])
    )
    (tmp_path / export_filename(export)).symlink_to(export_path(export))
    out = run(python, f"python3 {HERE / 'rendering_by_trl.py'} load.py {export_path(plain)}", tmp_path)
    [line] = [line for line in out.splitlines() if line.startswith("TOLD ")]
    told = json.loads(line.removeprefix("TOLD "))
    wrong = {name: fault for name, fault in told["rendered"].items() if fault}
    refusing = {name for name in wrong if name.removesuffix("_training") in (*TAKE_NO_TOOLS, *WANT_TEXT, *WANT_ONE)}
    assert set(wrong) == refusing, wrong
    assert len(told["rendered"]) > len(wrong)
