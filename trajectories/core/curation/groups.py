"""All samples of a problem decided at once: what a reviewer marks, and the review of each sample that this makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trajectories.core.curation.reviews import Decision, ReviewDraft, ReviewError

NOT_BEST = "Not the best sample"
"""A reason that queues by problem have beside the usual ones: a right sample may be left out for a better one."""
NOTHING_MARKED = (
    "Nothing is marked. Keep a sample by the number of its answer, or reject all of them with 0; what is not marked "
    "then counts as rejected."
)


class Mark(StrEnum):
    """What is to become of a sample, or of all samples that give one answer."""

    KEEP = "keep"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class AnswerMark:
    """What is marked for the samples that give one answer.

    `best` is the item that is kept while the others with this answer are rejected, None where `mark` is about all of
    them or nothing is marked. `reason` is that of the rejected ones, "" for the reason of the whole group.
    """

    mark: Mark | None = None
    best: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """What a reviewer says of all samples of a problem, not stored yet.

    `answers` is by the hash of the answer, `samples` by item and outweighs it. What is marked nowhere is rejected for
    `reason` as soon as anything is marked; `all_rejected` says by itself that no sample is good. `comment` goes with
    each decision. `seconds` is how long the page was looked at, None where unknown.
    """

    answers: Mapping[str, AnswerMark] = field(default_factory=dict)
    samples: Mapping[int, Mark] = field(default_factory=dict)
    reason: str = ""
    comment: str = ""
    all_rejected: bool = False
    seconds: float | None = None

    def drafts(self, shown: Mapping[int, str]) -> dict[int, ReviewDraft]:
        """A decision on every sample that was shown; `shown` holds the hash of its answer by item.

        Raises ReviewError where nothing is marked: nobody rejects a whole problem by leaning on a key.
        """
        marks = {item: self._mark(item, answer) for item, answer in shown.items()}
        if not self.all_rejected and not any(marks.values()):
            raise ReviewError(NOTHING_MARKED)
        seconds = None if self.seconds is None else self.seconds / len(shown)
        kept = {item for item, mark in marks.items() if mark is Mark.KEEP}
        return {
            item: ReviewDraft(
                Decision.ACCEPT if item in kept else Decision.REJECT,
                reason="" if item in kept else self._said(answer).reason or self.reason,
                comment=self.comment,
                seconds=seconds,
            )
            for item, answer in shown.items()
        }

    def _said(self, answer: str) -> AnswerMark:
        return self.answers.get(answer, AnswerMark())

    def _mark(self, item: int, answer: str) -> Mark | None:
        """What is marked for a sample, by itself or with its answer; None for nothing."""
        if item in self.samples:
            return self.samples[item]
        said = self._said(answer)
        if said.best is not None:
            return Mark.KEEP if said.best == item else Mark.REJECT
        return said.mark
