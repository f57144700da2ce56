"""Reading what is compared: traces of one problem, and those beside one that give the same answer."""

from dataclasses import dataclass

from django.db.models import QuerySet

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


def same_answer(trace: Trace) -> QuerySet[Trace]:
    """The traces of a problem that give what this one gives."""
    return Trace.objects.filter(problem=trace.problem_id, answer_hash=trace.answer_hash)
