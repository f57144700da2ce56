"""Suggested decisions: pre-filled for who reviews, and no decision of anybody until a person submits it.

People follow what they are shown. So a tenth of a queue's items goes without its suggestion, as control: what is
decided there says how often people decide like that by themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from trajectories.core.curation.reviews import Decision, ReviewDraft, StepLabel
from trajectories.core.identity import derive_seed
from trajectories.core.records import JSON

CONTROL_ONE_IN = 10
"""Of so many items one goes without its suggestion."""

SURE_RIGHT, SURE_WRONG = 0.8, 0.2
"""A learned scorer suggests to accept what it gives at least the first probability, and to reject what it gives at most
the second; what lies between it leaves open."""


class Source(StrEnum):
    """Where a queue's suggestions come from."""

    NONE = ""
    VERDICTS = "verdicts"
    JUDGE = "judge"
    STEPS = "steps"
    SCORER = "scorer"


class Use(StrEnum):
    """What became of a suggestion in one decision."""

    NONE = ""  # there was none
    TAKEN = "taken"
    CHANGED = "changed"
    CONTROL = "control"  # it was not shown


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A decision that is suggested, with the reason for a rejection where one is known.

    `by` names who suggests it, as "arc_test, version 3". `labels` are suggested for steps, by their index from 0, as
    the `segmentation` cuts the trace into them.
    """

    decision: Decision
    source: Source
    by: str
    reason: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    segmentation: str = ""

    @property
    def first_wrong(self) -> int | None:
        """The index of the first step that is labelled bad; None where none is."""
        return min((int(index) for index, label in self.labels.items() if label == StepLabel.BAD), default=None)

    def use(self, draft: ReviewDraft, *, is_control: bool) -> Use:
        """Whether a decision took the suggestion or changed it.

        Taken means the same decision and, where the suggestion has them, the same reason and the same labels of steps.
        Labels of steps behind the first error are not compared.
        """
        if is_control:
            return Use.CONTROL
        given = {index: label for index, label in draft.step_labels.items() if label != StepLabel.UNSEEN}
        same = draft.decision is self.decision and self.reason in ("", draft.reason)
        same = same and (not self.labels or given == dict(self.labels))
        return Use.TAKEN if same else Use.CHANGED

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        said: dict[str, JSON] = {name: str(getattr(self, name)) for name in ("decision", "source", "by", "reason")}
        return said | ({"labels": dict(self.labels), "segmentation": self.segmentation} if self.labels else {})

    @classmethod
    def from_json(cls, stored: Any) -> "Suggestion":
        """Read the stored form."""
        return cls(
            *(Decision(stored["decision"]), Source(stored["source"]), str(stored["by"]), str(stored["reason"])),
            labels=dict(stored.get("labels", {})),
            segmentation=str(stored.get("segmentation", "")),
        )


def is_control(seed: int, item: int) -> bool:
    """Whether an item of the queue with this seed is one of the tenth that goes without its suggestion."""
    return derive_seed("control", seed, item) % CONTROL_ONE_IN == 0
