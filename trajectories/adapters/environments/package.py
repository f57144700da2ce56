"""The texts of a package made of a release: what installs it, what it says of itself, and its tasks for `verifiers`."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from trajectories.adapters.environments.nemo_gym import MODULE as GYM
from trajectories.adapters.environments.nemo_gym import TRIED_WITH as GYM_TRIED_WITH
from trajectories.adapters.environments.sources import own_sources, renamed
from trajectories.adapters.environments.wheels import wheel_chunks, wheel_filename
from trajectories.core.records import ProblemKind

TRIED_WITH = "0.4.0"
"""The version of `verifiers` that the tasks were tried with."""

INIT = '''"""{title}: {problems} problems with their verifiers, for reinforcement learning. Made by Minicolumn."""

from typing import Any

__all__ = ["ReleaseHarness", "ReleaseTaskset"]


def __getattr__(name: str) -> Any:
    # Not before it is asked for: the processes that compare and score import modules of this package, and need no more.
    if name not in __all__:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    from {package} import taskset

    return getattr(taskset, name)
'''

TASKSET = '''"""The problems of the release as tasks for `verifiers`, by its interface `verifiers.v1`."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import verifiers.v1 as vf
from verifiers.v1.harnesses.null import NullHarness

from {package}.adapters.environments.scoring import prompt_of, read_problem, score_reply


@cache
def problems() -> Mapping[str, Mapping[str, Any]]:
    """Every problem of the release by its hash, reference answer included, in the release's order."""
    with files("{package}").joinpath("problems.jsonl").open(encoding="utf-8") as lines:
        return {{row["hash"]: row for row in map(json.loads, lines)}}


class ReleaseData(vf.TaskData):
    """What a trace keeps of a task. The reference answer is not in it: it stays in the package."""

    problem_hash: str
    kind: str
    split: str
    family: str


class ReleaseTask(vf.Task[ReleaseData, vf.State, vf.TaskConfig]):
    """One problem. Its reward is the verdict of the verifiers of the release."""

    @property
    def key(self) -> str:
        return self.data.problem_hash

    @vf.reward(weight=1.0)
    async def correct(self, trace: vf.Trace) -> float:
        """1.0 for a right answer, 0.0 for a wrong one or none. Raises where that cannot be said: no error is a zero."""
        problem = read_problem(problems()[self.data.problem_hash])
        replies = trace.assistant_messages
        thoughts = (replies[-1].reasoning_content or "") if replies else ""
        ended = "length" if trace.is_truncated else "stop"
        scored = await asyncio.to_thread(
            score_reply, problem, self.data.problem_hash, trace.last_reply, thoughts=thoughts, finish_reason=ended
        )
        trace.info["minicolumn"] = {{
            "message": scored.message,
            "verdicts": [f"{{each.verifier}} {{each.version}}: {{each.outcome}}" for each in scored.verdicts],
        }}
        return scored.reward


class ReleaseConfig(vf.TasksetConfig):
    split: Literal["train", "validation", "eval", "all"] = "train"
    """Which problems: those of one split of the release, or all."""
    arc_style: Literal["program", "grids"] = "program"
    """Whether ARC tasks ask for a program or for the output grids. Either is scored."""


class ReleaseTaskset(vf.Taskset[ReleaseTask, ReleaseConfig]):
    """The problems of the release."""

    def load(self) -> Iterator[ReleaseTask]:
        """One task a problem, in the release's order."""
        for problem_hash, row in problems().items():
            if self.config.split in ("all", row["split"]):
                data = ReleaseData(
                    id=problem_hash,
                    name=row["name"],
                    prompt=prompt_of(read_problem(row), problem_hash, arc_style=self.config.arc_style),
                    problem_hash=problem_hash,
                    kind=row["kind"],
                    split=row["split"],
                    family=row["family"],
                )
                yield ReleaseTask(data, self.config.task)


class ReleaseHarness(NullHarness):
    """One question, one answer: no shell in which the answers of this package could be read."""
