"""Audits: where verifiers, people, models and files disagree, and a queue of what one finds."""

from dataclasses import replace
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.queue_making import QueueShown, selection_of, show_queue
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Limit, OneOf, Rows, once
from trajectories.api.trace_shapes import TraceFilters, TraceRow, show_rows, walk_of
from trajectories.core.records import JSON
from trajectories.core.selections import AUDITS
from trajectories.models import ApiToken
from trajectories.selectors.audits import LISTED, Audit, audit_notes
from trajectories.selectors.blinding import SEE_REVIEWS, sight_of
from trajectories.selectors.listing import Count
from trajectories.selectors.traces import count_traces, list_traces
from trajectories.services.curation.audits import queue_of_audit

VIEW = ("trajectories.view_trace", SEE_REVIEWS)
Filters = Annotated[TraceFilters, Query()]
Name = Annotated[str, OneOf(AUDITS), Path(description="Name of an audit.")]


class AuditShown(Schema):
    """An audit: what it finds, what may be behind it, and how many traces it finds now: so many where `is_exact`, else
    more."""

    name: str
    title: str
    meaning: str
    causes: str
    traces: int
    is_exact: bool


class Audits(Schema):
    """Every audit there is."""

    items: list[AuditShown]


class AuditedTrace(TraceRow):
    """A trace that an audit finds, with what disagrees about it, "" where the audit itself says it."""

    note: str


class AuditQueue(Free):
    """Of which traces the audit is made."""

    selection: Annotated[dict[str, Any], Field(max_length=100, description="Empty for all traces.")] = {}


@door("GET", "/audits", *VIEW, answers=Audits)
def list_audits(request: HttpRequest, filters: Filters) -> Any:
    """Every audit with the number of traces that it finds, of everything or of a selection."""
    scope, sight = walk_of(filters), sight_of(asking(request))
    return {"items": [_shown(audit, count_traces(replace(scope, audit=audit.name), sight)) for audit in LISTED]}


def _shown(audit: Audit, found: Count) -> dict[str, JSON]:
    same: dict[str, JSON] = {name: getattr(audit, name) for name in ("name", "title", "meaning", "causes")}
    return {**same, "traces": found.least, "is_exact": found.is_exact}


@door("GET", "/audits/{name}", *VIEW, answers=Rows[AuditedTrace])
def list_audited_traces(
    request: HttpRequest, name: Name, filters: Filters, cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """The traces that one audit finds, newest first."""
    walk = replace(walk_of(filters), audit=name)
    page = list_traces(walk, sight_of(asking(request)), before=cursor, size=limit)
    notes = audit_notes(name, page.rows)
    shown = zip(show_rows(page.rows), page.rows, strict=True)
    return {"items": [{**row, "note": notes.get(trace.pk, "")} for row, trace in shown], "next": page.next}


@door(
    "POST",
    "/audits/{name}/queue",
    *("trajectories.add_queue", "trajectories.view_trace", SEE_REVIEWS),
    scope=ApiToken.Scope.WRITE,
    answers=QueueShown,
    status=201,
)
def make_audit_queue(
    request: HttpRequest, name: Name, given: AuditQueue, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Make a queue of what an audit finds, problem by problem, with the usual rules. 409 where it finds nothing."""
    return once(request, idempotency_key, given, lambda: _make(request, name, given))


def _make(request: HttpRequest, name: str, given: AuditQueue) -> dict[str, JSON]:
    person = asking(request)
    audit = next(audit for audit in LISTED if audit.name == name)
    queue = queue_of_audit(actor=person, audit=audit, scope=selection_of(given.selection), sight=sight_of(person))
    return show_queue(queue, person)
