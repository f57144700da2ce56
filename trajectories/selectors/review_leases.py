"""Reading the leases of reviewers."""

import uuid
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from trajectories.models import ProblemCandidate, ReviewLease, Trace

SUBJECTS: Mapping[type[models.Model], str] = {Trace: "trace", ProblemCandidate: "candidate"}
"""What can be leased, with the name of the lease's field that holds it."""


def running_leases() -> QuerySet[ReviewLease]:
    """The leases that have not expired."""
    return ReviewLease.objects.filter(expires_at__gt=Now())


def free_for(subject: type[models.Model], reviewer: User | None) -> Combinable:
    """The condition on rows of a subject that nobody but the reviewer has it leased."""
    leases = running_leases().filter(**{SUBJECTS[subject]: OuterRef("pk")})
    return ~Exists(leases if reviewer is None else leases.exclude(holder=reviewer))


def held_by(subject: type[models.Model], reviewer: User) -> Exists:
    """The condition on rows of a subject that the reviewer has it leased."""
    return Exists(running_leases().filter(holder=reviewer, **{SUBJECTS[subject]: OuterRef("pk")}))


def trace_holder(trace_id: int) -> User | None:
    """Who has a trace leased now, None where nobody."""
    lease = running_leases().filter(trace=trace_id).select_related("holder").first()
    return None if lease is None else lease.holder


def known_review(*, reviewer: User, trace_id: int, token: uuid.UUID) -> int:
    """The newest review that the holder of this lease of the trace may know of; 0 where it is no lease of theirs."""
    lease = ReviewLease.objects.filter(trace=trace_id, holder=reviewer, token=token).first()
    return 0 if lease is None else lease.last_review