'''

README = """# {title}

{problems} problems of a release of Minicolumn, with the verifiers that verified its traces, for reinforcement learning
with [verifiers](https://github.com/PrimeIntellect-ai/verifiers) (tried with {tried}; only its `v1` interface).

    pip install './{filename}[verifiers]'
    vf-eval {package} --env.taskset.split all -n 4 --no-push

```python
import verifiers.v1 as vf

taskset = vf.load_taskset(vf.taskset_config_type("{package}")(id="{package}", split="all"))
```

- `--no-push` keeps the run here: without it `vf-eval` uploads finished runs to where one is logged in.
- Reward `correct`: 1.0 where the verifiers call the answer right, 0.0 where they call it wrong or find none. What
  cannot be said (an engine that failed, a text cut off before its answer) is an error and no zero: no reward.
- Prompts are made of the problems, not taken from traces. `--env.taskset.arc-style` is `program` or `grids`.
- `--env.taskset.split`: {splits}.
- The reference answers are in this package (`problems.jsonl`). Do not give a model a shell where it is installed; the
  harness it brings along, which is taken unless another is named, has none.
- **Programs that a model writes run in a child process with limits** (time, memory, processes, files), **which is no
  sandbox**: they see the files and the network of whoever runs the scoring. Run it in a container that has nothing to
  lose. Minicolumn itself runs them inside bubblewrap.
- For [NeMo Gym](https://github.com/NVIDIA-NeMo/Gym) (tried with {gym}): `python -m {package}.gym . {filename}` makes
  `resources_servers/{package}`, from which Gym runs a server with the same reward.
- `{package}.adapters.environments.scoring.score_reply` scores without either.
{left_out}
Release {release_hash}, verifiers {verifiers}.
"""


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What a package is made of: the release's title and hash, how many problems it has by kind and by split, the
    versions of the verifiers that verified its traces ("arc_test 3"), and how many problems were left out, by why."""

    title: str
    release_hash: str
    kinds: Mapping[str, int]
    splits: Mapping[str, int]
    verifiers: Sequence[str]
    left_out: Mapping[str, int]

    @property
    def package(self) -> str:
        """The name of the distribution and of its module: the same for the same release, however it is titled."""
        return f"minicolumn_release_{self.release_hash[:10]}"

    @property
    def version(self) -> str:
        """The version of the package. A release never changes: packages of it differ in their verifiers alone."""
        return "1.0"

    @property
    def requirements(self) -> list[str]:
        """The packages that its modules import besides the standard library, in the versions installed here."""
        needed = ["orjson", "pint", "math-verify", "gymnasium"]
        needed += ["reasoning-gym"] if ProblemKind.PROCEDURAL in self.kinds else []
        return [_pinned(name) for name in needed]


def package_files(facts: PackageFacts, filename: str) -> list[tuple[str, bytes]]:
    """Every file of the package but its problems: (path, content)."""
    package = facts.package
    values = {
        "package": package,
        "title": facts.title.replace("\\", "/").replace('"', "'"),
        "problems": f"{sum(facts.kinds.values()):,}",
        "filename": filename,
        "tried": TRIED_WITH,
        "gym": GYM_TRIED_WITH,
        "release_hash": facts.release_hash,
        "splits": ", ".join(f"`{name}` ({count:,})" for name, count in facts.splits.items()) + ", or `all`",
        "verifiers": ", ".join(facts.verifiers) or "none",
        "left_out": _told(facts.left_out),
    }
    texts = {
        "__init__.py": INIT.format(**values),
        "taskset.py": TASKSET.format(**values),
        "gym.py": GYM.format(**values),
        "README.md": README.format(**values),
        **{path: renamed(source, package) for path, source in own_sources().items()},
    }
    return [(f"{package}/{path}", text.encode()) for path, text in sorted(texts.items())]


def package_metadata(facts: PackageFacts, readme: str) -> str:
    """The METADATA of the wheel."""
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {facts.package.replace('_', '-')}",
        f"Version: {facts.version}",
        f"Summary: {json.dumps(facts.title, ensure_ascii=True)[1:-1][:200]}: problems with verifiers",
        "Requires-Python: >=3.11",
        *(f"Requires-Dist: {name}" for name in facts.requirements),
        f'Requires-Dist: verifiers=={TRIED_WITH} ; extra == "verifiers"',
        "Provides-Extra: verifiers",
        f'Requires-Dist: nemo-gym=={GYM_TRIED_WITH} ; extra == "gym"',
        "Provides-Extra: gym",
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join([*lines, "", readme])


def _told(left_out: Mapping[str, int]) -> str:
    if not left_out:
        return ""
    why = "; ".join(f"{count:,} {reason}" for reason, count in left_out.items())
    return f"- Left out, because nothing could score them: {why}.\n"


def _pinned(name: str) -> str:
    try:
        return f"{name}=={version(name)}"
    except PackageNotFoundError:
        return name


def package_chunks(facts: PackageFacts, problems: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of the wheel, with its `problems` as lines of JSON: one line of them is in memory at once."""
    files = package_files(facts, wheel_filename(facts.package, facts.version))
    readme = next(text.decode() for path, text in files if path.endswith("/README.md"))
    members: list[tuple[str, Iterable[bytes]]] = [(path, (text,)) for path, text in files]
    members.append((f"{facts.package}/problems.jsonl", problems))
    yield from wheel_chunks(
        name=facts.package, version=facts.version, metadata=package_metadata(facts, readme), files=members
    )
