"""Verdicts that are opinions: of model judges and of learned scorers.

They support and never decide, and whoever reviews sees them only after a decision of their own."""

from trajectories.core.verifiers.model_judge import MODEL_VERIFIERS

SCORER = "scorer"
OPINIONS = (*MODEL_VERIFIERS, SCORER)
"""What the names of such verifiers begin with; a colon and the name of a rubric or scorer follow."""


def scorer_verifier(name: str) -> str:
    """The name of the verdicts of a learned scorer: a probability as their score, and unscored as their outcome."""
    return f"{SCORER}:{name}"


def is_scorer(verifier: str) -> bool:
    """Whether a verdict is by a learned scorer."""
    return verifier.startswith(f"{SCORER}:")


def is_opinion(verifier: str) -> bool:
    """Whether a verdict is by a model judge or a learned scorer."""
    return verifier.partition(":")[0] in OPINIONS
