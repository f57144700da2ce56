"""A release as a package: what is in it, that it stands alone, and that it scores right and wrong answers."""

import ast
import base64
import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.adapters.environments.releases import FACTS, FILENAME, PROBLEMS, RIGHT, WRONG, wheel
from trajectories.adapters.environments.nemo_gym import TRIED_WITH as GYM_TRIED_WITH
from trajectories.adapters.environments.package import TRIED_WITH
from trajectories.adapters.environments.sources import own_sources, renamed
from trajectories.core.problems import problem_hash

ROOT = Path(__file__).resolve().parents[3]
UNSCORED = "```python\nimport a_module_nobody_has\ndef transform(grid):\n    return grid\n```"
"""What no verifier can say anything of."""

ALONE = """
import json, sys
from {package}.adapters.environments.scoring import ScoringError, prompt_of, read_problem, score_reply
rows = {{row["name"]: row for row in map(json.loads, open(sys.argv[1], encoding="utf-8"))}}
told = {{}}
for side, replies in json.load(sys.stdin).items():
    for name, said in replies.items():
        try:
            scored = score_reply(read_problem(rows[name]), rows[name]["hash"], said)
            told[f"{{side}} {{name}}"] = scored.reward
        except ScoringError as fault:
            told[f"{{side}} {{name}}"] = str(fault)
prompts = {{name: prompt_of(read_problem(row), row["hash"]) for name, row in rows.items()}}
ours = [name for name in sys.modules if name.split(".")[0] in ("trajectories", "django")]
print(json.dumps([told, prompts, ours]))
"""
THROUGH = """
import asyncio, json, sys
import verifiers.v1 as vf
from verifiers.v1.graph import MessageNode

package = sys.argv[1]
config = vf.taskset_config_type(package)
tasks = {{task.data.name: task for task in vf.load_taskset(config(id=package, split="all"))}}


def trace_of(task, said):
    nodes = [
        MessageNode(message=vf.UserMessage(content=task.data.prompt_text)),
        MessageNode(parent=0, sampled=True, message=vf.AssistantMessage(content=said)),
    ]
    task_of = vf.TraceTask.model_construct(type=type(task).__name__, data=task.data)
    made = {{"agent": vf.AgentInfo.model_construct(), "rewards": {{}}, "metrics": {{}}, "info": {{}}, "errors": []}}
    return vf.Trace.model_construct(task=task_of, nodes=nodes, **made)


async def score(name, said):
    trace = trace_of(tasks[name], said)
    try:
        await tasks[name].score(trace)
    except vf.TaskError as fault:
        return [None, str(fault)]
    return [trace.reward, trace.info["minicolumn"]["verdicts"]]


async def main():
    asked = json.load(sys.stdin)
    scores = {{}}
    for side, replies in asked.items():
        scores[side] = {{name: await score(name, said) for name, said in replies.items()}}
    by_split = {{split: [task.data.name for task in vf.load_taskset(config(id=package, split=split))]
                for split in ("train", "validation", "eval")}}
    environment = vf.load_environment(vf.resolve_env_config({{"taskset": {{"id": package, "split": "all"}}}}))
    keys = {{name: task.key for name, task in tasks.items()}}
    data = {{name: task.data.model_dump_json() for name, task in tasks.items()}}
    harness, taskset = vf.default_harness_id(package), type(environment.taskset).__name__
    print(json.dumps([scores, by_split, taskset, harness, keys, data]))


asyncio.run(main())
"""

SERVED = """
import json, sys
from pathlib import Path
from unittest.mock import MagicMock
from fastapi.testclient import TestClient
from nemo_gym.base_resources_server import BaseResourcesServerConfig
from nemo_gym.global_config import GlobalConfigDictParser, GlobalConfigDictParserConfig
from nemo_gym.server_utils import ServerClient
from omegaconf import OmegaConf

name = sys.argv[1]
made = Path("resources_servers", name)
bare = GlobalConfigDictParserConfig.NO_MODEL_GLOBAL_CONFIG_DICT
asked = OmegaConf.merge(bare, {{"config_paths": [str(made / "configs" / (name + ".yaml"))]}})
parser = GlobalConfigDictParser()
known = parser.parse(GlobalConfigDictParserConfig(
    initial_global_config_dict=asked, skip_load_from_cli=True, skip_load_from_dotenv=True))
servers = {{each.name: each.get_inner_run_server_config() for each in parser.filter_for_server_instance_configs(known)}}
data = {{each.name: [each.type, each.jsonl_fpath] for each in servers[name + "_simple_agent"].datasets}}
lines = {{split: Path(file).read_text().splitlines() for split, (_, file) in data.items()}}
rows = {{split: [json.loads(line) for line in each] for split, each in lines.items()}}
sys.path.insert(0, str(made))
import app

config = BaseResourcesServerConfig(host="127.0.0.1", port=1, entrypoint=servers[name].entrypoint, name=name)
server = app.resources_server()(config=config, server_client=MagicMock(spec=ServerClient))
client = TestClient(server.setup_webserver())
by_name = {{row["name"]: row for split in rows.values() for row in split}}


def verified(name, said, reason=None, **changed):
    message = {{"type": "output_text", "text": said, "annotations": []}}
    output = [
        {{"id": "t", "type": "reasoning", "summary": [{{"type": "summary_text", "text": "Thought."}}]}},
        {{"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [message]}},
    ]
    response = {{"id": "r", "created_at": 0, "model": "m", "object": "response", "parallel_tool_calls": False,
                "tool_choice": "auto", "tools": [], "output": output,
                "incomplete_details": reason and {{"reason": reason}}}}
    answer = client.post("/verify", json={{**by_name[name], **changed, "response": response}})
    told = answer.json()
    return [answer.status_code, told.get("reward"), told.get("verdicts") or told.get("detail")]


asked = json.load(sys.stdin)
scores = {{side: {{name: verified(name, said) for name, said in replies.items()}} for side, replies in asked.items()}}
cut, unknown = verified("sum", "So it is", "max_output_tokens"), verified("sum", "42", problem_hash="none")
print(json.dumps([scores, cut, unknown, data, rows]))
"""


