"""What a reviewer may decide about a trace, and what follows from several reviewers' decisions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from trajectories.core.faults import Fault
from trajectories.core.records import JSON

COMMENT_CHARACTERS = 10_000
LEAST_SCORE, GREATEST_SCORE = 1, 5


class Decision(StrEnum):
    """What a reviewer decides about a trace. A withdrawal is written by undo only."""

    ACCEPT = "accept"
    REJECT = "reject"
    WITHDRAW = "withdraw"


class Standing(StrEnum):
    """What all standing reviews of a trace together decide."""

    UNDECIDED = ""
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class StepLabel(StrEnum):
    """How a reviewer labels one step. A step without a label was not looked at; UNSEEN is one after the first error."""

    GOOD = "good"
    BAD = "bad"
    NEUTRAL = "neutral"
    UNSEEN = "unseen"


REJECTION_REASONS: Mapping[str, str] = {
    "wrong_answer": "Wrong answer",
    "wrong_reasoning": "Invalid reasoning",
    "lucky": "Lucky fit",
    "hard_coded": "Hard-coded",
    "unclear": "Hard to follow",
    "incomplete": "Truncated",
    "too_long": "Verbose",
    "other": "Other (comment)",
}
"""Reasons a reviewer can give for a rejection, by the code stored with the review."""


class ReviewError(Fault):
    """A review that cannot be taken; `field` names the part of it that is at fault."""


@dataclass(frozen=True, slots=True)
class ReviewDraft:
    """One review of one trace, not stored yet. `seconds` is how long the page was looked at, None where unknown.

    `step_labels` maps the index of a step, as text, to a StepLabel; `scores` the names of further scores to 1..5.
    """

    decision: Decision
    score: int | None = None
    reason: str = ""
    comment: str = ""
    step_labels: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    scores: Mapping[str, int] = field(default_factory=dict)
    tags: Sequence[str] = ()

    def check(self, step_count: int, reasons: Mapping[str, str] = REJECTION_REASONS) -> None:
        """Raise ReviewError for the first part that is wrong, for a trace of `step_count` steps.

        `reasons` are those that a rejection may be given, by their codes.
        """
        if self.decision not in (Decision.ACCEPT, Decision.REJECT):
            raise ReviewError(f"Decision: found {self.decision!r}, expected accept or reject.", field="decision")
        if self.score is not None and not LEAST_SCORE <= self.score <= GREATEST_SCORE:
            raise ReviewError(f"Score: found {self.score}, expected {LEAST_SCORE} to {GREATEST_SCORE}.", field="score")
        for name, score in self.scores.items():
            if not LEAST_SCORE <= score <= GREATEST_SCORE:
                raise ReviewError(
                    f"{name[:40]}: found {score}, expected {LEAST_SCORE} to {GREATEST_SCORE}.", field="scores"
                )
        self._check_reason(reasons)
        if len(self.comment) > COMMENT_CHARACTERS:
            found = f"found {len(self.comment):,} characters"
            raise ReviewError(f"Comment: {found}, expected at most {COMMENT_CHARACTERS:,}.", field="comment")
        for index, label in self.step_labels.items():
            check_step_label(index, label, step_count)

    def _check_reason(self, reasons: Mapping[str, str]) -> None:
        if self.decision is Decision.ACCEPT:
            if self.reason:
                raise ReviewError("Reason: an accepted trace takes no reason for rejection.", field="reason")
        elif not self.reason:
            raise ReviewError("Reason: a rejection needs one; choose it from the list.", field="reason")
        elif self.reason not in reasons:
            raise ReviewError(f"Reason: found {self.reason[:40]!r}, expected one from the list.", field="reason")
        elif self.reason == "other" and not self.comment.strip():
            raise ReviewError("Comment: the reason “something else” needs a comment that says what.", field="comment")


def check_step_label(index: JSON, label: JSON, step_count: int) -> None:
    """Raise ReviewError unless `index` is the text of a step's index and `label` a StepLabel."""
    if not isinstance(index, str) or not index.isascii() or not index.isdigit() or str(int(index[:9])) != index:
        raise ReviewError(f"Step labels: found the step {str(index)[:20]!r}, expected a number.", field="step_labels")
    if int(index) >= step_count:
        raise ReviewError(
            f"Step labels: found step {index}, but the trace has {step_count} steps.", field="step_labels"
        )
    if label not in tuple(StepLabel):
        raise ReviewError(
            f"Step {index}: found {str(label)[:20]!r}, expected good, bad, neutral or unseen.", field="step_labels"
        )


def settle_first_error(labels: Mapping[str, str], step_count: int) -> dict[str, str]:
    """Labels in the order of the steps, where the first bad step settles the others: those before it that have none are
    good, and all after it unseen, whatever was said of them. `labels` are valid.

    Without a bad step nothing follows, and no step is unseen.
    """
    given = {int(index): label for index, label in labels.items() if label != StepLabel.UNSEEN}
    errors = [index for index, label in given.items() if label == StepLabel.BAD]
    if not errors:
        return {str(index): given[index] for index in sorted(given)}
    first = min(errors)
    before = {str(index): given.get(index, StepLabel.GOOD.value) for index in range(first)}
    after = {str(index): StepLabel.UNSEEN.value for index in range(first + 1, step_count)}
    return {**before, str(first): StepLabel.BAD.value, **after}


def is_disputed(decisions: Iterable[str]) -> bool:
    """Whether the standing decisions of all reviewers of one trace contradict each other."""
    return {Decision.ACCEPT, Decision.REJECT} <= set(decisions)


def settle(decisions: Iterable[str]) -> Standing:
    """The standing of a trace by the standing decisions of all its reviewers.

    One rejection outweighs any number of acceptances: a wrong trace in a training set costs more than a right one
    left out, and whoever rejected saw something the others did not.
    """
    standing = set(decisions)
    if Decision.REJECT in standing:
        return Standing.REJECTED
    return Standing.ACCEPTED if Decision.ACCEPT in standing else Standing.UNDECIDED
