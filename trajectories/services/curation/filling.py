"""Taking up traces into queues: at first all that match, and into live queues what comes to match later.

A queue is looked through again as soon as there is a newer trace, verdict or review, since these are what a selection
goes by. All of it can be done twice, and at once, without taking a trace up twice.
"""

from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection, transaction
from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Abs, Cast, Coalesce, Now

from trajectories.core.records import Outcome
from trajectories.core.verifiers.model_judge import MODEL_VERIFIERS
from trajectories.core.verifiers.opinions import scorer_verifier
from trajectories.models import Assignment, Queue, QueueItem, Review, Trace, Verdict
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.traces import traces_in

CHUNK = 2_000
"""Traces that are taken up in one transaction."""
SETTLING = timedelta(minutes=2)
"""A row that a transaction is still writing becomes visible after rows with higher ids: so long it is looked for."""

UNSCORED = 2.0
"""The rank of a trace without a score in an order by a scorer: behind all that have one."""

TAKE_UP = """
WITH chosen AS ({chosen}),
items AS (
    INSERT INTO trajectories_queueitem (queue_id, trace_id, rank, quota, done_count, is_gold, is_training,
        known_decision, known_reason, known_why, created_at)
    SELECT %s, chosen.pk, chosen.rank,
        CASE WHEN mod(hashint8extended(chosen.drawn_by, %s) & 9223372036854775807, 100) < %s THEN 2 ELSE 1 END * %s,
        0, false, false, '', '', '', STATEMENT_TIMESTAMP()
    FROM chosen
    ON CONFLICT (queue_id, trace_id) DO NOTHING
    RETURNING id, rank, quota
),
wanted AS (
    INSERT INTO trajectories_assignment (queue_id, item_id, number, rank, is_gold, state)
    SELECT %s, items.id, number, items.rank, false, 'open'
    FROM items, generate_series(1, items.quota) AS number
    RETURNING 1
)
SELECT (SELECT max(pk) FROM chosen), (SELECT count(*) FROM items), (SELECT count(*) FROM wanted)
"""


def fill_queue(*, queue_id: int) -> int:
    """Take up all that matches a queue and is not in it; the number of traces taken up."""
    marks, taken, after = _marks(), 0, 0
    while (chunk := _take_up_chunk(queue_id, after)) is not None:
        after, count = chunk
        taken += count
    _place_scored(queue_id)
    if taken >= CHUNK:
        # The planner thinks the tables of a moment ago empty.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE trajectories_assignment, trajectories_queueitem")
    Queue.objects.filter(pk=queue_id).exclude(marks=marks).update(marks=marks, marked_at=Now())
    Queue.objects.filter(pk=queue_id).update(is_filling=False)
    return taken


@transaction.atomic
def fill_at_once(*, queue: Queue) -> None:
    """Take up the first chunk here and now, so that work can begin before a worker has heard of it."""
    chunk = _take_up_chunk(queue.pk, 0)
    if chunk is None or _take_up_chunk(queue.pk, chunk[0]) is None:
        Queue.objects.filter(pk=queue.pk).update(is_filling=False, marks=_marks(), marked_at=Now())


def queues_to_fill() -> list[int]:
    """The queues, by id, into which something may have to be taken up; none that is closed."""
    marks, settled = _marks(), Now() - SETTLING
    queues = Queue.objects.filter(Q(is_filling=True) | Q(is_live=True)).exclude(state=Queue.State.CLOSED)
    changed = Q(is_filling=True) | ~Q(marks=marks) | Q(marked_at__gt=settled)
    return list(queues.filter(changed).order_by("pk").values_list("pk", flat=True))


def _marks() -> dict[str, int]:
    """The newest rows on which selections depend."""
    newest = {"trace": Trace, "verdict": Verdict, "review": Review}
    return {name: model._default_manager.aggregate(newest=Max("pk"))["newest"] or 0 for name, model in newest.items()}


@transaction.atomic
def _take_up_chunk(queue_id: int, after: int) -> tuple[int, int] | None:
    """Take up the next traces behind the id `after`: (the last one's id, how many are new); None for none."""
    queue = Queue.objects.select_for_update(no_key=True).get(pk=queue_id)
    if queue.state == Queue.State.CLOSED:
        return None
    chosen, parameters = matching(queue).filter(pk__gt=after)[:CHUNK].query.sql_with_params()
    values = [queue.pk, queue.seed, queue.doubled_percent, queue.reviews_each, queue.pk]
    with connection.cursor() as cursor:
        cursor.execute(TAKE_UP.format(chosen=chosen), [*parameters, *values])
        last, items, wanted = cursor.fetchone()
    if last is None:
        return None
    Queue.objects.filter(pk=queue.pk).update(
        item_count=F("item_count") + items, review_count=F("review_count") + wanted
    )
    return last, items


