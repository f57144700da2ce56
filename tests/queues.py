"""Queues to test with."""

import random
import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.selections import Selection
from trajectories.models import Assignment, Queue, QueueItem, Trace
from trajectories.services.curation.decisions import Submitted, decide_item
from trajectories.services.curation.queues import QueueDraft, make_queue

ACCEPT = ReviewDraft(Decision.ACCEPT)


def make_traces(count: int, **values: Any) -> list[Trace]:
    """Traces of one run, oldest first."""
    run = values.pop("run", None) or factories.make_run()
    problem = values.pop("problem", None) or factories.make_problem()
    return [factories.make_trace(run=run, problem=problem, **values) for _ in range(count)]


def queue_of(actor: User, traces: list[Trace], **values: Any) -> Queue:
    """A queue of all traces of these traces' run, newest first where nothing else is said."""
    fields = {"title": "A queue", "selection": Selection(run=traces[0].run_id), "item_order": Queue.Order.NEWEST}
    return make_queue(actor=actor, draft=QueueDraft(**{**fields, **values}))


def item_of(queue: Queue, trace: Trace) -> QueueItem:
    return QueueItem.objects.select_related("queue", "trace").get(queue=queue, trace=trace)


def decide(reviewer: User, item: QueueItem, draft: ReviewDraft = ACCEPT, token: uuid.UUID | None = None) -> Assignment:
    """Decide on an item with a form of its own."""
    item = QueueItem.objects.select_related("queue", "trace").get(pk=item.pk)
    return decide_item(reviewer=reviewer, item=item, submitted=Submitted(draft, uuid.uuid4(), token))


def form_of(assignment: Assignment, **values: Any) -> dict[str, Any]:
    """What the form of an item sends where it is accepted and nothing else is said."""
    fields = {"decision": "accept", "key": uuid.uuid4(), "lease": assignment.token or "", "then": "next"}
    return {**fields, **values}


def filled(**values: Any) -> dict[str, Any]:
    """What the form of a new queue sends where nothing is changed."""
    usual = {
        "title": "Right ones",
        "item_order": "newest",
        "reviews_each": 1,
        "doubled_percent": 0,
        "steps": "each",
        "hide_reviews": "on",
        "gold_count": 0,
        "training_count": 0,
        "gold_every": 0,
    }
    return {**usual, **values}


class ChanceReviewer:
    """A reviewer in a thread of their own who does as chance has it until a step finds nothing more to do; `fault` is
    what broke."""

    def __init__(self, person: User, queue: Queue, seed: int) -> None:
        self.person, self.queue, self.chance = person, queue, random.Random(seed)
        self.fault: BaseException | None = None

    def work(self) -> None:
        try:
            while self._step():
                pass
        except BaseException as fault:
            self.fault = fault
        finally:
            connection.close()

    def _step(self) -> bool:
        """Do one thing; whether there is more to do."""
        raise NotImplementedError
