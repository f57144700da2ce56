"""Verifiers whose verdicts support and never decide whether a trace is right."""

from trajectories.core.verifiers import consensus
from trajectories.core.verifiers.model_judge import is_model_verdict

SUPPORTING_VERIFIERS = ("arc_train", "arc_answer", consensus.NAME)
"""No reference answer is behind their verdicts, or another verifier weighs the same answer with the program."""


def is_supporting(verifier: str) -> bool:
    """Whether this verifier's verdicts are ignored when a trace's correctness is derived."""
    return verifier in SUPPORTING_VERIFIERS or is_model_verdict(verifier)
