"""Problems that are made by programs: families of procedural ones, and episodes of worlds."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Path, Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.form_filling import checked, filled_in
from trajectories.api.import_shapes import ImportShown, find_import, show_import
from trajectories.api.shapes import Free, IdempotencyKey, Limit, Word, once
from trajectories.core.faults import Fault
from trajectories.core.problems.episodes import MAX_EPISODES
from trajectories.core.problems.procedural import MAX_SEED, MAX_SIZE, Family, Knob, ProceduralError
from trajectories.core.problems.shipped_families import SHIPPED_FAMILIES
from trajectories.core.records import JSON
from trajectories.core.worlds import WORLDS
from trajectories.core.worlds.base import World
from trajectories.core.worlds.registered import Registered
from trajectories.core.worlds.schedules import MAX_STEPS
from trajectories.forms.procedural import PREFIX, ProceduralForm, knob_text
from trajectories.forms.worlds import SETTING, WorldForm
from trajectories.models import ApiToken, Import
from trajectories.services.imports.jobs import plan_import
from trajectories.services.jobs.ringers import ring
from trajectories.services.problems.procedural import (
    get_family,
    preview_procedural,
    procedural_installed,
    stored_families,
)

KINDS: dict[str, type[World]] = {**WORLDS, Registered.name: Registered}
VIEW, ADD = "trajectories.view_problem", "trajectories.add_problem"
Name = Annotated[str, Path(pattern=r"^[\w-]{1,100}$")]


class KnobShown(Schema):
    """A setting of a family: integer, number, flag, choice, text or list; null where the family chooses by itself."""

    name: str
    kind: str
    default: Any
    choices: list[str]
    help: str


class ExampleShown(Schema):
    """A problem that a family makes; `solution` is a worked one, "" where it writes none."""

    question: str
    answer: str | None
    solution: str


class FamilyRow(Schema):
    """A family of problems of a list. `unavailable` says why it cannot be used here."""

    name: str
    category: str
    summary: str
    is_shipped: bool
    unavailable: str


class FamilyShown(FamilyRow):
    """A family with its settings, those of each level of difficulty from easy to hard, and an example."""

    knobs: list[KnobShown]
    levels: list[dict[str, Any]]
    example: ExampleShown | None


class FamilyRows(Schema):
    """A page of families by name; `next` is the cursor of the next page. `waiting` says that those of the package are
    being described by a worker, which takes half a minute; `installed` that the package is here at all."""

    items: list[FamilyRow]
    next: str | None
    waiting: bool
    installed: bool


class Drawn(Free):
    """Which problems of a family: those of a seed, with these settings, at a level where one is named."""

    knobs: Annotated[dict[Word, Any], Field(max_length=100, description="Those left out are the family's own.")] = {}
    level: Annotated[int | None, Field(ge=0, lt=1_000, description="Begin with the settings of this level.")] = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 1
    size: Annotated[int, Field(ge=1, le=MAX_SIZE, description="How many.")] = 100


class MadeInto(Drawn):
    """Problems that go into a set, which is made if it is new."""

    set_title: Annotated[Word, Field(max_length=80, description="Empty to call it after the family.")] = ""
    split: Literal["train", "eval"] = "train"


class Examples(Schema):
    """The first problems of a draw."""

    items: list[ExampleShown]


class WorldSetting(Schema):
    """A setting of a world: one of `choices`, or a whole number in bounds."""

    name: str
    title: str
    default: Any
    choices: list[str]
    least: int | None
    most: int | None
    help: str


class WorldShown(Schema):
    """A world that episodes can be made of, with its settings, the usual steps of an episode and schedule of
    changes."""

    name: str
    title: str
    summary: str
    settings: list[WorldSetting]
    steps: int
    changes: list[dict[str, Any]]


class Worlds(Schema):
    """The worlds there are."""

    items: list[WorldShown]


class NewEpisodes(Free):
    """Episodes of a world, in which changes set settings from a step of an episode on; both count from 0."""

    settings: Annotated[dict[Word, Any], Field(max_length=100)] = {}
    env_name: Annotated[Word, Field(max_length=80, description="Of a world of Gymnasium: how it is registered.")] = ""
    episodes: Annotated[int, Field(ge=1, le=MAX_EPISODES)] = 100
    steps: Annotated[int | None, Field(ge=1, le=MAX_STEPS, description="Of an episode at the most.")] = None
    seed: Annotated[int | None, Field(ge=0, lt=2**63)] = None
    changes: Annotated[list[dict[str, Any]] | None, Field(max_length=1_000, description="Null for the usual.")] = None
    set_title: Annotated[Word, Field(max_length=80, description="Empty to call it after the world.")] = ""
    split: Literal["train", "eval"] = "train"


@door("GET", "/families", VIEW, answers=FamilyRows, tag="problems")
def list_families(
    request: HttpRequest,  # noqa: ARG001
    name: Annotated[Word, Field(description="What name, category or summary hold.")] = "",
    cursor: Annotated[Word, Field(description="Where to go on: the `next` of the page before.")] = "",
    limit: Limit = 50,
) -> Any:
    """Families of procedural problems, by name: those that come with the application, and those of its package."""
    installed = procedural_installed()
    stored = stored_families() if installed else []
    if stored is None:
        ring("families")
    word = name.strip().lower()
    found = [
        each
        for each in (*SHIPPED_FAMILIES.values(), *(stored or ()))
        if word in f"{each.name} {each.name.replace('_', ' ')} {each.category} {each.summary}".lower()
    ]
    rows = sorted((each for each in found if each.name > cursor), key=lambda each: each.name)
    following = rows[limit - 1].name if len(rows) > limit else None
    told = {"waiting": stored is None, "installed": installed}
    return {"items": [_row(family) for family in rows[:limit]], "next": following, **told}


def _row(family: Family) -> dict[str, JSON]:
    return {name: getattr(family, name) for name in FamilyRow.model_fields}


@door("GET", "/families/{name}", VIEW, answers=FamilyShown, tag="problems")
def get_one_family(request: HttpRequest, name: Name) -> Any:  # noqa: ARG001
    """One family with its settings."""
    family = _find(name)
    return {
        **_row(family),
        "knobs": [_knob(knob) for knob in family.knobs],
        "levels": [dict(level) for level in family.levels],
        "example": _example(family.example) if family.example else None,
    }


def _find(name: str) -> Family:
    family = get_family(name)
    if family is None and procedural_installed() and stored_families() is None:
        ring("families")
        raise ApiProblem(409, "The families are being described by a worker; ask again in half a minute.")
    if family is None:
        raise Http404(f"There is no family {name} here.")
    return family


def _knob(knob: Knob) -> dict[str, JSON]:
    same: dict[str, JSON] = {name: getattr(knob, name) for name in ("name", "default", "help")}
    return {**same, "kind": str(knob.kind), "choices": list(knob.choices)}


def _example(example: Any) -> dict[str, JSON]:
    return {name: getattr(example, name) for name in ExampleShown.model_fields}


def _form(family: Family, given: Drawn) -> ProceduralForm:
    """The form of a family's page, filled in. Raises Fault."""
    by_name = {knob.name: knob for knob in family.knobs}
    if given.level is not None and given.level >= len(family.levels):
        raise Fault(f"level: Found {given.level}, expected less than {len(family.levels)}.", field="level")
    level = {} if given.level is None else family.levels[given.level]
    if strange := sorted(given.knobs.keys() - by_name.keys()):
        expected = ", ".join(by_name) or "none"
        raise Fault(f"knobs: Found {strange[0][:60]!r}, expected one of {expected}.", field="knobs")
    knobs = {f"{PREFIX}{name}": knob_text(by_name[name], value) for name, value in {**level, **given.knobs}.items()}
    more = given.model_dump(exclude={"knobs", "level"})
    more = {name: value for name, value in more.items() if value != ""}
    unbound = ProceduralForm(family)
    return checked(ProceduralForm(family, {**filled_in(unbound, more), **_ticked(unbound, knobs)}))


