"""Is a generated problem solvable? What independent answers agree on, and what that says about it.

Agreement stands in for truth (self-consistency: Wang et al. 2023, arXiv 2203.11171) and is marked as such: the answer
it supports is a consensus, not a ground truth. Unlike in core.verifiers.consensus, a sample without an answer counts
among those that do not agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.consolidation.votes import count_votes as count_votes_by
from trajectories.core.identity import canonical_json
from trajectories.core.records import JSON
from trajectories.core.verifiers.normal_forms import normal_answer

LEAST_VOTERS = 2
DISPUTED = "but on another answer than the author's"


@dataclass(frozen=True, slots=True)
class VoteGroup:
    """Samples that answer the same: the answer as the first of them gave it, None for those without an answer."""

    answer: JSON
    votes: int
    """How many samples there are."""


@dataclass(frozen=True, slots=True)
class SolverAgreement:
    """All votes on a problem, the most frequent answer first, samples without an answer last. `failed` calls do not
    vote. `majority` is None where no answer has more votes than every other.
    """

    groups: tuple[VoteGroup, ...]
    voters: int
    """How many samples vote."""
    failed: int
    majority: JSON
    votes: int
    """The votes of the majority."""

    @property
    def share(self) -> float:
        """The majority's votes as a share of the samples that came back, in [0, 1]."""
        return self.votes / self.voters if self.voters else 0.0

    def to_json(self) -> dict[str, JSON]:
        """The form in which it is kept as evidence."""
        return {
            "groups": [{"answer": group.answer, "votes": group.votes} for group in self.groups],
            "voters": self.voters,
            "failed": self.failed,
            "majority": self.majority,
            "votes": self.votes,
            "share": self.share,
        }


def count_votes(kind: str, spec: Mapping[str, JSON], answers: Sequence[JSON], failed: int = 0) -> SolverAgreement:
    """Group answers by the normal form of their kind; None is a sample without an answer."""
    keys = [None if each is None else canonical_json(normal_answer(kind, spec, each)) for each in answers]
    first = {key: answer for key, answer in zip(reversed(keys), reversed(answers), strict=True) if key is not None}
    votes = count_votes_by(keys)
    groups = [VoteGroup(first[key], int(count)) for key, count in votes.ranked]
    decided = votes.winner is not None
    if votes.silent:
        groups.append(VoteGroup(None, votes.silent))
    return SolverAgreement(
        groups=tuple(groups),
        voters=len(answers),
        failed=failed,
        majority=groups[0].answer if decided else None,
        votes=int(votes.top) if decided else 0,
    )


def refusal(agreement: SolverAgreement, *, least_share: float, stated: JSON, agrees: bool) -> str:
    """Why the votes do not show that a problem can be solved; "" where they do.

    `stated` is the answer its author gives, None where there is none, and `agrees` says whether the majority's answer
    is the same by the kind's own verifier.
    """
    if agreement.voters < LEAST_VOTERS:
        return f"Found {agreement.voters} answers, expected at least {LEAST_VOTERS} to compare."
    if agreement.majority is None:
        return "No answer has more votes than every other."
    if agreement.votes < LEAST_VOTERS:
        return "No two samples give the same answer."
    found = f"{agreement.votes} of {agreement.voters} samples agree"
    if agreement.share < least_share:
        return f"{found} ({agreement.share:.0%}), expected at least {least_share:.0%}."
    if stated is not None and not agrees:
        return f"{found}, {DISPUTED}."
    return ""