def matching(queue: Queue) -> QuerySet[Any, Any]:
    """The traces that match a queue and are not in it, by id, each with its `rank` in the queue's order."""
    traces = traces_in(queue.rule, EVERYTHING)
    if queue.last_trace is not None:
        traces = traces.filter(pk__lte=queue.last_trace)
    inside = QueueItem.objects.filter(queue=queue, trace=OuterRef("pk"))
    # All samples of a problem that come together need equally many reviews.
    drawn_by = F("problem_id") if queue.by_problem else F("pk")
    ranked = traces.filter(~Exists(inside)).annotate(rank=_rank(queue), drawn_by=drawn_by)
    return ranked.order_by("pk").values("pk", "rank", "drawn_by")


def _rank(queue: Queue) -> Combinable:
    """The place of a trace in the order of a queue: the least comes first."""
    match queue.item_order:
        case Queue.Order.NEWEST:
            return Cast(-F("pk"), FloatField())
        case Queue.Order.PROBLEM:
            return Cast(F("problem_id"), FloatField())
        case Queue.Order.UNCERTAIN:
            return _evenness()
        case Queue.Order.DISAGREEMENT:
            return Case(When(disputed=True, then=0.0), default=1.0)
        case Queue.Order.CONFLICT:
            return Case(When(_is_in_conflict(), then=0.0), default=1.0)
        case Queue.Order.UNSURE | Queue.Order.UNLIKELY | Queue.Order.LIKELY:
            return Coalesce(_scored_rank(queue, OuterRef("pk")), Value(UNSCORED), output_field=FloatField())
    drawn = Func(
        F("pk"),
        Value(queue.seed),
        function="hashint8extended",
        template="(%(function)s(%(expressions)s) & 9223372036854775807)",
        output_field=FloatField(),
    )
    return ExpressionWrapper(Cast(drawn, FloatField()) / Value(float(2**63)), output_field=FloatField())


def _scored_rank(queue: Queue, trace: OuterRef) -> Combinable:
    """The place of a trace by the newest score of the queue's scorer; null where it has none."""
    scores = Verdict.objects.filter(trace=trace, verifier=scorer_verifier(queue.scorer_name), score__isnull=False)
    score = F("score")
    place: Combinable = {
        Queue.Order.UNSURE: Abs(score - Value(0.5)),
        Queue.Order.LIKELY: Value(1.0) - score,
    }.get(Queue.Order(queue.item_order), ExpressionWrapper(score + Value(0.0), output_field=FloatField()))
    ranked = scores.order_by("-pk").annotate(place=ExpressionWrapper(place, output_field=FloatField()))
    return Subquery(ranked.values("place")[:1], output_field=FloatField())


@transaction.atomic
def _place_scored(queue_id: int) -> None:
    """Give what was scored since it was taken up its place; scores follow verdicts, by which live queues take up."""
    queue = Queue.objects.select_for_update(no_key=True).get(pk=queue_id)
    if queue.item_order not in Queue.BY_SCORER:
        return
    late = QueueItem.objects.filter(queue=queue, is_gold=False, rank=UNSCORED)
    late.update(rank=Coalesce(_scored_rank(queue, OuterRef("trace")), Value(UNSCORED), output_field=FloatField()))
    waiting = Assignment.objects.filter(queue=queue, is_gold=False, rank=UNSCORED)
    placed = QueueItem.objects.filter(pk=OuterRef("item")).values("rank")
    waiting.exclude(state=Assignment.State.DONE).update(rank=Subquery(placed))


def _evenness() -> Combinable:
    """How far the share of its problem's traces that give the same answer is from one half."""
    same = Trace.objects.filter(problem=OuterRef("problem"), answer_hash=OuterRef("answer_hash")).order_by()
    count = Subquery(same.values("problem").annotate(count=Count("pk")).values("count"))
    share = Cast(count, FloatField()) / Cast(F("problem__trace_count"), FloatField())
    return Case(When(problem__trace_count__gt=0, then=Abs(share - Value(0.5))), default=0.5, output_field=FloatField())


def _is_in_conflict() -> Combinable:
    """Whether the newest verdicts of verifiers contradict each other, or the model judge's contradicts them."""
    newer = Verdict.objects.filter(trace=OuterRef("trace"), verifier=OuterRef("verifier"), pk__gt=OuterRef("pk"))
    by_model = reduce(or_, (Q(verifier__startswith=f"{name}:") for name in MODEL_VERIFIERS))
    newest = Verdict.objects.filter(~Exists(newer), trace=OuterRef("pk")).exclude(by_model)
    passed, failed = (newest.filter(outcome=outcome) for outcome in (Outcome.PASS, Outcome.FAIL))
    unlike_judge = Q(correctness=Outcome.PASS, model_judged=Outcome.FAIL) | Q(
        correctness=Outcome.FAIL, model_judged=Outcome.PASS
    )
    return ExpressionWrapper((Q(Exists(passed)) & Q(Exists(failed))) | unlike_judge, output_field=BooleanField())
