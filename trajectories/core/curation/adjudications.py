"""What a lead may decide finally, and what a trace's standing then is, whatever its reviews say."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from trajectories.core.curation.reviews import (
    COMMENT_CHARACTERS,
    REJECTION_REASONS,
    ReviewError,
    Standing,
    is_disputed,
    settle,
)


class FinalDecision(StrEnum):
    """A final decision; with `reopen` the reviews decide again."""

    ACCEPT = "accept"
    REJECT = "reject"
    REOPEN = "reopen"


FINAL_STANDING = {FinalDecision.ACCEPT: Standing.ACCEPTED, FinalDecision.REJECT: Standing.REJECTED}


@dataclass(frozen=True, slots=True)
class FinalDraft:
    """A final decision that is not stored yet."""

    decision: FinalDecision
    reason: str = ""
    comment: str = ""

    def check(self, given: Collection[str] = ()) -> None:
        """Raise ReviewError for the first part that is wrong; `given` are reasons that reviewers of the trace gave."""
        if self.decision is FinalDecision.REJECT:
            if not self.reason:
                raise ReviewError("Reason: a rejection needs one; choose it from the list.", field="decision")
            if self.reason not in REJECTION_REASONS and self.reason not in given:
                raise ReviewError(f"Reason: found {self.reason[:40]!r}, expected one from the list.", field="decision")
            if self.reason == "other" and not self.comment.strip():
                raise ReviewError("Comment: the reason “other” needs a comment that says what.", field="comment")
        elif self.reason:
            raise ReviewError("Reason: only a rejection takes one.", field="decision")
        if len(self.comment) > COMMENT_CHARACTERS:
            found = f"found {len(self.comment):,} characters"
            raise ReviewError(f"Comment: {found}, expected at most {COMMENT_CHARACTERS:,}.", field="comment")


def settle_finally(decisions: Iterable[str], final: str | None) -> tuple[Standing, bool]:
    """(what a trace counts as, whether it is disputed), from all standing reviews and the final decision, if any.

    A final decision outweighs every review, earlier and later ones, and ends a dispute; a reopened trace has none.
    """
    decisions = list(decisions)
    if final in (FinalDecision.ACCEPT, FinalDecision.REJECT):
        return FINAL_STANDING[FinalDecision(final)], False
    return settle(decisions), is_disputed(decisions)
