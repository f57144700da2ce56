"""What follows from reviews and final decisions: the decision of a trace, and its problem's counter."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F

from trajectories.core.curation.adjudications import settle_finally
from trajectories.core.curation.reviews import Decision, Standing
from trajectories.models import Adjudication, Problem, Review, Trace


@dataclass(frozen=True, slots=True)
class Settled:
    """What a trace counted as before and counts as now."""

    before: str
    after: Standing
    disputed: bool

    def as_json(self) -> dict[str, str]:
        """The change as the audit log has it."""
        return {"before": self.before, "after": str(self.after)}


def lock_traces(trace_ids: Collection[int]) -> None:
    """Lock rows of traces in order of their ids, as everything does that derives something from reviews."""
    list(Trace.objects.select_for_update().filter(pk__in=trace_ids).order_by("pk").values_list("pk", flat=True))


def settle_traces(trace_ids: Collection[int]) -> dict[int, Settled]:
    """Derive the decisions of traces anew and keep their problems' counters; the traces are locked."""
    traces = Trace.objects.filter(pk__in=trace_ids).values_list("pk", "problem_id", "decision", "disputed", "withdrawn")
    decisions: defaultdict[int, list[str]] = defaultdict(list)
    standing = Review.objects.filter(trace__in=trace_ids, superseded_by=None).exclude(decision=Decision.WITHDRAW)
    for trace_id, decision in standing.values_list("trace_id", "decision"):
        decisions[trace_id].append(decision)
    newest = Adjudication.objects.filter(trace__in=trace_ids, superseded_by=None)
    final = dict(newest.values_list("trace_id", "decision"))
    settled: dict[int, Settled] = {}
    changed: defaultdict[tuple[Standing, bool], list[int]] = defaultdict(list)
    accepted: Counter[int] = Counter()
    for trace_id, problem_id, before, was_disputed, withdrawn in traces:
        after, disputed = settle_finally(decisions[trace_id], final.get(trace_id))
        settled[trace_id] = Settled(before, after, disputed)
        if (after, disputed) != (before, was_disputed):
            changed[after, disputed].append(trace_id)
            if not withdrawn:
                accepted[problem_id] += (after == Standing.ACCEPTED) - (before == Standing.ACCEPTED)
    for (after, disputed), ids in changed.items():
        Trace.objects.filter(pk__in=ids).update(decision=after, disputed=disputed)
    _count(accepted)
    return settled


def _count(accepted: Counter[int]) -> None:
    """Add to the problems' counts of accepted traces, their rows locked in order."""
    by_change: defaultdict[int, list[int]] = defaultdict(list)
    for problem_id, change in accepted.items():
        if change:
            by_change[change].append(problem_id)
    if not by_change:
        return
    ids = [problem_id for some in by_change.values() for problem_id in some]
    if len(ids) > 1:
        list(Problem.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
    for change, some in by_change.items():
        Problem.objects.filter(pk__in=some).update(accepted_count=F("accepted_count") + change)
