"""Reading tags of traces, as far as they may be seen."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from trajectories.models import Tag, Trace, TraceTag
from trajectories.selectors.blinding import Sight, tags_seen

MOST_NAMES = 200


def tags_of(traces: Sequence[Trace], sight: Sight) -> Mapping[int, list[str]]:
    """The names of the tags of each trace, each once, in alphabetical order. One query."""
    found: dict[int, set[str]] = defaultdict(set)
    tags = TraceTag.objects.filter(tags_seen(sight), trace__in=[trace.pk for trace in traces])
    for trace_id, name in tags.values_list("trace", "tag__name"):
        found[trace_id].add(name)
    return {trace_id: sorted(names) for trace_id, names in found.items()}


def list_tags(sight: Sight) -> list[str]:
    """The names of tags, for choosing one; of more than MOST_NAMES the newest. Who is blind is offered their own."""
    tags = Tag.objects.all()
    if sight.is_blind:
        tags = tags.filter(pk__in=TraceTag.objects.filter(author=sight.reviewer).values("tag"))
    return sorted(tags.order_by("-pk").values_list("name", flat=True)[:MOST_NAMES])
