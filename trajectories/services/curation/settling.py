"""What follows from reviews and final decisions: the decision of a trace, and its problem's counter."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from trajectories.core.curation.adjudications import settle_finally
from trajectories.core.curation.reviews import Decision, Standing
from trajectories.models import Problem, Trace

SAID = """
SELECT trace.id, trace.problem_id, trace.decision, trace.disputed, trace.withdrawn,
    ARRAY(
        SELECT review.decision FROM trajectories_review AS review
        WHERE review.trace_id = trace.id AND review.decision <> %s
          AND NOT EXISTS (SELECT 1 FROM trajectories_review AS later WHERE later.supersedes_id = review.id)
    ),
    (
        SELECT final.decision FROM trajectories_adjudication AS final
        WHERE final.trace_id = trace.id
          AND NOT EXISTS (SELECT 1 FROM trajectories_adjudication AS later WHERE later.supersedes_id = final.id)
    )
FROM trajectories_trace AS trace WHERE trace.id = ANY(%s)
"""
"""Of each trace what it counts as, the decisions of its standing reviews, and the final decision, if any."""


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
    with connection.cursor() as cursor:
        cursor.execute(SAID, [str(Decision.WITHDRAW), list(trace_ids)])
        traces = cursor.fetchall()
    settled: dict[int, Settled] = {}
    changed: defaultdict[tuple[Standing, bool], list[int]] = defaultdict(list)
    accepted: Counter[int] = Counter()
    for trace_id, problem_id, before, was_disputed, withdrawn, decisions, final in traces:
        after, disputed = settle_finally(decisions, final)
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
