"""What the generations of a campaign wait for, and what is said of those waits that nothing ends by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.core.campaigns.stages import Stage
from trajectories.models import Generation, Training
from trajectories.selectors.spending import waits_for_limit

QUEUE = "queue"
WAITED_FOR: dict[Stage, str] = {
    Stage.SAMPLING: "run",
    Stage.VOTING: "reverification",
    Stage.SCORING: "scoring",
    Stage.REVIEWING: QUEUE,
    Stage.SELECTING: "freezing",
    Stage.TRAINING: "training",
    Stage.EVALUATING: "evaluation",
}
"""The field of a generation that holds what a stage waits for."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a generation waits for: the kind of a job and its id, or "queue" and that of a queue."""

    kind: str
    key: int
    words: str = ""
    """One sentence where somebody or something else has to come first; "" where it goes on by itself."""


def name_generation(row: Generation) -> str:
    """A generation and its arm, as sentences on a campaign begin."""
    return f"Generation {row.number}{', control' if row.is_control else ''}"


def list_waits(rows: Sequence[Generation]) -> list[Wait]:
    """What the generations that are not done wait for, in their order."""
    found = []
    for row in rows:
        name = WAITED_FOR.get(Stage(row.stage))
        job = None if name is None else getattr(row, name)
        if job is not None:
            kind = QUEUE if name == QUEUE else job.job_kind.word
            words = _words(kind, job)
            found.append(Wait(kind, job.pk, f"{name_generation(row)} waits: {words}" if words else ""))
    return found


def _words(kind: str, job: Any) -> str:
    if kind == QUEUE:
        return f"queue {job.pk} waits until it is worked off, or until somebody closes it."
    if kind == "training" and job.state == Training.State.WAITING:
        return f"training {job.pk} waits until somebody says which sampler came of it."
    if kind == "run" and waits_for_limit(kind, job):
        return f"run {job.pk} waits for a daily limit. {job.state_reason}"
    return ""
