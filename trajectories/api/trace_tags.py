"""Tags of traces: listing them, putting one on the traces of a selection, taking it off, and undoing either."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.queue_making import selection_of
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, Rows, Word, once, rows_of
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.forms.trace_tags import REMOVE_TAGS_OF_OTHERS, TagForm
from trajectories.models import ApiToken, AuditEvent, Tag
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.trace_tags import last_tagging, tags_for
from trajectories.services.curation.trace_tags import add_tag, remove_tag, undo_tagging

TAGS = ("trajectories.view_trace", "trajectories.add_tracetag")


class TagRow(Schema):
    """A tag that traces may bear."""

    id: int
    name: str


class Tagging(Free):
    """Which tag, and the traces of which selection, by the names of the filters of GET /traces."""

    tag: Annotated[Word, Field(min_length=1)]
    selection: Annotated[dict[str, Any], Field(max_length=100, description="Empty for all traces.")] = {}


class Tagged(Schema):
    """On how many traces something has changed, by you. `event` is what undoes it; null where nothing has changed."""

    tag: str
    traces: int
    event: int | None


@door("GET", "/tags", "trajectories.view_trace", answers=Rows[TagRow])
def list_tags(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Tags of traces, newest first: those that you put there, and all where you may see what others decide."""
    page = page_by_id(tags_for(sight_of(asking(request))), size=limit, before=cursor)
    return rows_of(page, lambda tag: {"id": tag.pk, "name": tag.name})


@door("POST", "/tags/add", *TAGS, scope=ApiToken.Scope.REVIEW, answers=Tagged, status=201)
def tag_traces(request: HttpRequest, given: Tagging, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Put a tag on the traces of a selection, at most 100,000. A tag that is new is made."""
    return once(request, idempotency_key, given, lambda: _tag(request, given, removes=False))


@door("POST", "/tags/remove", *TAGS, scope=ApiToken.Scope.REVIEW, answers=Tagged, status=201)
def untag_traces(request: HttpRequest, given: Tagging, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Take a tag off the traces of a selection: your own, and that of others where you may."""
    return once(request, idempotency_key, given, lambda: _tag(request, given, removes=True))


def _tag(request: HttpRequest, given: Tagging, *, removes: bool) -> dict[str, JSON]:
    person, form = asking(request), TagForm({"tag": given.tag})
    if not form.is_valid():
        raise fault_of(form)
    name = form.cleaned_data["tag"]
    wish: dict[str, Any] = {"actor": person, "scope": selection_of(given.selection), "sight": sight_of(person)}
    if removes:
        count = remove_tag(**wish, name=name, of_others=person.has_perm(REMOVE_TAGS_OF_OTHERS))
    else:
        count = add_tag(**wish, name=name)
    event = last_tagging(person) if count else None
    return {"tag": name, "traces": count, "event": event.pk if event else None}


@door("POST", "/tags/events/{event_id}/undo", *TAGS, scope=ApiToken.Scope.REVIEW, answers=Tagged)
def undo_tags(request: HttpRequest, event_id: Key) -> Any:
    """Undo what you did with a tag, once. What was put there anew since stays."""
    event = AuditEvent.objects.filter(pk=event_id, object_type="tag", actor=asking(request)).first()
    if event is None:
        raise Http404(f"There is nothing of yours about a tag with the number {event_id}.")
    count = undo_tagging(actor=asking(request), event=event)
    tag = Tag.objects.filter(pk=event.object_id).first()
    if tag is None:
        raise Fault("The tag is not there any more.")
    return {"tag": tag.name, "traces": count, "event": None}
