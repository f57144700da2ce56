"""Noticing that a queue has every review it needs, so that webhooks are told.

Whether it has is read from its rows and noticed by a sweep: who decides waits for none of it, and the last two
decisions, made at once, need not see each other.
"""

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.urls import reverse

from trajectories.models import Assignment, Queue
from trajectories.services.jobs.outbox import Kind, announce


def note_finished_queues() -> list[int]:
    """Announce each queue whose last review has come since it was announced; their ids. Safe to run twice at once.

    A live queue that takes up more traces is announced again once these have their reviews.
    """
    return [queue_id for queue_id in _finished().order_by("pk").values_list("pk", flat=True) if _note(queue_id)]


@transaction.atomic
def _note(queue_id: int) -> bool:
    """Announce a queue unless that was done; whether this call did."""
    queue = Queue.objects.select_for_update(no_key=True).get(pk=queue_id)
    if not _finished().filter(pk=queue_id).update(done_told=F("review_count")):
        return False
    told = {"id": queue.pk, "title": queue.title, "items": queue.item_count, "reviews": queue.review_count}
    announce(Kind.QUEUE_DONE, {**told, "page": reverse("queue_detail", args=[queue.pk])})
    return True


def _finished() -> QuerySet[Queue]:
    """The queues that have every review they need, and are not announced as they are."""
    wanted = Assignment.objects.filter(queue=OuterRef("pk"), is_gold=False).exclude(state=Assignment.State.DONE)
    unsaid = Queue.objects.filter(is_filling=False, item_count__gt=0).exclude(done_told=F("review_count"))
    return unsaid.exclude(Exists(wanted))
