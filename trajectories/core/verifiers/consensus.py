"""Agreement with the majority of a problem's samples (self-consistency: Wang et al. 2023, arXiv 2203.11171).

It judges all samples of a problem together, so it is no member of the registry.
Unlike in the paper, a tie has no majority.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from trajectories.core.identity import canonical_json
from trajectories.core.records import JSON, Outcome, VerdictRecord

NAME, VERSION = "consensus", 2


@dataclass(frozen=True, slots=True)
class Consensus:
    """The majority's answer with its votes among all samples that state one. No reference answer was used."""

    answer: JSON
    votes: int
    of: int

    @property
    def share(self) -> float:
        """Votes as a share of the samples with an answer, in (0, 1]."""
        return self.votes / self.of


def find_consensus(answers: Sequence[JSON]) -> Consensus | None:
    """The answer given most often; None (no answer) never votes. None where nobody answers or two answers tie."""
    given = {canonical_json(answer): answer for answer in answers if answer is not None}
    votes = Counter(canonical_json(answer) for answer in answers if answer is not None)
    ranked = votes.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return Consensus(given[ranked[0][0]], ranked[0][1], votes.total())


def judge_by_consensus(answers: Sequence[JSON], hinted: Sequence[bool]) -> list[VerdictRecord]:
    """One verdict per sample, in order. Two samples at least must agree; one that was shown the answer has no vote.

    `answers` are in the form that equal ones share.
    """
    found = find_consensus([None if shown else answer for answer, shown in zip(answers, hinted, strict=True)])
    if found is None or found.votes < 2:
        message = "no two samples agree more than any others"
        return [VerdictRecord(NAME, VERSION, Outcome.UNSCORED, message) for _ in answers]
    majority = canonical_json(found.answer)
    evidence: dict[str, JSON] = {"answer": found.answer, "votes": found.votes, "of": found.of, "share": found.share}
    verdicts = []
    for answer in answers:
        agrees = answer is not None and canonical_json(answer) == majority
        relation = "agrees" if agrees else "disagrees" if answer is not None else "no answer"
        message = f"{relation}: {found.votes} of {found.of} samples give the majority's answer"
        outcome = Outcome.PASS if agrees else Outcome.FAIL
        verdicts.append(VerdictRecord(NAME, VERSION, outcome, message, score=float(agrees), evidence=evidence))
    return verdicts
