"""The stages of a generation, in order, and what each waits for."""

from collections.abc import Mapping
from enum import StrEnum


class Arm(StrEnum):
    """Which of both that learn in a generation."""

    CHAMPION = "champion"
    CONTROL = "control"


class Stage(StrEnum):
    """begun -> sampling -> (voting or scoring) -> (reviewing) -> selecting -> training -> evaluating -> done.

    The first generation, which nothing has learnt from, goes from begun to evaluating; a control from begun to
    selecting. A stage and the job that it waits for are written in one transaction.
    """

    BEGUN = "begun"
    SAMPLING = "sampling"
    VOTING = "voting"
    SCORING = "scoring"
    REVIEWING = "reviewing"
    SELECTING = "selecting"
    TRAINING = "training"
    EVALUATING = "evaluating"
    DONE = "done"


STAGES: Mapping[Stage, str] = {
    Stage.BEGUN: "About to begin",
    Stage.SAMPLING: "Sampling the training problems",
    Stage.VOTING: "Looking for majorities",
    Stage.SCORING: "Scoring what was sampled",
    Stage.REVIEWING: "Waiting for reviewers",
    Stage.SELECTING: "Freezing what is learnt from",
    Stage.TRAINING: "Training",
    Stage.EVALUATING: "Sampling the held-out problems",
    Stage.DONE: "Done",
}
"""What goes on in each stage, in words."""
