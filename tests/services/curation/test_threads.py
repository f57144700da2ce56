"""Threads: what is said stays, is said once, and calls those it names."""

import uuid

import pytest
from django.db import IntegrityError, transaction

from tests import factories
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Mention, Thread, ThreadEvent
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.threads import threads_of, unread_mentions
from trajectories.selectors.traces import get_trace
from trajectories.services.curation.threads import About, add_to_thread, open_thread, read_mention

pytestmark = pytest.mark.django_db
BODIES = ("Each row is turned.", "So **each row** is\nturned, and each row is kept.")
STEPS = [{"kind": "text", "title": "A step", "body": body, "depth": 0, "data": {}} for body in BODIES]


@pytest.fixture
def trace(db):
    text = "\n\n".join(step["body"] for step in STEPS)
    return get_trace(factories.make_trace(reasoning=text, steps=STEPS).pk)


def begin(trace, author, body="Look.", key=None, **about):
    return open_thread(author=author, trace=trace, about=About(**about), body=body, key=key or uuid.uuid4())


def say(thread, author, kind="comment", body="Yes.", key=None):
    return add_to_thread(author=author, thread=thread, kind=kind, body=body, key=key or uuid.uuid4())


def test_words_are_kept_with_their_place_in_the_text(trace, curator):
    thread = begin(trace, curator, step=1, quote="each row", nth=1, fault="unsupported")
    text = trace.reasoning.body
    assert thread.quote == text[thread.start : thread.end] == "each row"
    assert thread.start == text.rindex("each row")
    (shown,) = threads_of(trace, reader_id=curator.pk, told=True)
    assert (shown.nth, shown.is_placed) == (1, True)
    # Other steps of the same text do not move them.
    trace.steps = [{**STEPS[0], "body": trace.reasoning.body}]
    (moved,) = threads_of(trace, reader_id=curator.pk, told=True)
    assert (moved.thread.start, moved.step, moved.nth, moved.is_placed) == (thread.start, 0, 1, True)


@pytest.mark.parametrize(
    ("about", "field"),
    [
        ({"step": 2}, "step"),
        ({"step": 0, "quote": "each column"}, "quote"),
        ({"step": 0, "quote": "kept"}, "quote"),
        ({"fault": "silly"}, "fault"),
        ({"quote": "x" * 5_001}, "quote"),
    ],
)
def test_what_is_not_there_is_refused(trace, curator, about, field):
    with pytest.raises(Fault) as fault:
        begin(trace, curator, **about)
    assert fault.value.field == field
    assert not Thread.objects.exists()


def test_a_remark_says_something_or_has_a_label(trace, curator):
    with pytest.raises(Fault, match="expected a remark"):
        begin(trace, curator, body="  ")
    begin(trace, curator, body="", step=0, quote="row", fault="wrong")


def test_sent_twice_it_is_said_once(trace, curator):
    key, other = uuid.uuid4(), uuid.uuid4()
    thread = begin(trace, curator, key=key)
    assert begin(trace, curator, key=key) == thread
    assert say(thread, curator, key=other) == say(thread, curator, key=other)
    assert ThreadEvent.objects.count() == 2


def test_a_thread_is_open_until_it_is_resolved_and_who_is_late_is_told(trace, curator, lead):
    thread = begin(trace, curator)
    say(thread, lead, "resolve", body="")
    (shown,) = threads_of(trace, reader_id=curator.pk, told=True)
    assert not shown.is_open
    with pytest.raises(Fault, match="resolved already"):
        say(thread, curator, "resolve")
    say(thread, curator, "reopen")
    with pytest.raises(Fault, match="open already"):
        say(thread, lead, "reopen")
    (shown,) = threads_of(trace, reader_id=curator.pk, told=True)
    assert (shown.is_open, len(shown.events)) == (True, 3)
    verbs = AuditEvent.objects.filter(object_id=trace.pk).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["thread.open", "thread.resolve", "thread.reopen"]


def test_who_is_called_finds_it_until_it_is_read(trace, curator, lead):
    thread = begin(trace, curator, body="@lena and @carl: right? @nobody.")
    (mention,) = unread_mentions(lead, EVERYTHING)
    assert mention.event.thread == thread
    assert not unread_mentions(curator, EVERYTHING)  # nobody calls themselves
    assert not read_mention(person=curator, mention_id=mention.pk)
    assert read_mention(person=lead, mention_id=mention.pk)
    assert not unread_mentions(lead, EVERYTHING)
    assert Mention.objects.count() == 1


def test_nothing_said_is_ever_changed(trace, curator):
    thread = begin(trace, curator)
    for rows in (Thread.objects.filter(pk=thread.pk), ThreadEvent.objects.filter(thread=thread)):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(author=curator)
