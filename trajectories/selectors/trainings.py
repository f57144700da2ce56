"""Reading trainings: the newest, and what one has told."""

from django.db.models import QuerySet

from trajectories.models import Training, TrainingPoint

MOST_LISTED = 100
MOST_DRAWN = 500
"""Steps that a figure draws and its table shows, spread over all of them; the file has every step."""

CLAUSES = {
    "held_out": "Not set aside for validation or evaluation",
    "take_correct": "Not known to be wrong",
    "take_uniform": "Right or wrong",
    "take_greedy_diverse": "Right or wrong",
    "per_problem": "At most so many of one problem",
    "relabelled": "With wrong programs, relabelled by what they gave",
    "replay": "With what earlier releases taught",
    "seeds": "With seed traces, which always enter",
}
"""What each line of a training's funnel keeps or adds, in the order in which a rule applies them."""


def list_trainings() -> list[Training]:
    """The newest trainings, without what is large."""
    related = ("release", "base", "sampler", "created_by")
    heavy = ("facts", "funnel", "release__manifest", "release__rule")
    return list(Training.objects.select_related(*related).defer(*heavy).order_by("-pk")[:MOST_LISTED])


def get_training(training_id: int) -> Training:
    """A training with what its page shows. Raises Training.DoesNotExist."""
    related = ("release", "base", "sampler", "artefact", "created_by")
    return Training.objects.select_related(*related).defer("release__manifest", "release__rule").get(pk=training_id)


def curve_points(training: Training) -> QuerySet[TrainingPoint]:
    """The points of a training's curves in order."""
    return training.points.order_by("step")


def thinned(points: list[TrainingPoint], most: int = MOST_DRAWN) -> list[TrainingPoint]:
    """At most so many of the points, evenly, the first and the last among them."""
    if len(points) <= most:
        return points
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]