def _ticked(form: ProceduralForm, knobs: dict[str, JSON]) -> dict[str, Any]:
    """Knobs as their fields send them; one that is set to false is not ticked, whatever it is at first."""
    sent = filled_in(form, knobs)
    return {name: value for name, value in sent.items() if name.startswith(PREFIX) and knobs.get(name) is not False}


@door("POST", "/families/{name}/preview", VIEW, ADD, scope=ApiToken.Scope.WRITE, answers=Examples, tag="problems")
def preview_family(request: HttpRequest, name: Name, given: Drawn) -> Any:  # noqa: ARG001
    """The first problems of a draw. Nothing is stored."""
    family = _usable(name)
    return {"items": _made(lambda: [_example(each) for each in preview_procedural(_form(family, given).draw())])}


def _usable(name: str) -> Family:
    family = _find(name)
    if family.unavailable:
        raise ApiProblem(409, f"This family cannot be used here: {family.unavailable}")
    return family


def _made(make: Callable[[], list[JSON]]) -> list[JSON]:
    try:
        return make()
    except ProceduralError as fault:
        raise Fault(f"{fault}.") from fault


@door(
    "POST",
    "/families/{name}/problems",
    *(VIEW, ADD),
    scope=ApiToken.Scope.WRITE,
    answers=ImportShown,
    status=201,
    tag="problems",
)
def make_procedural(
    request: HttpRequest, name: Name, given: MadeInto, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Make problems of a family, at most 10,000, as an import that a worker does: GET /imports/{id} says how far."""
    return once(request, idempotency_key, given, lambda: _make(request, _usable(name), given))


def _make(request: HttpRequest, family: Family, given: MadeInto) -> dict[str, JSON]:
    form = _form(family, given)
    draw = form.draw()
    options: dict[str, JSON] = {"draw": asdict(draw), **_target(form.cleaned_data)}
    job = plan_import(actor=asking(request), kind=Import.Kind.PROCEDURAL, source=draw.family, options=options)
    return show_import(find_import(job.pk), asking(request))


def _target(data: dict[str, Any]) -> dict[str, JSON]:
    return {"set_title": data["set_title"], "split": data["split"], "on_fault": "all_or_nothing"}


@door("GET", "/worlds", VIEW, answers=Worlds, tag="problems")
def list_worlds(request: HttpRequest) -> Any:  # noqa: ARG001
    """The worlds that episodes can be made of."""
    return {"items": [_world(kind) for kind in KINDS.values()]}


def _world(kind: type[World]) -> dict[str, JSON]:
    return {
        **{name: getattr(kind, name) for name in ("name", "title", "summary")},
        "settings": [
            {
                **{name: getattr(each, name) for name in ("name", "title", "default", "least", "most", "help")},
                "choices": list(each.choices),
            }
            for each in kind.settings
        ],
        "steps": kind.usual_steps,
        "changes": [dict(change) for change in kind.usual_changes],
    }


@door(
    "POST",
    "/worlds/{name}/problems",
    *(VIEW, ADD),
    scope=ApiToken.Scope.WRITE,
    answers=ImportShown,
    status=201,
    tag="problems",
)
def make_episodes(
    request: HttpRequest, name: Name, given: NewEpisodes, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Make episodes of a world, each a problem of its own, as an import that a worker does."""
    if name not in KINDS:
        raise Http404(f"There is no world {name}.")
    return once(request, idempotency_key, given, lambda: _play(request, KINDS[name], given))


def _play(request: HttpRequest, kind: type[World], given: NewEpisodes) -> dict[str, JSON]:
    unbound = WorldForm(kind)
    more = given.model_dump(exclude={"settings"} if kind.settings else set())
    values = {name: value for name, value in more.items() if value not in (None, "")}
    if kind.settings:
        if given.env_name:
            raise Fault("env_name: Found a name, expected none for this world.", field="env_name")
        values |= {f"{SETTING}{name}": value for name, value in given.settings.items()}
    form = checked(WorldForm(kind, filled_in(unbound, values, field="settings")))
    data = form.cleaned_data
    options: dict[str, JSON] = {
        "plan": data["plan"].to_json(),
        "episodes": data["episodes"],
        **_target(data),
    }
    job = plan_import(actor=asking(request), kind=Import.Kind.EPISODES, source=data["plan"].world, options=options)
    return show_import(find_import(job.pk), asking(request))
