"""Reading repairs: who edited a trace into which others."""

from django.db.models import QuerySet

from trajectories.models import Repair, Trace


def repair_of(trace: Trace) -> Repair | None:
    """The edit that made a trace, with its author and, where it was taken back, who did; None for a sampled trace."""
    if not trace.is_edited:
        return None
    return Repair.objects.select_related("author", "withdrawal__author").filter(trace=trace).first()


def repairs_of(trace: Trace, *, reader_id: int, told: bool) -> QuerySet[Repair]:
    """The repairs of a trace, newest first; unless `told`, those of the reader alone: that others edited it tells."""
    repairs = Repair.objects.filter(original=trace).select_related("author", "withdrawal", "trace").order_by("-pk")
    repairs = repairs.defer("trace__steps", "trace__parts", "trace__facts")
    return repairs if told else repairs.filter(author=reader_id)


def newest_repair_of_others(*, trace_id: int, author_id: int) -> int:
    """The newest repair of a trace that somebody else made and did not take back; 0 for none."""
    others = Repair.objects.filter(original=trace_id, withdrawal=None).exclude(author=author_id)
    return others.order_by("-pk").values_list("pk", flat=True).first() or 0
