"""The text of a package's module for NVIDIA's NeMo Gym: a resources server, and the folder that Gym runs it from.

Gym runs a server of its own for each environment, from a folder with a configuration and rows. The package makes that
folder where it is asked to; the rows hold no reference answers, which stay in the package beside the server.
"""

TRIED_WITH = "0.4.0"
"""The version of `nemo-gym` that the server was tried with, which is the newest for Python 3.12."""

MODULE = '''"""The release for NeMo Gym: a server that scores answers, and the folder that Gym runs it from.

    python -m {package}.gym FOLDER WHEEL

makes `resources_servers/{package}` in a folder: server, configuration and rows, with the wheel that Gym installs.
"""

import argparse
import asyncio
import json
import shutil
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from {package}.adapters.environments.scoring import ScoringError, prompt_of, read_problem, score_reply

NAME = "{package}"
EXAMPLES = 5
APP = """from {package}.gym import resources_server

if __name__ == "__main__":
    resources_server().run_webserver()
"""
CONFIG = """{package}:
  resources_servers:
    {package}:
      entrypoint: app.py
      domain: other
      verified: false
      description: "{title}"
{package}_simple_agent:
  responses_api_agents:
    simple_agent:
      entrypoint: app.py
      resources_server:
        type: resources_servers
        name: {package}
      model_server:
        type: responses_api_models
        name: policy_model
      datasets:
"""


@cache
def problems() -> Mapping[str, Mapping[str, Any]]:
    """Every problem of the release by its hash, reference answer included, in the release's order."""
    with files(NAME).joinpath("problems.jsonl").open(encoding="utf-8") as lines:
        return {{row["hash"]: row for row in map(json.loads, lines)}}


def answer_of(response: Mapping[str, Any]) -> tuple[str, str, str]:
    """(what was said last, what was thought, why it ended) of a response of OpenAI's Responses API."""
    said, thoughts = "", []
    for item in response.get("output") or ():
        if item.get("type") == "message" and item.get("role") == "assistant":
            said = "".join(part.get("text") or "" for part in item.get("content") or ())
        elif item.get("type") == "reasoning":
            parts = [*(item.get("summary") or ()), *(item.get("content") or ())]
            thoughts += [part.get("text") or "" for part in parts]
    cut = (response.get("incomplete_details") or {{}}).get("reason") == "max_output_tokens"
    return said, "\\n\\n".join(thoughts), "length" if cut else "stop"


def resources_server() -> Any:
    """The class of the server. Its reward is the verdict of the verifiers of the release."""
    from fastapi import HTTPException
    from nemo_gym.base_resources_server import (
        BaseResourcesServerConfig,
        BaseRunRequest,
        BaseVerifyRequest,
        BaseVerifyResponse,
        SimpleResourcesServer,
    )

    class Asked(BaseRunRequest):
        problem_hash: str

    class Answered(Asked, BaseVerifyRequest):
        pass

    class Scored(BaseVerifyResponse):
        problem_hash: str
        message: str
        verdicts: list[str]

    class ReleaseServer(SimpleResourcesServer):
        config: BaseResourcesServerConfig

        async def verify(self, body: Answered) -> Scored:
            """1.0 for a right answer, 0.0 for a wrong one or none; an error where that cannot be said."""
            row = problems().get(body.problem_hash)
            if row is None:
                raise HTTPException(404, f"problem_hash: found {{body.problem_hash!r}}, expected one of {{NAME}}.")
            said, thoughts, ended = answer_of(body.response.model_dump())
            try:
                scored = await asyncio.to_thread(
                    score_reply, read_problem(row), row["hash"], said, thoughts=thoughts, finish_reason=ended
                )
            except ScoringError as fault:
                raise HTTPException(500, f"The answer could not be scored: {{fault}}") from fault
            verdicts = [f"{{each.verifier}} {{each.version}}: {{each.outcome}}" for each in scored.verdicts]
            told = {{"reward": scored.reward, "message": scored.message, "verdicts": verdicts}}
            return Scored(**body.model_dump() | told)

    return ReleaseServer


def rows(*, arc_style: str = "program") -> Iterable[tuple[str, Mapping[str, Any]]]:
    """(split, row) of every problem: what is asked, and by which hash the server knows it. No answers."""
    for problem_hash, row in problems().items():
        asked = {{"input": prompt_of(read_problem(row), problem_hash, arc_style=arc_style)}}
        yield row["split"], {{"responses_create_params": asked, "problem_hash": problem_hash, "name": row["name"]}}


def lay_out(folder: Path, wheel: Path, *, arc_style: str = "program") -> Path:
    """Make the folder of the server. Raises OSError."""
    made = folder / "resources_servers" / NAME
    (made / "configs").mkdir(parents=True, exist_ok=True)
    (made / "data").mkdir(exist_ok=True)
    (made / "app.py").write_text(APP, encoding="utf-8")
    (made / "requirements.txt").write_text(f"./{{wheel.name}}\\n", encoding="utf-8")
    shutil.copy(wheel, made / wheel.name)
    by_split: dict[str, list[str]] = {{"example": []}}
    for split, row in rows(arc_style=arc_style):
        line = json.dumps(row, ensure_ascii=False) + "\\n"
        by_split.setdefault(split, []).append(line)
        if len(by_split["example"]) < EXAMPLES:
            by_split["example"].append(line)
    config = CONFIG
    for split, lines in by_split.items():
        (made / "data" / f"{{split}}.jsonl").write_text("".join(lines), encoding="utf-8")
        kind = "validation" if split == "eval" else split
        path = f"resources_servers/{{NAME}}/data/{{split}}.jsonl"
        licence = "" if split == "example" else "        license: TBD\\n"
        config += f"      - name: {{split}}\\n        type: {{kind}}\\n        jsonl_fpath: {{path}}\\n{{licence}}"
    (made / "configs" / f"{{NAME}}.yaml").write_text(config, encoding="utf-8")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the folder from which NeMo Gym runs this release.")
    parser.add_argument("folder", type=Path, help="where resources_servers is, or shall be")
    parser.add_argument("wheel", type=Path, help="the file of this package, which Gym installs for the server")
    parser.add_argument("--arc-style", choices=("program", "grids"), default="program")
    asked = parser.parse_args()
    print(lay_out(asked.folder, asked.wheel, arc_style=asked.arc_style))


if __name__ == "__main__":
    main()
'''
