"""Deliveries: packages made of releases, and pushes to a hub, as jobs of workers under a lease."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from trajectories.adapters.disk import free_bytes, is_full
from trajectories.adapters.hub import HubError
from trajectories.core.records import JSON
from trajectories.models import AuditEvent, Delivery, Export, Release
from trajectories.models.job_kinds import RETRY
from trajectories.selectors.disk import NO_SPACE
from trajectories.services.jobs.heartbeats import KeptLease
from trajectories.services.jobs.leases import MOST_CLAIMS, claim_job, lease_of, lost_of, release_job, renew_job
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.releases.environments import environment_chunks, environment_filename, read_contents
from trajectories.services.releases.pushes import push_export, read_target
from trajectories.services.releases.stores import file_folder, file_store

BEAT_SECONDS = 30.0
SPACE_RESERVE = 16 * 1024 * 1024
"""Once the disk was full, so much more has to be free before a delivery is tried again."""

NOTHING = "No problem of this release can be scored without a person or a model: there is nothing to make a package of."
GIVEN_UP = f"Given up after {MOST_CLAIMS} attempts that did not come to an end."
State = Delivery.State


class DeliveryError(JobError):
    """A delivery that cannot be asked for, or that cannot be made; the message says why."""


class _LeaseLostError(Exception):
    """Another worker has taken the delivery over, or it was cancelled."""


def stored_name(delivery: Delivery) -> str:
    """The name of a package's file in the store."""
    return f"delivery-{delivery.pk}.whl"


def delivery_filename(delivery: Delivery) -> str:
    """The name a download gets; installers read it."""
    return environment_filename(delivery.release)


@transaction.atomic
def request_environment(*, actor: User, release: Release) -> Delivery:
    """The package of a release: the one there is, or a new one, which is rung for.

    One that failed or was cancelled, or whose file is gone, is built again.
    """
    delivery, made = Delivery.objects.select_for_update(of=("self",)).get_or_create(
        release=release, what=Delivery.What.ENVIRONMENT, defaults={"created_by": actor, "used_at": timezone.now()}
    )
    is_there = delivery.state == State.READY and file_store().has(stored_name(delivery))
    if not made:
        if is_there or delivery.is_active:
            Delivery.objects.filter(pk=delivery.pk).update(used_at=Now())
            if delivery.state == State.QUEUED:
                ring("delivery", delivery.pk)
            return delivery
        return retry_delivery(actor=actor, job_id=delivery.pk)
    _audit(actor, "request", delivery, {"release": release.pk, "what": delivery.what})
    ring("delivery", delivery.pk)
    return delivery


@transaction.atomic
def request_push(*, actor: User, export: Export, key_name: str, repository: str, private: bool) -> Delivery:
    """Queue the push of a file to a hub, and ring for it. Raises Fault with the field that is wrong.

    A push of the same file to the same repository that waits or is under way is that one.
    """
    target = read_target(key_name=key_name, repository=repository.strip(), private=private)
    same = Delivery.objects.select_for_update(of=("self",)).filter(
        what=Delivery.What.PUSH, export=export, target=target, state__in=Delivery.ACTIVE_STATES
    )
    if (under_way := same.order_by("pk").first()) is not None:
        ring("delivery", under_way.pk)
        return under_way
    delivery = Delivery.objects.create(
        release=export.release, what=Delivery.What.PUSH, export=export, target=target, created_by=actor
    )
    _audit(actor, "request", delivery, {"release": export.release_id, "what": delivery.what, **target})
    ring("delivery", delivery.pk)
    return delivery


def retry_delivery(*, actor: User | None, job_id: int) -> Delivery:
    """Make a delivery again, and ring for it. Raises JobError while it waits or is being made."""

    def begin_anew(held: Delivery) -> dict[str, JSON]:
        held.done_count, held.space_needed, held.used_at, held.dropped_at = 0, None, timezone.now(), None
        return {"release": held.release_id, "what": held.what}

    delivery: Delivery = steer("delivery", RETRY, actor=actor, job_id=job_id, change=begin_anew)
    return delivery


