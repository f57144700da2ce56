"""Which of the verdicts on one trace says whether it is right."""

from collections.abc import Iterable

from trajectories.core.records import VerdictRecord
from trajectories.core.verifiers import VERIFIERS, consensus
from trajectories.core.verifiers.opinions import is_opinion

SUPPORTING_VERIFIERS = (*(each.name for each in VERIFIERS.values() if not each.decides), consensus.NAME)
"""Verifiers whose verdicts, whatever they are, do not decide whether a trace is right: no reference answer is behind
them, or another verifier weighs the same answer together with the program."""


def is_supporting(verifier: str) -> bool:
    """Whether a verifier's verdicts are ignored when a trace's correctness is derived."""
    return verifier in SUPPORTING_VERIFIERS or is_opinion(verifier)


def decisive_verdict(verdicts: Iterable[VerdictRecord]) -> VerdictRecord | None:
    """The verdict that says whether a trace is right; None where no verifier can say so."""
    return next((verdict for verdict in verdicts if not is_supporting(verdict.verifier)), None)