@pytest.fixture(scope="module")
def members():
    with zipfile.ZipFile(io.BytesIO(wheel())) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_release_gives_the_same_bytes():
    assert wheel() == wheel()


def test_a_wheel_has_what_installers_ask_for(members):
    info = f"{FACTS.package}-1.0.dist-info"
    records = list(csv.reader(members[f"{info}/RECORD"].decode().splitlines()))
    assert [name for name, *_ in records] == list(members)
    for name, digest, size in records[:-1]:
        encoded = base64.urlsafe_b64encode(hashlib.sha256(members[name]).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={encoded}", str(len(members[name]))), name
    metadata = members[f"{info}/METADATA"].decode()
    assert "Name: minicolumn-release-0123456789\n" in metadata
    assert f'Requires-Dist: verifiers=={TRIED_WITH} ; extra == "verifiers"' in metadata
    assert "Requires-Dist: math-verify==" in metadata
    assert 'Requires-Dist: nemo-gym==0.4.0 ; extra == "gym"' in metadata
    assert "reasoning-gym" not in metadata, "a release without procedural problems needs no compiler"


def test_the_readme_says_what_is_no_sandbox_and_what_was_left_out(members):
    readme = members[f"{FACTS.package}/README.md"].decode()
    assert "no\n  sandbox" in readme or "no sandbox" in readme.replace("\n  ", " ")
    assert "2 without a reference answer" in readme
    assert FILENAME in readme


def test_nothing_of_ours_is_imported_by_its_old_name(members):
    for name, content in members.items():
        if name.endswith(".py"):
            compile(content, name, "exec")
            assert b"from trajectories" not in content, name
            assert b"import trajectories" not in content, name
    assert renamed("from trajectories.core.x import y  # trajectories", "p") == "from p.core.x import y  # trajectories"
    assert "core/verifiers/numeric.py" in own_sources()
    assert "adapters/sandbox/inside/program.py" in own_sources()


def test_the_metadata_names_every_library_that_its_modules_import(members):
    """An installation from the metadata alone: what a module imports at its top has to be there."""
    metadata = members[f"{FACTS.package}-1.0.dist-info/METADATA"].decode()
    named = {line.split("==")[0].split()[-1] for line in metadata.splitlines() if line.startswith("Requires-Dist: ")}
    imported = set()
    for name, content in members.items():
        if name.endswith(".py") and "/procedural/" not in name:  # loaded where there are procedural problems
            for node in ast.parse(content).body:
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                imported |= {module.split(".")[0] for module in modules}
    foreign = imported - set(sys.stdlib_module_names) - {FACTS.package}
    given = {"sympy": "math-verify", "latex2sympy2_extended": "math-verify", "numpy": "gymnasium"}
    assert {given.get(name, name.replace("_", "-")) for name in foreign} <= named, foreign


def test_it_scores_alone_without_the_product(tmp_path):
    """The package in a folder of its own, with the libraries that it names and none of our modules in reach."""
    with zipfile.ZipFile(io.BytesIO(wheel())) as archive:
        archive.extractall(tmp_path)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", ALONE.format(package=FACTS.package), str(tmp_path / FACTS.package / "problems.jsonl")],
        input=json.dumps({"right": RIGHT, "wrong": WRONG}),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told, prompts, ours = json.loads(ran.stdout)
    assert told == {f"right {name}": 1.0 for name in RIGHT} | {f"wrong {name}": 0.0 for name in WRONG}
    assert ours == []
    assert set(prompts) == set(PROBLEMS)
    assert "[[4, 3]]" not in str(prompts["mirror"])
    assert "4 3" not in str(prompts["mirror"])
    assert "Paris" not in str(prompts["city"])


def test_verifiers_score_right_and_wrong_answers_through_it(tmp_path):
    """`verifiers` itself, in an environment of its own into which the package is installed as its page says."""
    python = os.environ.get("VERIFIERS_PYTHON")
    if not python:
        pytest.skip(f"VERIFIERS_PYTHON names no Python that has verifiers {TRIED_WITH}")
    environment = _environment_beside(Path(python), tmp_path / "own")
    (tmp_path / FILENAME).write_bytes(wheel())
    install = [environment, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(tmp_path / FILENAME)]
    subprocess.run(install, check=True, timeout=300)
    unscored = {"mirror": UNSCORED}
    ran = subprocess.run(
        [environment, "-c", THROUGH.format(), FACTS.package],
        input=json.dumps({"right": RIGHT, "wrong": WRONG, "unscored": unscored}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    _runs_as_the_readme_says(environment, tmp_path)
    scores, by_split, taskset, harness, keys, data = json.loads(ran.stdout)
    assert {name: reward for name, (reward, _) in scores["right"].items()} == dict.fromkeys(RIGHT, 1.0)
    assert {name: reward for name, (reward, _) in scores["wrong"].items()} == dict.fromkeys(WRONG, 0.0)
    assert scores["unscored"]["mirror"][0] is None, "an engine that lacks a module says nothing about the answer"
    assert "a_module_nobody_has" in scores["unscored"]["mirror"][1]
    assert by_split == {
        split: [name for name, problem in PROBLEMS.items() if problem.split == split]
        for split in ("train", "validation", "eval")
    }
    assert (taskset, harness) == ("ReleaseTaskset", FACTS.package)
    assert keys == {name: problem_hash(problem) for name, problem in PROBLEMS.items()}
    assert "reference" not in data["city"]
    assert "Paris" not in data["city"]


def test_nemo_gym_serves_right_and_wrong_answers_through_it(tmp_path):
    """NeMo Gym's own reading of the configuration and its own server, over HTTP, from the folder of the package."""
    python = os.environ.get("NEMO_GYM_PYTHON")
    if not python:
        pytest.skip(f"NEMO_GYM_PYTHON names no Python that has nemo-gym {GYM_TRIED_WITH}")
    environment = _environment_beside(Path(python), tmp_path / "own")
    (tmp_path / FILENAME).write_bytes(wheel())
    install = [environment, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", FILENAME]
    subprocess.run(install, cwd=tmp_path, check=True, timeout=300)
    [line] = [line for line in _readme().splitlines() if f"python -m {FACTS.package}.gym" in line]
    words = line.split("`python ")[1].split("`")[0].split()
    subprocess.run([environment, *words], cwd=tmp_path, check=True, timeout=300)
    ran = subprocess.run(
        [environment, "-c", SERVED.format(), FACTS.package],
        input=json.dumps({"right": RIGHT, "wrong": WRONG, "unscored": {"mirror": UNSCORED}}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    scores, cut, unknown, data, rows = json.loads(ran.stdout.splitlines()[-1])
    assert {name: told[:2] for name, told in scores["right"].items()} == {key: [200, 1.0] for key in RIGHT}
    assert {name: told[:2] for name, told in scores["wrong"].items()} == {key: [200, 0.0] for key in WRONG}
    assert scores["unscored"]["mirror"][:2] == [500, None]
    assert cut[:2] == [500, None], "cut off before its answer is an error, not a wrong answer"
    assert unknown[:2] == [404, None]
    assert {split: kind for split, (kind, _) in data.items()} == {
        "example": "example",
        "train": "train",
        "validation": "validation",
        "eval": "validation",
    }
    names = {split: [row["name"] for row in each] for split, each in rows.items() if split != "example"}
    assert names == {
        split: [name for name, problem in PROBLEMS.items() if problem.split == split]
        for split in ("train", "validation", "eval")
    }
    assert "Paris" not in str(rows["validation"])
    served = tmp_path / "resources_servers" / FACTS.package
    assert (served / (served / "requirements.txt").read_text().strip()).read_bytes() == wheel()


def _runs_as_the_readme_says(python: str, folder: Path) -> None:
    """The command of the README, as far as it goes without a model."""
    [line] = [line for line in _readme().splitlines() if line.strip().startswith("vf-eval")]
    words = [*line.split()[1:], "--dry-run"]
    assert "--no-push" in words
    command = [python, "-c", "from verifiers.v1.cli.eval.main import main; main()", *words]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    [resolved] = folder.rglob("eval.json")
    assert json.loads(resolved.read_text())["env"]["taskset"]["split"] == "all"


def _readme() -> str:
    with zipfile.ZipFile(io.BytesIO(wheel())) as archive:
        return archive.read(f"{FACTS.package}/README.md").decode()


def _environment_beside(python: Path, folder: Path) -> str:
    """An environment of its own that sees what the other one has installed, and leaves it as it is."""
    subprocess.run([python, "-m", "venv", folder], check=True, timeout=300)
    found = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    own = next(folder.glob("lib/python*/site-packages"))
    (own / "beside.pth").write_text(found.stdout)
    return str(folder / "bin" / "python")