def deliver_next(*, job_id: int) -> bool:
    """Make a delivery that waits for it; whether this call did.

    Safe to run twice and at the same time: the row is claimed by a lease, every worker makes the same bytes, and a file
    is put in place in one step. What goes wrong is kept with the delivery as its reason.
    """
    token, deliveries = uuid.uuid4(), Delivery.objects.filter(pk=job_id)
    waiting = deliveries.filter(state__in=Delivery.ACTIVE_STATES)
    if not claim_job(waiting, token, state=State.RUNNING, done_count=0, reason=""):
        return False
    held = deliveries.filter(lease_token=token, state=State.RUNNING)
    with lease_of(deliveries, token):
        delivery = Delivery.objects.select_related("release", "export", "created_by").get(pk=job_id)
        if delivery.claims > MOST_CLAIMS:
            return not _end(held, State.FAILED, reason=GIVEN_UP)
        try:
            with KeptLease(lambda: renew_job(held), BEAT_SECONDS):
                made = _MAKERS[Delivery.What(delivery.what)](delivery, held)
        except _LeaseLostError:
            return False
        except DeliveryError as fault:
            return not _end(held, State.FAILED, reason=str(fault))
        except OSError as fault:
            if is_full(fault):
                needed = free_bytes(file_folder()) + SPACE_RESERVE
                release_job(held, token, state=State.QUEUED, claims=0, reason=NO_SPACE, space_needed=needed)
            else:
                _end(held, State.FAILED, reason=f"The file could not be written: {fault.strerror or fault}")
            return False
        return _end(held, State.READY, reason="", space_needed=None, used_at=Now(), dropped_at=None, **made)


def lost_deliveries() -> list[int]:
    """Deliveries that nobody is at and whose bell is long unanswered, marked as rung; none that still lacks space."""
    return lost_of(Delivery, free=free_bytes(file_folder()))


def record_delivery_download(*, actor: User, delivery: Delivery) -> None:
    """Write down who took a package, and that it is in use."""
    Delivery.objects.filter(pk=delivery.pk).update(used_at=Now())
    _audit(actor, "download", delivery, {"sha256": delivery.sha256})


def _make_environment(delivery: Delivery, held: QuerySet[Delivery]) -> dict[str, Any]:
    contents = read_contents(delivery.release)
    if not contents.problems:
        raise DeliveryError(NOTHING)
    total = len(contents.problems)
    if not held.update(total_count=total):
        raise _LeaseLostError
    chunks = _held_chunks(environment_chunks(contents), held)
    written = file_store().put(stored_name(delivery), chunks)
    return {"byte_size": written.byte_size, "sha256": written.sha256, "done_count": total, "total_count": total}


def _held_chunks(chunks: Iterable[bytes], held: QuerySet[Delivery]) -> Iterator[bytes]:
    """The chunks, as long as the lease is held: the last is not given away unless it still is, so that a worker whose
    delivery was cancelled puts no file in place."""
    yield from chunks
    if not held.exists():
        raise _LeaseLostError


def _end(held: QuerySet[Delivery], state: str, **values: Any) -> bool:
    """End the delivery, unless the lease was lost; whether it was not."""
    return bool(held.update(state=state, finished_at=Now(), **values))


def _audit(actor: User | None, verb: str, delivery: Delivery, data: dict[str, JSON]) -> None:
    AuditEvent.objects.create(
        actor=actor, verb=f"delivery.{verb}", object_type="delivery", object_id=delivery.pk, data=data
    )


def _make_push(delivery: Delivery, held: QuerySet[Delivery]) -> dict[str, Any]:
    held.update(total_count=1)
    try:
        pushed = push_export(delivery)
    except (HubError, FileNotFoundError) as fault:
        raise DeliveryError(str(fault)) from fault
    outcome = {"commit": pushed.commit, "address": pushed.address}
    _audit(delivery.created_by, "push", delivery, {**delivery.target, **outcome})
    return {"outcome": outcome, "done_count": 1, "total_count": 1}


_MAKERS = {Delivery.What.ENVIRONMENT: _make_environment, Delivery.What.PUSH: _make_push}
