"""Reading threads: what people remark about traces, as far as the reader may know it, and who is called."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import BooleanField, Case, Q, QuerySet, Value, When

from trajectories.core.curation.spans import Span, nth_of
from trajectories.models import Mention, Thread, ThreadEvent, Trace
from trajectories.selectors.blinding import Sight
from trajectories.selectors.segmentations import spans_of

MENTIONS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ShownThread:
    """A thread with its remarks, oldest first. `step` is the step it is about, as the trace is cut now. `nth` tells
    which of several equal passages it quotes, from 0. `is_placed` says that its quotation stands in a step, so that it
    can be marked there."""

    thread: Thread
    events: Sequence[ThreadEvent]
    step: int | None
    nth: int
    is_placed: bool

    @property
    def is_open(self) -> bool:
        """Whether nobody has resolved it, or somebody has opened it again."""
        turns = [event.kind for event in self.events if event.kind != ThreadEvent.Kind.COMMENT]
        return not turns or turns[-1] == ThreadEvent.Kind.REOPEN


def threads_of(trace: Trace, *, reader_id: int, told: bool) -> list[ShownThread]:
    """The threads of a trace, open ones first; unless `told`, only the reader's own remarks in them. One query."""
    events = ThreadEvent.objects.filter(thread__trace=trace).select_related("thread__author", "author").order_by("pk")
    if not told:
        events = events.filter(thread__author=reader_id, author=reader_id)
    grouped: dict[int, list[ThreadEvent]] = {}
    for event in events:
        grouped.setdefault(event.thread_id, []).append(event)
    spans = spans_of(trace) if grouped else []
    shown = [_shown(trace, each, spans) for each in grouped.values()]
    return sorted(shown, key=lambda each: (not each.is_open, each.thread.pk))


def _shown(trace: Trace, events: Sequence[ThreadEvent], spans: Sequence[Span | None]) -> ShownThread:
    thread = events[0].thread
    if thread.start is None or thread.step is None:
        return ShownThread(thread, events, thread.step, 0, is_placed=False)
    # It may have been begun while the trace was cut into other steps.
    start = thread.start
    step, span = next(
        ((at, each) for at, each in enumerate(spans) if each and each[0] <= start < each[1]), (None, None)
    )
    if span is None or not thread.quote:
        return ShownThread(thread, events, step, 0, is_placed=False)
    nth = nth_of(trace.reasoning.body[span[0] : span[1]], thread.quote, start - span[0])
    return ShownThread(thread, events, step, nth, is_placed=True)


def is_open(thread: Thread) -> bool:
    """Whether a thread awaits something."""
    turns = thread.events.exclude(kind=ThreadEvent.Kind.COMMENT).order_by("-pk").values_list("kind", flat=True)
    return turns.first() in (None, ThreadEvent.Kind.REOPEN)


def unread_mentions(person: User, sight: Sight) -> QuerySet[Mention]:
    """Mentions that the person has not read, newest first. `told` says whether they may read the remark; that they are
    mentioned they may always know."""
    mentions = Mention.objects.filter(person=person, read_at=None)
    told = Q(sight.seen("event__thread__trace"))
    return (
        mentions.select_related("event__author", "event__thread__trace__problem")
        .defer("event__thread__trace__steps", "event__thread__trace__parts", "event__thread__trace__problem__spec")
        .annotate(told=Case(When(told, then=Value(True)), default=Value(False), output_field=BooleanField()))
        .order_by("-pk")
    )


def count_unread(person: User) -> int:
    """How many mentions somebody has not read, at most MENTIONS_SHOWN."""
    return Mention.objects.filter(person=person, read_at=None).values("pk")[:MENTIONS_SHOWN].count()
