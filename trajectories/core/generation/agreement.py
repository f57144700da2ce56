"""Is a generated problem solvable? What independent answers agree on, and what that says about it.

Agreement stands in for truth (self-consistency: Wang et al. 2023, arXiv 2203.11171) and is marked as such: the answer
it supports is a consensus, not a ground truth. Unlike in core.verifiers.consensus, a sample without an answer counts
among those that do not agree.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Agreement:
    """All votes on a problem, the most frequent answer first, samples without an answer last. `failed` calls do not
    vote. `majority` is None where no answer has more votes than every other.
    """

    groups: tuple[VoteGroup, ...]
    voters: int
    failed: int
    majority: JSON
    votes: int

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


def count_votes(kind: str, spec: Mapping[str, JSON], answers: Sequence[JSON], failed: int = 0) -> Agreement:
    """Group answers by the normal form of their kind; None is a sample without an answer."""
    first: dict[str, JSON] = {}
    votes: Counter[str] = Counter()
    for answer in answers:
        if answer is not None:
            key = canonical_json(normal_answer(kind, spec, answer))
            first.setdefault(key, answer)
            votes[key] += 1
    ranked = votes.most_common()
    groups = [VoteGroup(first[key], count) for key, count in ranked]
    tied = len(ranked) > 1 and ranked[0][1] == ranked[1][1]
    decided = bool(ranked) and not tied
    if silent := len(answers) - votes.total():
        groups.append(VoteGroup(None, silent))
    return Agreement(
        groups=tuple(groups),
        voters=len(answers),
        failed=failed,
        majority=groups[0].answer if decided else None,
        votes=ranked[0][1] if decided else 0,
    )


def refusal(agreement: Agreement, *, least_share: float, stated: JSON, agrees: bool) -> str:
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
