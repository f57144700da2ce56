"""How long files made of releases stay: until nobody has asked for them for a while, unless they are pinned."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from trajectories.models import AuditEvent, Delivery, Export
from trajectories.selectors.clock import database_now
from trajectories.services.releases import deliveries, exports
from trajectories.services.releases.stores import file_store

logger = logging.getLogger(__name__)

AT_ONCE = 500
READY = "ready"
Kept = Export | Delivery


@dataclass(frozen=True, slots=True)
class KeptKind:
    """A table of jobs that leave a file, and what that is called in the store."""

    rows: QuerySet[Any]
    name: Callable[[Any], str]


KINDS = {
    "export": KeptKind(Export.objects.all(), exports.stored_name),
    "delivery": KeptKind(Delivery.objects.filter(what=Delivery.What.ENVIRONMENT), deliveries.stored_name),
}
"""By the word of the kind of job."""


def kept_days() -> int:
    """For how many days a file is kept that nobody asks for; 0 for ever."""
    days: int = settings.EXPORT_DAYS
    return days


def goes_on(kept: Kept) -> datetime | None:
    """When a file that is there will be deleted unless somebody asks for it; None where it stays."""
    since = kept.used_at or kept.finished_at
    if not kept_days() or kept.pinned or since is None or kept.state != READY or kept.dropped_at is not None:
        return None
    return since + timedelta(days=kept_days())


def drop_unused() -> int:
    """Delete the files that nobody has asked for since EXPORT_DAYS; how many. Safe to run at any time, twice at once.

    A file goes before its row says so: one whose row was not reached is not there, and is written again when asked for.
    """
    if not kept_days():
        return 0
    oldest = database_now() - timedelta(days=kept_days())
    unused = Q(used_at__lt=oldest) | Q(used_at__isnull=True, finished_at__lt=oldest)
    dropped = 0
    for word, kind in KINDS.items():
        rows = kind.rows.filter(unused, state=READY, pinned=False, dropped_at=None)
        for key in list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
            try:
                dropped += _drop(word, kind, rows.filter(pk=key))
            except OSError:
                logger.exception("The file of %s %d could not be deleted", word, key)
    return dropped


@transaction.atomic
def pin_file(*, actor: User, kind: str, job_id: int, pinned: bool) -> Kept:
    """Keep the file of an export or of a package whatever happens, or no longer; twice changes nothing more.

    Raises KeyError for another kind, ObjectDoesNotExist for no such job.
    """
    kept: Kept = KINDS[kind].rows.select_for_update(no_key=True).get(pk=job_id)
    if kept.pinned != pinned:
        kept.pinned, kept.used_at = pinned, timezone.now()
        kept.save(update_fields=["pinned", "used_at"])
        verb = f"{kind}.{'pin' if pinned else 'unpin'}"
        AuditEvent.objects.create(actor=actor, verb=verb, object_type=kind, object_id=kept.pk, data={})
    return kept


def _drop(word: str, kind: KeptKind, rows: QuerySet[Any]) -> int:
    """Delete the file of the one row, unless somebody has it or has asked for it meanwhile; how many were."""
    with transaction.atomic():
        kept = rows.select_for_update(skip_locked=True, no_key=True).first()
        if kept is None:
            return 0
        file_store().drop(kind.name(kept))
        kind.rows.filter(pk=kept.pk).update(dropped_at=Now())
        data = {"sha256": kept.sha256, "days": kept_days()}
        AuditEvent.objects.create(actor=None, verb=f"{word}.drop", object_type=word, object_id=kept.pk, data=data)
    return 1
