"""Attempts: why they failed, and how many ended when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min

from trajectories.models import Attempt
from trajectories.selectors.insights.scopes import InsightScope, attempts_in, fetch
from trajectories.selectors.runs import NOTHING_NEW

MOST_BINS = 60
WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)
"""Seconds that a bin may take; beyond them whole days."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Attempts that failed in one way; `run` is the newest run with one."""

    kind: str
    attempts: int
    run: int
    message: str

    @property
    def is_nothing_new(self) -> bool:
        """Whether nothing was left to draw, which is no fault."""
        return self.kind == NOTHING_NEW


def list_failed(scope: InsightScope) -> list[Failed]:
    """Failed attempts by kind of error, the commonest first."""
    kinds = attempts_in(scope).filter(state=Attempt.State.FAILED).values("error_kind")
    rows = kinds.annotate(attempts=Count("pk"), newest=Max("run"), message=Min("error_message"))
    return [
        Failed(row["error_kind"], row["attempts"], row["newest"], row["message"])
        for row in rows.order_by("-attempts", "error_kind")
    ]


@dataclass(frozen=True, slots=True)
class Pace:
    """Attempts that ended in the `width` seconds from `start`: `done` brought a sample, `failed` none."""

    start: datetime
    width: int
    done: int
    failed: int


def list_pace(run: int) -> Sequence[Pace]:
    """How many attempts of a run ended in each of at most MOST_BINS stretches of time, empty ones included."""
    attempts = Attempt.objects.filter(run=run, finished_at__isnull=False, state__in=("done", "failed"))
    ends = attempts.aggregate(first=Min("finished_at"), last=Max("finished_at"))
    if ends["first"] is None:
        return []
    first, last = ends["first"].replace(microsecond=0), ends["last"]
    width = _width((last - first).total_seconds())
    rows = fetch(
        """SELECT floor(extract(epoch FROM a.finished_at - %(first)s) / %(width)s)::int,
            count(*) FILTER (WHERE a.state = 'done'), count(*) FILTER (WHERE a.state = 'failed')
        FROM trajectories_attempt a
        WHERE a.run_id = %(run)s AND a.finished_at IS NOT NULL AND a.state IN ('done', 'failed') GROUP BY 1""",
        InsightScope(),
        first=first,
        width=width,
        run=run,
    )
    counts = {place: (done, failed) for place, done, failed in rows}
    return [
        Pace(first + timedelta(seconds=place * width), width, *counts.get(place, (0, 0)))
        for place in range(max(counts) + 1)
    ]


def _width(seconds: float) -> int:
    """The least width that covers so many seconds in MOST_BINS bins."""
    for width in WIDTHS:
        if seconds < width * MOST_BINS:
            return width
    days = int(seconds // (86_400 * MOST_BINS)) + 1
    return 86_400 * days
