"""A queue of what an audit of verifiers finds, in one step."""

from dataclasses import replace

from django.contrib.auth.models import User
from django.utils import timezone

from trajectories.core.selections import Selection
from trajectories.models import Queue
from trajectories.selectors.audits import Audit
from trajectories.selectors.blinding import Sight
from trajectories.selectors.traces import count_traces
from trajectories.services.curation.queues import QueueDraft, make_queue
from trajectories.services.jobs.steering import JobError


def queue_of_audit(*, actor: User, audit: Audit, scope: Selection, sight: Sight) -> Queue:
    """Make a queue of what an audit finds of a selection, problem by problem, with the usual rules. Raises JobError
    where it finds no trace that the actor may see."""
    scope = replace(scope, audit=audit.name)
    if not count_traces(scope, sight):
        raise JobError(f"“{audit.title}” finds no trace now, so no queue was made.")
    title = f"Audit: {audit.title}, {timezone.localdate():%Y-%m-%d}"
    draft = QueueDraft(title=title, selection=scope, guidelines=_guidelines(audit), item_order=Queue.Order.PROBLEM)
    return make_queue(actor=actor, draft=draft)


def _guidelines(audit: Audit) -> str:
    return f"{audit.meaning}\n\nWhat may be behind it: {audit.causes}\n\nSay in the comment which of the two is wrong."
