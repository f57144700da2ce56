"""Where the loop stands: kept counters added up, running jobs, and the next thing to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, Sum

from trajectories.core.records import Outcome
from trajectories.models import Generation, Problem, ProblemSet, Release, Run, Trace
from trajectories.selectors.blinding import Sight
from trajectories.selectors.runs import with_endings

RUNS_SHOWN = 8
WAITING_LIMIT = 10_000
"""Counts of what waits stop here rather than read a whole table."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Live counts along the loop.

    `scored` counts samples that are right or wrong, of runs and of imports, without those that were shown the answer,
    and `correct` those that are right; `waiting` are right
    and not yet reviewed (counted up to WAITING_LIMIT); `released` is the size of the newest release, `learnt` the
    samplers that campaigns have made. For who is blind (`own`), `accepted` and `waiting` count what they have reviewed
    themselves, and there are no releases and no campaigns.
    """

    sets: int
    problems: int
    sampled_problems: int
    samples: int
    scored: int
    correct: int
    accepted: int
    waiting: int
    releases: int
    released: int
    own: bool
    campaigns: int = 0
    learnt: int = 0

    @property
    def has_unreleased(self) -> bool:
        """Whether more samples are accepted than the newest release holds."""
        return self.accepted > self.released


def get_loop(sight: Sight) -> Loop:
    """The counts, in four queries to six."""
    sets = ProblemSet.objects.aggregate(sets=Count("pk"), problems=Sum("problem_count", default=0))
    kept = Problem.objects.filter(trace_count__gt=0).aggregate(
        sampled_problems=Count("pk"),
        samples=Sum("trace_count", default=0),
        scored=Sum("scored_count", default=0),
        correct=Sum("correct_count", default=0),
        accepted=Sum("accepted_count", default=0),
    )
    undecided = Trace.objects.filter(sight.having("decision", ""), correctness=Outcome.PASS, withdrawn=False)
    waiting = undecided.values("pk")[:WAITING_LIMIT].count()
    sizes: list[int] = []
    learnt: dict[str, int] = {}
    if sight.is_blind:
        kept["accepted"] = Trace.objects.filter(
            sight.having("decision", Trace.Decision.ACCEPTED), withdrawn=False
        ).count()
    else:
        sizes = list(Release.objects.order_by("-pk").values_list("item_count", flat=True))
        learnt = Generation.objects.aggregate(
            campaigns=Count("campaign", distinct=True),
            learnt=Count("sampler", distinct=True, filter=Q(number__gt=0)),
        )
    released = {"releases": len(sizes), "released": sizes[0] if sizes else 0}
    return Loop(**sets, **kept, **released, **learnt, waiting=waiting, own=sight.is_blind)


def list_set_progress(sight: Sight) -> Sequence[Mapping[str, Any]]:
    """Each set with its problems, how many were sampled, how many solved, and its accepted samples."""
    rows = list(
        Problem.objects.values(set_name=F("problem_set__name"), title=F("problem_set__title"))
        .annotate(
            problems=Count("pk"),
            sampled=Count("pk", filter=Q(trace_count__gt=0)),
            solved=Count("pk", filter=Q(correct_count__gt=0)),
            accepted=Sum("accepted_count"),
        )
        .order_by("title")
    )
    if not sight.is_blind:
        return rows
    accepted = Trace.objects.filter(sight.having("decision", Trace.Decision.ACCEPTED), withdrawn=False).order_by()
    counts = dict(accepted.values_list("problem__problem_set__name").annotate(Count("pk")))
    return [{**row, "accepted": counts.get(row["set_name"], 0)} for row in rows]


def list_active_runs() -> Sequence[Run]:
    """Runs that are queued, running or paused, newest first."""
    return _newest((*Run.ACTIVE_STATES, Run.State.PAUSED))


def list_ended_runs() -> Sequence[Run]:
    """The last runs that came to an end, newest first."""
    return _newest(Run.ENDED_STATES)


def _newest(states: Sequence[str]) -> Sequence[Run]:
    runs = Run.objects.filter(state__in=states).select_related("sampler").defer("plan")
    return list(with_endings(runs).order_by("-pk")[:RUNS_SHOWN])
