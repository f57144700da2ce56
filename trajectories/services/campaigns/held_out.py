"""Keeping held-out problems out of what is learnt from: when a campaign is planned, and before every training."""

from collections.abc import Iterable
from dataclasses import dataclass

from trajectories.core.releases.overlaps import FOUND, Match
from trajectories.core.releases.rules import Decontamination, Rule
from trajectories.models import Problem, ProblemSet, Release, ReleaseItem
from trajectories.selectors.overlaps import comparable
from trajectories.services.releases.choosing import held_out_by

BATCH = 500


@dataclass(frozen=True, slots=True)
class Overlap:
    """A problem that is like a held-out one, and how."""

    problem: Problem
    match: Match

    @property
    def words(self) -> str:
        """How they are alike, in words."""
        return FOUND[self.match.how]


def find_overlaps(problems: Iterable[Problem], held_out_set: ProblemSet, near: float) -> list[Overlap]:
    """The problems that are in the held-out set under whatever name, or like one that is."""
    held_out = held_out_by(Rule(decontamination=Decontamination(problem_sets=(held_out_set.pk,), near=near)))
    if held_out is None:
        return []
    found = ((problem, held_out.match(comparable(problem))) for problem in problems)
    return [Overlap(problem, match) for problem, match in found if match is not None]


def overlaps_of(release: Release, held_out_set: ProblemSet, near: float) -> list[Overlap]:
    """The problems of a release that are like held-out ones: none, or nothing may learn from it."""
    items = ReleaseItem.objects.filter(release=release).order_by().values("trace__problem")
    problems = Problem.objects.filter(pk__in=items).order_by("pk").iterator(chunk_size=BATCH)
    return find_overlaps(problems, held_out_set, near)
