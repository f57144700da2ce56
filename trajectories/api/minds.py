"""Minds: what agents in worlds remember, read and put in its place."""

import json
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Query, Schema
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.shapes import Body, Cursor, Key, Limit, Rows, rows_of
from trajectories.core.selections import GREATEST_ID
from trajectories.models import ApiToken, Mind, Transition
from trajectories.selectors.minds import count_memory, last_change, list_minds, read_state
from trajectories.selectors.paging import page_by_id
from trajectories.services.runs.minds import MAX_NUMBER, import_memory

VIEW = ("trajectories.view_run", "trajectories.view_trace")
CONTROL = ("trajectories.view_run", "trajectories.control_run")
MOST_SENT = 50_000
Number = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
State = Annotated[list[Number], Field(min_length=1, max_length=100, description="A state of the world.")]


class MindRow(Schema):
    """A mind: the agent of one ordinal of a run, how many episodes it has played, how many transitions it remembers,
    and the mind that it went on from."""

    id: int
    run: int
    agent: str
    ordinal: int
    temperature: float
    episodes: int
    remembered: int
    went_on_from: int | None
    created_at: str


class MindShown(MindRow):
    """A mind with its world. `last_change` is the last episode with a change of the world that it has met; `unseen`
    transitions were not seen since, `overwritten` ones were contradicted."""

    settings: dict[str, Any]
    world: dict[str, Any]
    surroundings: dict[str, Any]
    last_change: int | None
    unseen: int
    overwritten: int


class TransitionShown(Schema):
    """A transition: in `state`, `action` led to `after`, which was the goal where it is `reached`. `visits` counts how
    often, from episode `first_episode` to step `seen_step` of `seen_episode`. `overwritten` counts how often it was
    contradicted, last in `overwritten_episode`, when it led to `former` before."""

    state: list[int]
    action: int
    after: list[int]
    reached: bool
    visits: int
    first_episode: int
    seen_episode: int
    seen_step: int
    overwritten: int
    overwritten_episode: int | None
    former: list[int] | None


class TransitionGiven(Body):
    """A transition, as one is answered."""

    state: State
    action: Number
    after: State
    reached: bool = False
    visits: Number
    first_episode: Number
    seen_episode: Number
    seen_step: Number
    overwritten: Number = 0
    overwritten_episode: Number | None = None
    former: State | None = None


class NewMemory(Body):
    """All that a mind remembers from now on."""

    transitions: Annotated[list[TransitionGiven], Field(max_length=MOST_SENT)]


@door("GET", "/minds", *VIEW, answers=Rows[MindRow])
def list_all_minds(
    request: HttpRequest,  # noqa: ARG001
    run: Annotated[int | SkipJsonSchema[None], Query(ge=1, le=GREATEST_ID, description="Those of one run.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """Minds, newest first."""
    return rows_of(page_by_id(list_minds(run), size=limit, before=cursor), _row)


def _row(mind: Any) -> dict[str, Any]:
    same = ("id", "agent", "ordinal", "temperature", "episodes", "remembered")
    return {
        **{name: getattr(mind, name) for name in same},
        "run": mind.run_id,
        "went_on_from": mind.went_on_from_id,
        "created_at": mind.created_at.isoformat(),
    }


@door("GET", "/minds/{mind_id}", *VIEW, answers=MindShown)
def get_mind(request: HttpRequest, mind_id: Key) -> Any:  # noqa: ARG001
    """One mind."""
    return _shown(_find(mind_id))


def _find(mind_id: int) -> Any:
    found = list_minds().filter(pk=mind_id).first()
    if found is None:
        raise Http404(f"There is no mind {mind_id}.")
    return found


def _shown(mind: Mind) -> dict[str, Any]:
    change = last_change(mind)
    counts = count_memory(mind, change)
    return {
        **_row(mind),
        **{name: getattr(mind, name) for name in ("settings", "world", "surroundings")},
        "last_change": change,
        "unseen": counts.unseen,
        "overwritten": counts.overwritten,
    }


@door("GET", "/minds/{mind_id}/memory", *VIEW, answers=Rows[TransitionShown])
def list_memory(request: HttpRequest, mind_id: Key, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """All that a mind remembers, in the order in which it was first kept."""
    rows = _find(mind_id).transitions.all()
    return rows_of(page_by_id(rows, size=limit, after=cursor, newest_first=False), _transition)


def _transition(row: Transition) -> dict[str, Any]:
    numbers = ("action", "reached", "visits", "first_episode", "seen_episode", "seen_step")
    return {
        **{name: getattr(row, name) for name in (*numbers, "overwritten", "overwritten_episode")},
        "state": read_state(row.state),
        "after": read_state(row.after),
        "former": None if row.former is None else read_state(row.former),
    }


@door("POST", "/minds/{mind_id}/memory", *CONTROL, scope=ApiToken.Scope.LAUNCH, answers=MindShown)
def put_memory(request: HttpRequest, mind_id: Key, given: NewMemory) -> Any:
    """Put a memory in the place of what a mind remembers, while its run is not active. Sent twice it is the same."""
    mind = _find(mind_id)
    lines = (json.dumps(each.model_dump()).encode() for each in given.transitions)
    import_memory(actor=asking(request), mind=mind, lines=lines)
    return _shown(_find(mind_id))
