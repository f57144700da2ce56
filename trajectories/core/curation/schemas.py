"""Decision schemas: what the reviewers of a queue are asked about each trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from trajectories.core.curation.reviews import REJECTION_REASONS, Decision, ReviewDraft, ReviewError
from trajectories.core.faults import Fault
from trajectories.core.records import JSON

MOST_REASONS, MOST_SCORES, MOST_TAGS = 12, 6, 20
LONGEST_NAME = 40
"""Characters of a reason, of the name of a score and of a tag: they are stored with each review."""
LONGEST_ANCHOR = 120
ANCHORS = 5
OTHER = "other"

SKIP_REASONS = {
    "": "no reason",
    "unsure": "I cannot tell",
    "too_long": "too long for now",
    "not_my_field": "not my field",
    "broken": "it does not show properly",
}
"""Why an item is passed over, by the word stored with the skip."""


class StepMode(StrEnum):
    """How the steps of a trace are labelled."""

    OFF = "off"
    EACH = "each"  # any step, in any order
    FIRST_ERROR = "first_error"  # the first wrong step settles the ones before it


@dataclass(frozen=True, slots=True)
class DecisionSchema:
    """What is asked about each trace, besides accept or reject.

    `reasons` are codes of REJECTION_REASONS or the queue's own words; empty means all of REJECTION_REASONS. `anchors`
    say what the scores 1 to 5 mean, five texts or none. `scores` are the names of further scores from 1 to 5, all of
    which an accepted trace needs. `tags` may be given to any trace.
    """

    reasons: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    steps: StepMode = StepMode.EACH

    def reason_titles(self) -> Mapping[str, str]:
        """The reasons for a rejection in words, by their codes."""
        return {code: REJECTION_REASONS.get(code, code) for code in self.reasons} if self.reasons else REJECTION_REASONS

    def check(self, draft: ReviewDraft, step_count: int) -> None:
        """Raise ReviewError for the first part of a draft that is no answer to what is asked."""
        draft.check(step_count, self.reason_titles())
        if unknown := set(draft.scores) - set(self.scores):
            raise ReviewError(f"Scores: found {min(unknown)[:40]!r}, expected {_listed(self.scores)}.", field="scores")
        if draft.decision is Decision.ACCEPT and (
            missing := [name for name in self.scores if name not in draft.scores]
        ):
            raise ReviewError(f"{missing[0]}: found no score, expected one from 1 to 5.", field="scores")
        if unknown := set(draft.tags) - set(self.tags):
            raise ReviewError(f"Tags: found {min(unknown)[:40]!r}, expected {_listed(self.tags)}.", field="tags")
        if draft.step_labels and self.steps is StepMode.OFF:
            raise ReviewError("Step labels: found some, but this queue asks for none.", field="step_labels")

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        lists = {name: list(getattr(self, name)) for name in ("reasons", "anchors", "scores", "tags")}
        return {**lists, "steps": str(self.steps)}

    @classmethod
    def from_json(cls, stored: Any) -> "DecisionSchema":
        """Read the stored form. Raises Fault with the field."""
        if not isinstance(stored, dict):
            raise Fault(f"Decision schema: found {repr(stored)[:60]}, expected an object.")
        known = {"reasons", "anchors", "scores", "tags", "steps"}
        if unknown := sorted(map(str, set(stored) - known)):
            raise Fault(
                f"Decision schema: found {unknown[0][:40]!r}, expected {_listed(sorted(known))}.", field=unknown[0]
            )
        steps = stored.get("steps", StepMode.EACH.value)
        if steps not in tuple(StepMode):
            raise Fault(f"Steps: found {repr(steps)[:40]}, expected {_listed(tuple(StepMode))}.", field="steps")
        anchors = _texts(stored, "anchors", ANCHORS, LONGEST_ANCHOR)
        if anchors and len(anchors) != ANCHORS:
            raise Fault(f"Anchors: found {len(anchors)}, expected one for each score from 1 to 5.", field="anchors")
        return cls(
            reasons=_texts(stored, "reasons", MOST_REASONS, LONGEST_NAME, distinct=True),
            anchors=anchors,
            scores=_texts(stored, "scores", MOST_SCORES, LONGEST_NAME, distinct=True),
            tags=_texts(stored, "tags", MOST_TAGS, LONGEST_NAME, distinct=True),
            steps=StepMode(steps),
        )


def _texts(stored: Mapping[str, Any], name: str, most: int, longest: int, *, distinct: bool = False) -> tuple[str, ...]:
    values, title = stored.get(name, []), name.capitalize()
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Fault(f"{title}: found {repr(values)[:60]}, expected a list of texts.", field=name)
    if len(values) > most:
        raise Fault(f"{title}: found {len(values)}, expected at most {most}.", field=name)
    for value in values:
        if not value.strip() or len(value) > longest:
            raise Fault(f"{title}: found {value[:60]!r}, expected 1 to {longest} characters.", field=name)
    if distinct and len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise Fault(f"{title}: found {twice!r} twice, expected it once.", field=name)
    return tuple(values)


def _listed(words: Sequence[str]) -> str:
    return f"one of {', '.join(words)}" if words else "none"


@dataclass(frozen=True, slots=True)
class Blinding:
    """What stays hidden from who reviews a trace until their own decision stands."""

    reviews: bool = True
    """What other people and model judges decided."""
    verdicts: bool = False
    """What verifiers found, and with it whether the answer is right."""
    sampler: bool = False
    """Which sampler, run and instruction the trace is of."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {"reviews": self.reviews, "verdicts": self.verdicts, "sampler": self.sampler}

    @classmethod
    def from_json(cls, stored: Any) -> "Blinding":
        """Read the stored form; what is not named has its usual value. Raises Fault."""
        if not isinstance(stored, dict) or not all(isinstance(value, bool) for value in stored.values()):
            raise Fault(f"Blinding: found {repr(stored)[:60]}, expected an object of true and false.")
        if unknown := sorted(set(stored) - {"reviews", "verdicts", "sampler"}):
            raise Fault(f"Blinding: found {unknown[0][:40]!r}, expected reviews, verdicts, sampler.", field=unknown[0])
        return cls(**stored)


@dataclass(frozen=True, slots=True)
class KnownDecision:
    """The decision that a gold item is known to deserve, and why; it is told after a training item."""

    decision: Decision
    reason: str = ""
    why: str = field(default="", compare=False)
