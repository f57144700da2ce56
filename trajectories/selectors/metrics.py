"""Numbers for whatever watches over an installation: the same from any process, and after restarts too.

Counters are kept: by runs and days of spending, or as rows of Tally. Gauges are counted of what waits, is under way or
is in error, by an index.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Min, Sum
from django.db.models.functions import Now

from trajectories.adapters.acting import acting_in
from trajectories.adapters.disk import free_bytes
from trajectories.core.records import Outcome
from trajectories.models import JOB_KINDS, PendingVerification, Project, Run, SpendDay, Tally, Trace
from trajectories.selectors.broker_queues import get_queues
from trajectories.selectors.jobs import count_unfinished
from trajectories.selectors.spending import get_spending, list_standings
from trajectories.selectors.workers import get_scheduler_age, get_workforce

COUNTER, GAUGE = "counter", "gauge"
FAILURES = ("died", "time", "memory")
"""Kinds of failures in the sandbox (services.verification.sandbox_failures)."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with its labels. `name` has neither the prefix of the product nor the `_total` of counters; `kind` is
    COUNTER or GAUGE."""

    name: str
    kind: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def list_metrics() -> Iterator[Metric]:
    """Every number. Where there are several projects, what is counted by project has the label `project`."""
    projects = list(Project.objects.filter(archived_at=None).order_by("pk").values_list("pk", "name"))
    for project, name in projects:
        mark = {"project": name} if len(projects) > 1 else {}
        with acting_in(project):
            found = [*_samples(), *_spending(), *_waiting()]
        yield from (replace(each, labels={**mark, **each.labels}) for each in found)
    yield from _broker()
    yield from _machine()


def _samples() -> Iterator[Metric]:
    counters = ("planned", "done", "failed", "cancelled", "verified", "correct")
    sums = Run.objects.aggregate(**{name: Sum(f"{name}_count", default=0) for name in counters})
    for name in counters[:4]:
        yield Metric("samples", COUNTER, "Attempts of all runs by what became of them.", sums[name], {"state": name})
    yield Metric("verified_samples", COUNTER, "Samples of runs that have a verdict.", sums["verified"])
    yield Metric("right_samples", COUNTER, "Samples of runs that are right.", sums["correct"])
    errors = Trace.objects.filter(correctness="error").count()
    yield Metric("verification_errors", GAUGE, "Traces that the sandbox or a verifier failed on.", errors)
    yield from _tallied()


def _tallied() -> Iterator[Metric]:
    """What rows of Tally add up to, with a 0 for each sort that there can be."""
    rows = Tally.objects.order_by().values_list("name", "label").annotate(total=Sum("count"))
    totals = {(name, label): total for name, label, total in rows}
    for outcome in Outcome:
        count = totals.get((Tally.VERDICTS, outcome.value), 0)
        yield Metric("verdicts", COUNTER, "Verdicts of all verifiers, judges too.", count, {"outcome": outcome.value})
    for kind in FAILURES:
        count = totals.get((Tally.SANDBOX_FAILURES, kind), 0)
        help_text = "Programs that died, or ran out of time or memory, while something was verified."
        yield Metric("sandbox_failures", COUNTER, help_text, count, {"kind": kind})
    yield Metric("reviews", COUNTER, "Reviews by people.", totals.get((Tally.REVIEWS, ""), 0))


def _spending() -> Iterator[Metric]:
    rows = list(
        SpendDay.objects.order_by()
        .values_list("kind")
        .annotate(cost=Sum("cost"), calls=Sum("calls"), inputs=Sum("input_tokens"), outputs=Sum("output_tokens"))
    )
    for kind, cost, _, _, _ in rows:
        yield Metric("cost", COUNTER, f"Paid to models, in {settings.CURRENCY}.", float(cost), {"kind": kind})
    for kind, _, calls, _, _ in rows:
        yield Metric("model_calls", COUNTER, "Calls to models that took tokens or money.", calls, {"kind": kind})
    for kind, _, _, inputs, outputs in rows:
        for direction, count in (("input", inputs), ("output", outputs)):
            labels = {"kind": kind, "direction": direction}
            yield Metric("tokens", COUNTER, "Tokens sent to models and got from them.", count, labels)
    today = get_spending(days=1, group="kind").total
    yield Metric("cost_today", GAUGE, f"Paid to models today, UTC, in {settings.CURRENCY}.", float(today.cost))
    standings = list_standings(own=True)
    for each in standings:
        labels = {"subject": each.limit.subject}
        yield Metric("daily_limit", GAUGE, "Daily limits of spending.", float(each.limit.amount), labels)
    for each in standings:
        labels = {"subject": each.limit.subject}
        yield Metric("daily_limit_spent", GAUGE, "Spent today of daily limits.", float(each.spent), labels)


def _broker() -> Iterator[Metric]:
    queues = get_queues()
    yield Metric("broker_up", GAUGE, "Whether the broker tells its queues.", float(not queues.trouble))
    for row in queues.rows:
        labels = {"queue": row.name}
        yield Metric("queue_messages", GAUGE, "Messages that wait in a queue.", row.waiting, labels)
    for row in queues.rows:
        labels = {"queue": row.name}
        yield Metric("queue_age_seconds", GAUGE, "Longest wait in a queue.", row.oldest_seconds or 0.0, labels)


def _waiting() -> Iterator[Metric]:
    pending = PendingVerification.objects.aggregate(count=Count("pk"), age=Now() - Min("created_at"))
    yield Metric("pending_verifications", GAUGE, "Traces that wait for a verdict.", pending["count"])
    age = pending["age"].total_seconds() if pending["age"] else 0.0
    yield Metric("pending_verification_age_seconds", GAUGE, "Longest wait for a verdict.", age)
    counts = count_unfinished(list(JOB_KINDS))
    for kind, states in counts.items():
        for state in ("queued", "running", "paused"):
            labels = {"kind": kind, "state": state}
            yield Metric("jobs", GAUGE, "Jobs that have not ended.", states.get(state, 0), labels)


def _machine() -> Iterator[Metric]:
    workforce = get_workforce()
    for state, count in (("alive", workforce.alive), ("silent", len(workforce.silent))):
        yield Metric("workers", GAUGE, "Worker processes by their signs of life.", count, {"state": state})
    if (age := get_scheduler_age()) is not None:
        yield Metric("scheduler_age_seconds", GAUGE, "Since a worker last heard the scheduler.", age)
    free = free_bytes(Path(settings.VAR_DIR))
    yield Metric("disk_free_bytes", GAUGE, "Room on the disk of the installation's folder.", free)
