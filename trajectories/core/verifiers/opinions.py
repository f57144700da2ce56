"""Verdicts that are opinions: of model judges, of learned scorers, and the values that completions give to steps.

They support and never decide, and whoever reviews sees them only after a decision of their own."""

from trajectories.core.verifiers.model_judge import MODEL_VERIFIERS

SCORER = "scorer"
LONGEST_SCORER_NAME = 30
VALUES = "step_values"
OPINIONS = (*MODEL_VERIFIERS, SCORER, VALUES)
"""What the names of such verifiers begin with; a colon and the name of a rubric, scorer or sampler follow."""


def scorer_verifier(name: str) -> str:
    """The name of the verdicts of a learned scorer: a probability as their score, and unscored as their outcome."""
    return f"{SCORER}:{name}"


def is_scorer(verifier: str) -> bool:
    """Whether a verdict is by a learned scorer."""
    return verifier.startswith(f"{SCORER}:")


def is_opinion(verifier: str) -> bool:
    """Whether a verdict is by a model judge or a learned scorer, or tells the values of steps."""
    return verifier.partition(":")[0] in OPINIONS
