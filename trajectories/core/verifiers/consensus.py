"""Agreement with the majority of a problem's samples (self-consistency: Wang et al. 2023, arXiv 2203.11171).

It verifies all samples of a problem together, so it is no member of the registry.
Unlike in the paper, a tie has no majority.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trajectories.core.consolidation.votes import rank_weights
from trajectories.core.records import JSON, Outcome, VerdictRecord

NAME, VERSION = "consensus", 2


@dataclass(frozen=True, slots=True)
class Consensus:
    """The majority: what its answers share, and its votes among all. No reference answer was used."""

    key: str
    votes: int
    of: int
    """How many votes there are."""

    @property
    def share(self) -> float:
        """Its votes as a share of all, in (0, 1]."""
        return self.votes / self.of


def find_consensus(votes: Mapping[str, int]) -> Consensus | None:
    """The answer given most often; `votes` are by a key that equal answers share, without those that give none.

    None where nobody votes, or two answers tie, or no two samples agree.
    """
    ranked = rank_weights(votes)
    if ranked.winner is None or ranked.top < 2:
        return None
    return Consensus(ranked.winner, votes[ranked.winner], of=sum(votes.values()))


def consensus_verdict(found: Consensus | None, majority: JSON, key: str | None) -> VerdictRecord:
    """The verdict on a sample whose answer has this key, None for no answer; `majority` is the answer of the majority.

    A sample that was shown the answer is verified like any other, but should not have voted.
    """
    if found is None:
        return VerdictRecord(NAME, VERSION, Outcome.UNSCORED, "no two samples agree more than any others")
    agrees = key == found.key
    relation = "agrees" if agrees else "disagrees" if key is not None else "no answer"
    return VerdictRecord(
        NAME,
        VERSION,
        Outcome.PASS if agrees else Outcome.FAIL,
        f"{relation}: {found.votes} of {found.of} samples give the majority's answer",
        score=float(agrees),
        evidence={"answer": majority, "votes": found.votes, "of": found.of, "share": found.share},
    )
