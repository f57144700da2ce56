"""Tags: putting them on the traces of a selection, and taking them off."""

import re

from django.contrib.auth.models import User
from django.db import connection, transaction

from trajectories.core.faults import Fault
from trajectories.core.selections import LONGEST, Selection
from trajectories.models import AuditEvent, Tag, TraceTag
from trajectories.selectors.blinding import Sight
from trajectories.selectors.trace_filters import traces_in

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
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO trajectories_tracetag (tag_id, trace_id, author_id, created_at)"
            " SELECT %s, key, %s, STATEMENT_TIMESTAMP() FROM unnest(%s::bigint[]) AS key ON CONFLICT DO NOTHING",
            [tag.pk, actor.pk, keys],
        )
        count = int(cursor.rowcount)
    _audit(actor, "tag.added", tag, scope, count)
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
    count, _ = (tags if of_others else tags.filter(author=actor)).delete()
    _audit(actor, "tag.removed", tag, scope, count)
    return count


def _keys(scope: Selection, sight: Sight) -> list[int]:
    keys = list(traces_in(scope, sight).order_by().values_list("pk", flat=True)[: MOST_TAGGED + 1])
    if not keys:
        raise Fault("No trace is in this selection; nothing to tag.")
    if len(keys) > MOST_TAGGED:
        raise Fault(f"Found more than {MOST_TAGGED:,} traces, expected at most so many. Add a filter.")
    return keys


def _audit(actor: User, verb: str, tag: Tag, scope: Selection, count: int) -> None:
    data = {"tag": tag.name, "selection": scope.to_json(), "traces": count}
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="tag", object_id=tag.pk, data=data)
