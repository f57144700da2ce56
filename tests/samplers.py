"""A small sampler for tests of what happens around samplers."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.factories import FLIP_PROGRAM
from trajectories.core.records import (
    FinishReason,
    SampleFailure,
    SampleRequest,
    SampleResult,
    Step,
    StepKind,
    Usage,
)

WRONG_PROGRAM = "def transform(grid):\n    return grid\n"


def mirror_result(request: SampleRequest, **values) -> SampleResult:
    """Mirrors each row, which solves the flip problem."""
    answer = [[row[::-1] for row in pair["input"]] for pair in request.problem.spec["test"]]
    fields = {
        "messages": ({"role": "user", "content": f"Find the rule of {request.problem.name}."},),
        "reasoning": f"Each row is mirrored (seed {request.seed}).",
        "steps": (Step(StepKind.SUBTASK, "Mirror", "Mirror each row."),),
        "answer": answer,
        "program": FLIP_PROGRAM,
        "finish_reason": FinishReason.STOP,
        "usage": Usage(input_tokens=1, output_tokens=2),
        **values,
    }
    return SampleResult(**fields)


class MirrorSampler:
    """Every odd ordinal is wrong. Parameters: `fail_from` (ordinal) fails samples; `gate` (a file) holds back
    those with an ordinal of at least `gate_from` until the file exists."""

    name = "mirror"
    version = 1

    def sample(self, requests: Sequence[SampleRequest]) -> Iterator[tuple[int, SampleResult | SampleFailure]]:
        for position, request in enumerate(requests):
            _wait_at_gate(request)
            if request.ordinal >= request.parameters.get("fail_from", request.ordinal + 1):
                yield position, SampleFailure("search", "no program was found")
            elif request.ordinal % 2:
                yield position, mirror_result(request, program=WRONG_PROGRAM, answer=[[[7, 8, 9]]])
            else:
                yield position, mirror_result(request)


def _wait_at_gate(request: SampleRequest) -> None:
    gate = request.parameters.get("gate")
    if gate is not None and request.ordinal >= request.parameters["gate_from"]:
        while not Path(gate).exists():
            time.sleep(0.02)


class BreakingSampler(MirrorSampler):
    """Yields two samples, then raises."""

    name = "breaking"

    def sample(self, requests):
        for position, outcome in super().sample(requests):
            if position == 2:
                raise RuntimeError("the search fell over")
            yield position, outcome


class ForgetfulSampler(MirrorSampler):
    """Yields its first sample twice and leaves out the last one."""

    name = "forgetful"

    def sample(self, requests):
        first = next(super().sample(requests[:1]))
        yield first
        yield first
        yield from ((position + 1, outcome) for position, outcome in super().sample(requests[1:-1]))


SAMPLERS = {"symbolic": MirrorSampler, "breaking": BreakingSampler, "forgetful": ForgetfulSampler}
