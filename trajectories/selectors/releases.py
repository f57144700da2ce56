"""Reading releases and what a rule would put in one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db.models import Avg, Q, QuerySet

from trajectories.core.curation.reviews import Decision, Standing
from trajectories.core.selections import Selection
from trajectories.models import Freezing, Release, Trace
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.traces import COUNT_LIMIT, traces_in

FREEZINGS_SHOWN = 20
MEAN_SCORE = Avg("reviews__score", filter=Q(reviews__superseded_by=None, reviews__decision=Decision.ACCEPT))
"""Of a trace: the mean over the standing acceptances that gave a score, or None."""


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """Which accepted traces a release takes: those of `scope` with at least `min_score` on average, where given.

    The scope's own decision is ignored: only accepted traces are ever released. A trace that nobody scored is left
    out as soon as there is a `min_score`, and a hinted one (the model was given the answer) unless `with_hinted`, or
    where the scope asks for these.
    """

    scope: Selection = field(default_factory=Selection)
    min_score: int | None = None
    with_hinted: bool = False

    @property
    def hinted(self) -> str:
        """What becomes of hinted traces: "none" are taken, those that match ("too"), or they "only"."""
        return self.scope.hinted or ("too" if self.with_hinted else "none")

    def as_json(self) -> dict[str, Any]:
        """The rule as stored with the release, without what is empty."""
        scope = self.scope.any_decision()
        named = {name: getattr(scope, name) for name in scope.__dataclass_fields__}
        stated = {**named, "decision": str(Standing.ACCEPTED), "min_score": self.min_score, "hinted": self.hinted}
        return {name: value for name, value in stated.items() if value not in (None, "")}

    def stored(self) -> dict[str, Any]:
        """The rule as a job keeps it until it is done, see `from_stored`."""
        return asdict(self)

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "ReleaseRule":
        """The rule that was stored."""
        return cls(Selection(**stored["scope"]), stored["min_score"], stored["with_hinted"])


def eligible_traces(rule: ReleaseRule) -> QuerySet[Trace]:
    """The traces a rule takes, in release order: problem hash, then trace id.

    A release is made of everybody's decisions, so that only who may see them all may ask.
    """
    traces = traces_in(rule.scope.any_decision(), EVERYTHING).filter(decision=Standing.ACCEPTED, withdrawn=False)
    if rule.hinted == "none":
        traces = traces.filter(hinted=False)
    if rule.min_score is not None:
        scored = Trace.objects.filter(decision=Standing.ACCEPTED).annotate(mean_score=MEAN_SCORE)
        traces = traces.filter(pk__in=scored.filter(mean_score__gte=rule.min_score).values("pk"))
    return traces.order_by("problem__content_hash", "pk")


def count_eligible(rule: ReleaseRule) -> int:
    """How many traces a rule takes, at most COUNT_LIMIT."""
    return eligible_traces(rule).order_by().values("pk")[:COUNT_LIMIT].count()


def count_left_out(rule: ReleaseRule) -> int:
    """How many hinted traces the rule would take if it took hinted ones, at most COUNT_LIMIT."""
    if rule.hinted != "none":
        return 0
    hinted = replace(rule, scope=replace(rule.scope, hinted="only"))
    return count_eligible(hinted)


def list_releases(*, before: int | None = None, size: int) -> list[Release]:
    """Releases, newest first, with who made them and their exports."""
    releases = Release.objects.select_related("created_by").prefetch_related("exports").order_by("-pk")
    return list((releases if before is None else releases.filter(pk__lt=before))[:size])


def list_active_freezings() -> list[Freezing]:
    """The releases on their way, oldest first."""
    active = Freezing.objects.filter(state__in=Freezing.ACTIVE_STATES).select_related("created_by")
    return list(active.order_by("pk")[:FREEZINGS_SHOWN])
