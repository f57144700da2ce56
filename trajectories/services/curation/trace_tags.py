"""Tags: putting them on the traces of a selection, taking them off, and undoing either.

The audit event of each holds what undoing it takes: when tags were put there, or whose were taken off which traces.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.core.selections import LONGEST, Selection
from trajectories.models import AuditEvent, Tag, TraceTag
from trajectories.selectors.blinding import Sight
from trajectories.selectors.trace_filters import traces_in
from trajectories.selectors.trace_tags import ADDED, REMOVED, UNDONE

MOST_TAGGED = 100_000
"""So many traces may be tagged at once: about ten seconds."""

_NAME = re.compile(r"\w[\w .:/+-]*")


def tag_name(text: str) -> str:
    """The name of a tag as it is stored. Raises Fault for what cannot be one."""
    name, most = " ".join(text.lower().split()), LONGEST["tag"]
    if not name or len(name) > most or not _NAME.fullmatch(name):
        found = f"found {text.strip()[:50]!r}" if text.strip() else "found nothing"
        expected = f"expected up to {most} letters, digits, spaces and . : / + - _, a letter or digit first"
        raise Fault(f"Tag: {found}, {expected}.", field="tag")
    return name


@transaction.atomic
def add_tag(*, actor: User, scope: Selection, sight: Sight, name: str) -> int:
    """Put a tag on the traces of a selection as far as the actor sees it; returns how many bear it anew, by them.

    Raises Fault for a name that is none, and for more than MOST_TAGGED traces.
    """
    name = tag_name(name)
    keys = _keys(scope, sight)
    tag, _ = Tag.objects.get_or_create(name=name, defaults={"created_by": actor})
    now = timezone.now()
    count = _put(tag, actor.pk, keys, now)
    _audit(actor, ADDED, tag, scope, count, {"at": now.isoformat()})
    return count


@transaction.atomic
def remove_tag(*, actor: User, scope: Selection, sight: Sight, name: str, of_others: bool = False) -> int:
    """Take a tag off the traces of a selection: one's own, with `of_others` everybody's. Returns how many there were.

    A tag that nobody uses is on none of them: that others use one may not be seen. Raises Fault for a name that is
    none, and for more than MOST_TAGGED traces.
    """
    name, keys = tag_name(name), _keys(scope, sight)
    tag = Tag.objects.filter(name=name).first()
    if tag is None:
        return 0
    tags = TraceTag.objects.filter(tag=tag, trace__in=keys)
    tags = tags if of_others else tags.filter(author=actor)
    taken: dict[str, list[int]] = defaultdict(list)
    for author, trace in tags.select_for_update().values_list("author", "trace"):
        taken[str(author)].append(trace)
    count, _ = tags.delete()
    _audit(actor, REMOVED, tag, scope, count, {"taken": taken})
    return count


@transaction.atomic
def undo_tagging(*, actor: User, event: AuditEvent) -> int:
    """Undo what one's own event of a tag did, once; returns of how many traces. Raises Fault where that is not to be.

    What was put there anew since stays, and so does what others have taken off.
    """
    tag = Tag.objects.select_for_update().get(pk=event.object_id)
    if event.actor_id != actor.pk or event.verb not in (ADDED, REMOVED):
        raise Fault("Found something that is not yours to undo; expected a tag that you put on or took off.")
    if AuditEvent.objects.filter(verb=UNDONE, object_type="tag", object_id=tag.pk, data__event=event.pk).exists():
        raise Fault("This is undone already.")
    if "taken" in event.data:
        count = sum(_put(tag, int(who), keys, timezone.now()) for who, keys in event.data["taken"].items())
    else:
        at = datetime.fromisoformat(event.data["at"])
        count, _ = TraceTag.objects.filter(tag=tag, author=actor, created_at=at).delete()
    data = {"tag": tag.name, "event": event.pk, "traces": count}
    AuditEvent.objects.create(actor=actor, verb=UNDONE, object_type="tag", object_id=tag.pk, data=data)
    return count


def _put(tag: Tag, author: int, keys: list[int], at: datetime) -> int:
    """Put a tag on those traces that do not bear it by this author; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO trajectories_tracetag (tag_id, trace_id, author_id, created_at)"
            " SELECT %s, id, %s, %s FROM trajectories_trace WHERE id = ANY(%s) ON CONFLICT DO NOTHING",
            [tag.pk, author, at, keys],
        )
        return int(cursor.rowcount)


def _keys(scope: Selection, sight: Sight) -> list[int]:
    keys = list(traces_in(scope, sight).order_by().values_list("pk", flat=True)[: MOST_TAGGED + 1])
    if not keys:
        raise Fault("No trace is in this selection; nothing to tag.")
    if len(keys) > MOST_TAGGED:
        raise Fault(f"Found more than {MOST_TAGGED:,} traces, expected at most so many. Add a filter.")
    return keys


def _audit(
    actor: User, verb: str, tag: Tag, scope: Selection, count: int, undoing: Mapping[str, JSON | dict[str, list[int]]]
) -> None:
    data = {"tag": tag.name, "selection": scope.to_json(), "traces": count, **undoing}
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="tag", object_id=tag.pk, data=data)
