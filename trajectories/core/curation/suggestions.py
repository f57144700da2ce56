"""Suggested decisions: pre-filled for who reviews, and no decision of anybody until a person submits it.

People follow what they are shown. So a tenth of a queue's items goes without its suggestion, as control: what is
decided there says how often people decide like that by themselves.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.identity import derive_seed
from trajectories.core.records import JSON

CONTROL_ONE_IN = 10
"""Of so many items one goes without its suggestion."""


class Source(StrEnum):
    """Where a queue's suggestions come from."""

    NONE = ""
    VERDICTS = "verdicts"
    JUDGE = "judge"


class Use(StrEnum):
    """What became of a suggestion in one decision."""

    NONE = ""  # there was none
    TAKEN = "taken"
    CHANGED = "changed"
    CONTROL = "control"  # it was not shown


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A decision that is suggested, with the reason for a rejection where one is known.

    `by` names who suggests it, as "arc_test, version 3".
    """

    decision: Decision
    source: Source
    by: str
    reason: str = ""

    def use(self, draft: ReviewDraft, *, is_control: bool) -> Use:
        """What a decision made of it: taken means the same decision and, where one was suggested, the same reason."""
        if is_control:
            return Use.CONTROL
        same = draft.decision is self.decision and self.reason in ("", draft.reason)
        return Use.TAKEN if same else Use.CHANGED

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {"decision": str(self.decision), "source": str(self.source), "by": self.by, "reason": self.reason}

    @classmethod
    def from_json(cls, stored: Any) -> "Suggestion":
        """Read the stored form."""
        return cls(Decision(stored["decision"]), Source(stored["source"]), str(stored["by"]), str(stored["reason"]))


def is_control(seed: int, item: int) -> bool:
    """Whether an item of the queue with this seed is one of the tenth that goes without its suggestion."""
    return derive_seed("control", seed, item) % CONTROL_ONE_IN == 0
