"""Sets of episodes."""

from django.db.models import Exists, OuterRef, QuerySet

from trajectories.core.problems.kinds import EPISODES
from trajectories.models import Problem, ProblemSet


def list_world_sets() -> QuerySet[ProblemSet]:
    """The sets that hold episodes of worlds, the newest first."""
    episodes = Problem.objects.filter(problem_set=OuterRef("pk"), kind__in=EPISODES)
    return ProblemSet.objects.filter(Exists(episodes)).order_by("-pk")
