"""Releases of symbolic programs, trainings of them, and a trainer that does as it is told."""

import json
import uuid
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.contrib.auth.models import User

from tests import factories
from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import Parameter, ParameterKind, TrainingResult
from trajectories.core.problems import problem_hash
from trajectories.models import Release, Training
from trajectories.selectors.problems import to_record
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.training.planning import start_training

FLIP = '''def flip_rows(grid):
    return grid[::-1]


def transform(grid: list[list[int]]) -> list[list[int]]:
    """Turn the grid upside down."""
    # Turn the grid upside down.
    picture = flip_rows(grid)
    return [row[:] for row in picture]
'''
TURN = FLIP.replace("flip_rows", "rotate_half").replace("grid[::-1]", "[row[::-1] for row in grid[::-1]]")


NUMBERS = count(1)


def arc_spec(number: int) -> dict[str, Any]:
    """A task of its own, whose outputs are its inputs turned upside down.

    The second row names every colour in its place: without it two numbers are one task with other colours.
    """
    first = [[int(digit) for digit in f"{number:010d}"], list(range(10))]
    second = [[2, number % 9, 0], [0, 0, 3]]
    return {
        "train": [{"input": grid, "output": grid[::-1]} for grid in (first, second)],
        "test": [{"input": [[number % 9, 1], [2, 2]]}],
    }


def make_release(right: int = 6, *, programs: tuple[str, ...] = (FLIP, TURN)) -> Release:
    """A release of so many right traces of as many ARC tasks, with programs in turn."""
    reviewer = User.objects.get_or_create(username="trainings-reviewer")[0]
    for place in range(right):
        number = next(NUMBERS)
        problem = factories.make_problem(
            kind="arc", name=f"turned-{number}", spec=arc_spec(number), reference=[[[2, 2], [number % 9, 1]]]
        )
        problem.content_hash = problem_hash(to_record(problem))
        problem.save()
        trace = factories.make_trace(
            problem=problem,
            program=programs[place % len(programs)],
            correctness="pass",
            decision="accepted",
        )
        factories.make_review(trace=trace, reviewer=reviewer)
    return freeze_accepted(actor=reviewer, title=f"Turned {right}", key=uuid.uuid4())


def make_training(release: Release | None = None, **values: Any) -> Training:
    """A queued training by the embedded learner."""
    asked: dict[str, Any] = {"trainer": "embedded", "parameters": {}, "base": None, "by": None}
    return start_training(release=release or make_release(), **(asked | values))


@dataclass
class ToldTrainer:
    """A trainer that does what its function says, registered under the key "told" by `install`."""

    act: Any
    key: str = "told"
    label: str = "Told"
    summary: str = "Does as it is told."
    parameters: tuple[Parameter, ...] = (Parameter("steps", "Steps", ParameterKind.WHOLE, 3, least=1, most=100),)
    base_kinds: tuple[str, ...] = ("symbolic",)
    calls: list[Any] = field(default_factory=list)

    def missing(self) -> str:
        return ""

    def check(self, parameters: Any, base: Any) -> None:
        pass

    def train(self, task: Any, report: Any) -> TrainingResult:
        self.calls.append(task)
        return self.act(task, report)

    def install(self, monkeypatch: Any) -> "ToldTrainer":
        monkeypatch.setitem(TRAINERS, self.key, self)
        return self


def write_outcome(task: Any, **values: Any) -> TrainingResult:
    """An outcome whose artefact says how many lessons there were."""
    artefact = task.folder / "told.json"
    artefact.write_text(json.dumps({"lessons": len(task.lessons)}))
    return TrainingResult(artefact, "json", **({"sampler_kind": "symbolic"} | values))
