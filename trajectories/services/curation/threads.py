"""Threads: remarks about a trace, its steps and passages, with the people they mention. A remark never changes."""

import uuid
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from trajectories.core.curation.spans import (
    LONGEST_QUOTE,
    LONGEST_REMARK,
    SPAN_FAULTS,
    find_quote,
    mentioned,
    step_spans,
)
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Mention, Thread, ThreadEvent, Trace
from trajectories.selectors.threads import is_open
from trajectories.services.locks import take_turn

Kind = ThreadEvent.Kind


@dataclass(frozen=True, slots=True)
class About:
    """What a remark is about: a step by its index, a quotation from it (`nth` of several equal passages, from 0), a
    quotation from the whole text where there is no step, or the trace as a whole."""

    step: int | None = None
    quote: str = ""
    nth: int = 0
    fault: str = ""


@transaction.atomic
def open_thread(*, author: User, trace: Trace, about: About, body: str, key: uuid.UUID) -> Thread:
    """Begin a conversation; whoever is called in it finds that on their start page. `trace` comes with its text.

    The same `key` again gives the thread opened the first time. Raises Fault for a remark that says nothing, a step
    that is not there, or words that do not stand in the text.
    """
    body = _checked(body, needed=not about.fault)
    take_turn("thread", key)
    if (known := ThreadEvent.objects.filter(key=key, author=author).select_related("thread").first()) is not None:
        return known.thread
    span = _place(trace, about)
    thread = Thread.objects.create(
        trace=trace,
        step=about.step,
        start=span[0] if span else None,
        end=span[1] if span else None,
        quote=trace.reasoning.body[span[0] : span[1]] if span and about.quote.strip() else "",
        fault=about.fault,
        author=author,
    )
    _append(author, thread, Kind.COMMENT, body, key, verb="thread.open")
    return thread


@transaction.atomic
def add_to_thread(*, author: User, thread: Thread, kind: str, body: str, key: uuid.UUID) -> ThreadEvent:
    """Say something in a thread, resolve it or open it again, with some words or without.

    The same `key` again gives the event of the first time. Raises Fault for a comment that says nothing, and where
    somebody has resolved or reopened it already.
    """
    if kind not in tuple(Kind):
        raise Fault(f"Found {kind[:20]!r}, expected comment, resolve or reopen.", field="kind")
    body = _checked(body, needed=kind == Kind.COMMENT)
    take_turn("thread", thread.pk)
    if (known := ThreadEvent.objects.filter(key=key, author=author).first()) is not None:
        return known
    if kind != Kind.COMMENT and is_open(thread) is (kind == Kind.REOPEN):
        state = "open" if kind == Kind.REOPEN else "resolved"
        raise Fault(f"This thread is {state} already; somebody was faster. Your words are not stored.", field="kind")
    return _append(author, thread, Kind(kind), body, key, verb=f"thread.{kind}")


def read_mention(*, person: User, mention_id: int) -> bool:
    """Say that a mention was read; whether there was one of theirs that was not."""
    return bool(Mention.objects.filter(pk=mention_id, person=person, read_at=None).update(read_at=Now()))


def _append(author: User, thread: Thread, kind: str, body: str, key: uuid.UUID, *, verb: str) -> ThreadEvent:
    event = ThreadEvent.objects.create(thread=thread, kind=kind, body=body, author=author, key=key)
    called = User.objects.filter(username__in=mentioned(body), is_active=True).exclude(pk=author.pk)
    Mention.objects.bulk_create([Mention(event=event, person=person) for person in called])
    AuditEvent.objects.create(
        actor=author,
        verb=verb,
        object_type="trace",
        object_id=thread.trace_id,
        data={"thread": thread.pk, "event": event.pk, "mentions": [person.pk for person in called]},
    )
    return event


def _checked(body: str, *, needed: bool) -> str:
    body = body.strip()
    if needed and not body:
        raise Fault("Found nothing, expected a remark.", field="body")
    if len(body) > LONGEST_REMARK:
        raise Fault(f"Found {len(body):,} characters, expected at most {LONGEST_REMARK:,}.", field="body")
    return body


def _place(trace: Trace, about: About) -> tuple[int, int] | None:
    """Where the words stand in the trace's text, or the step that it is about; None for a remark about neither."""
    if about.fault and about.fault not in SPAN_FAULTS:
        raise Fault(f"Found {about.fault[:20]!r}, expected one from the list.", field="fault")
    if about.step is not None and not 0 <= about.step < len(trace.steps):
        raise Fault(f"Found step {about.step + 1}, but the trace has {len(trace.steps)} steps.", field="step")
    if not about.quote.strip():
        # A remark about a whole step keeps its place, whatever steps the text is cut into later.
        return None if about.step is None else step_spans(trace.reasoning.body, trace.steps[: about.step + 1])[-1]
    if len(about.quote) > LONGEST_QUOTE:
        raise Fault(f"Found {len(about.quote):,} characters, expected at most {LONGEST_QUOTE:,}.", field="quote")
    text = trace.reasoning.body
    within = (0, len(text)) if about.step is None else step_spans(text, trace.steps[: about.step + 1])[-1]
    found = None if within is None else find_quote(text[within[0] : within[1]], about.quote, about.nth)
    if within is None or found is None:
        where = "the text" if about.step is None else f"step {about.step + 1}"
        raise Fault(
            f"Found no such words in the source of {where}, expected words as they are written: select them in the raw "
            "text (r).",
            field="quote",
        )
    return within[0] + found[0], within[0] + found[1]
