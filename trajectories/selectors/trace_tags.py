"""Reading tags of traces, as far as they may be seen."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from trajectories.models import AuditEvent, Tag, Trace, TraceTag
from trajectories.selectors.blinding import Sight, tags_seen

MOST_NAMES = 200
ADDED, REMOVED, UNDONE = "tag.added", "tag.removed", "tag.undone"
"""What an audit event of a tag says."""


def tags_of(traces: Sequence[Trace], sight: Sight) -> Mapping[int, list[str]]:
    """The names of the tags of each trace, each once, in alphabetical order. One query."""
    found: dict[int, set[str]] = defaultdict(set)
    tags = TraceTag.objects.filter(tags_seen(sight), trace__in=[trace.pk for trace in traces])
    for trace_id, name in tags.values_list("trace", "tag__name"):
        found[trace_id].add(name)
    return {trace_id: sorted(names) for trace_id, names in found.items()}


def tags_for(sight: Sight) -> QuerySet[Tag]:
    """The tags that may be known; who is blind knows their own."""
    tags = Tag.objects.all()
    if not sight.is_blind:
        return tags
    return tags.filter(pk__in=TraceTag.objects.filter(author=sight.reviewer).values("tag"))


def list_tags(sight: Sight) -> list[str]:
    """The names of tags, for choosing one; of more than MOST_NAMES the newest. Who is blind is offered their own."""
    return sorted(tags_for(sight).order_by("-pk").values_list("name", flat=True)[:MOST_NAMES])


UNDO_TIME = timedelta(hours=1)
"""So long what one did with a tag is offered to be undone."""


def last_tagging(person: User) -> AuditEvent | None:
    """What somebody did with a tag last, where that was lately, changed something and is not undone. One query."""
    events = AuditEvent.objects.filter(actor=person, object_type="tag", created_at__gt=timezone.now() - UNDO_TIME)
    last = events.order_by("-pk").first()
    return last if last is not None and last.verb != UNDONE and last.data["traces"] else None
