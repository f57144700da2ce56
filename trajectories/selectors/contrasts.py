"""Reading what is compared: traces of one problem, and those beside one that give the same answer."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from trajectories.models import Trace


@dataclass(frozen=True, slots=True)
class GroupPlace:
    """Where a trace stands among those of its problem that give the same: ids of its neighbours, None at the ends.

    `number` counts from 1, newest first, of `total`.
    """

    newer: int | None
    older: int | None
    number: int
    total: int


def group_place(trace: Trace, *, but: int) -> GroupPlace:
    """The place of a trace among the traces with the same answer; the one it is compared with (`but`) is left out."""
    group = same_answer(trace).exclude(pk=but)
    newer = group.filter(pk__gt=trace.pk)
    return GroupPlace(
        newer=newer.order_by("pk").values_list("pk", flat=True).first(),
        older=group.filter(pk__lt=trace.pk).order_by("-pk").values_list("pk", flat=True).first(),
        number=newer.count() + 1,
        total=group.count(),
    )


def group_walk(trace: Trace) -> GroupPlace:
    """The place of a trace among the samples of its problem that give the same answer; human edits are no samples."""
    samples = same_answer(trace).filter(edited_by=None).exclude(pk=trace.pk)
    newer, older = samples.filter(pk__gt=trace.pk), samples.filter(pk__lt=trace.pk)
    counted = samples.aggregate(newer=Count("pk", filter=Q(pk__gt=trace.pk)), all=Count("pk"))
    return GroupPlace(
        newer=newer.order_by("pk").values_list("pk", flat=True).first(),
        older=older.order_by("-pk").values_list("pk", flat=True).first(),
        number=counted["newer"] + 1,
        total=counted["all"] + 1,
    )


def same_answer(trace: Trace) -> QuerySet[Trace]:
    """The traces of a problem that give what this one gives."""
    return Trace.objects.filter(problem=trace.problem_id, answer_hash=trace.answer_hash)
