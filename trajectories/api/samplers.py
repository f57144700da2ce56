"""Samplers: what runs can draw samples from, adding and changing a language model, and trying it."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, OneOf, Rows, Word, once, rows_of
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.forms.samplers import PRESETS, SamplerForm, first_values, values_of
from trajectories.models import ApiToken, Sampler
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.samplers import list_samplers
from trajectories.services.endpoints.samplers import add_chat_sampler, ensure_symbolic, revise_chat_sampler
from trajectories.services.endpoints.trials import try_sampler

KEY = "key_variable"
SETTINGS = tuple(name for name in SamplerForm.base_fields if name not in ("name", "title"))


class SamplerRow(Schema):
    """A sampler in its newest version. Where its key is kept is not told."""

    id: int
    name: str
    title: str
    kind: str
    version: int
    runs: int
    created_at: str


class SamplerShown(SamplerRow):
    """One version of a sampler with its settings, but for the variable that its key is in (`has_key`)."""

    parent: int | None
    has_key: bool
    settings: dict[str, Any]


class SamplerSettings(Free):
    """A language model as on its form. `settings` are the fields of the form by their names (base_url, model, api,
    key_variable, concurrency, max_output_tokens, input_price, extra_body, ...); those that are left out are as they
    were, of a new one as the preset or the empty form has them."""

    title: Annotated[Word, Field(description="Empty to leave it as it is.")] = ""
    settings: dict[str, Any] = {}


class NewSampler(SamplerSettings):
    """A language model that is added."""

    name: Annotated[Word, Field(description="For commands; empty for that of the preset.")] = ""
    preset: Annotated[str, OneOf(["", *PRESETS])] = ""


class TrialShown(Schema):
    """How a few short calls went: an answer with its figures, or in `fault` why there is none. `findings` say what was
    found out on the way."""

    fault: str
    kind: str
    text: str
    reasoning: str
    model: str
    seconds: float
    input_tokens: int | None
    output_tokens: int | None
    finish_reason: str
    findings: list[str]
    calls: int


@door("GET", "/samplers", "trajectories.view_sampler", answers=Rows[SamplerRow])
def list_all_samplers(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Samplers, each in its newest version, in order of making."""
    ensure_symbolic()
    page = page_by_id(list_samplers(), size=limit, after=cursor, newest_first=False)
    return rows_of(page, _row)


def _row(sampler: Any) -> dict[str, Any]:
    return {
        **{name: getattr(sampler, name) for name in ("id", "name", "title", "kind", "version")},
        "runs": getattr(sampler, "run_count", None) or 0,
        "created_at": sampler.created_at.isoformat(),
    }


@door("GET", "/samplers/{sampler_id}", "trajectories.view_sampler", answers=SamplerShown)
def get_sampler(request: HttpRequest, sampler_id: Key) -> Any:  # noqa: ARG001
    """One version of a sampler."""
    return show_sampler(_find(sampler_id))


def _find(sampler_id: int, **narrowed: Any) -> Sampler:
    found = Sampler.objects.filter(pk=sampler_id, **narrowed).first()
    if found is None:
        raise Http404(f"There is no {'language model' if narrowed else 'sampler'} {sampler_id}.")
    return found


def show_sampler(sampler: Sampler) -> dict[str, Any]:
    """One version of a sampler as it is answered."""
    return {
        **_row(sampler),
        "runs": sampler.runs.count(),
        "parent": sampler.parent_id,
        "has_key": bool(sampler.parameters.get(KEY)),
        "settings": {name: value for name, value in sampler.parameters.items() if name != KEY},
    }


@door("POST", "/samplers", "trajectories.add_sampler", scope=ApiToken.Scope.WRITE, answers=SamplerShown, status=201)
def create_sampler(request: HttpRequest, given: NewSampler, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Add a language model. Its key is a variable of the installation that an admin has bound to the address."""
    return once(request, idempotency_key, given, lambda: _create(request, given))


def _create(request: HttpRequest, given: NewSampler) -> dict[str, Any]:
    first = first_values(given.preset)
    named = {"name": given.name or first.get("name", ""), "title": given.title or first.get("title", "")}
    data = _checked(SamplerForm(_as_form({**first, **_known(given.settings), **named})))
    sampler = add_chat_sampler(actor=asking(request), name=data["name"], title=data["title"], settings=data["settings"])
    return show_sampler(sampler)


@door(
    "POST",
    "/samplers/{sampler_id}/versions",
    "trajectories.add_sampler",
    scope=ApiToken.Scope.WRITE,
    answers=SamplerShown,
    status=201,
)
def revise_sampler(
    request: HttpRequest, sampler_id: Key, given: SamplerSettings, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Make the next version of a language model, with what is given changed; the newest one where nothing has. Earlier
    runs keep theirs."""
    return once(request, idempotency_key, given, lambda: _revise(request, sampler_id, given))


def _revise(request: HttpRequest, sampler_id: int, given: SamplerSettings) -> dict[str, Any]:
    sampler = _find(sampler_id, kind=Sampler.Kind.CHAT)
    values = {**values_of(sampler), **_known(given.settings), "title": given.title or sampler.title}
    data = _checked(SamplerForm(_as_form(values), sampler=sampler))
    newest = revise_chat_sampler(actor=asking(request), sampler=sampler, title=data["title"], settings=data["settings"])
    return show_sampler(newest)


def _known(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings of which all are fields of the form. Raises Fault."""
    if strange := sorted(settings.keys() - set(SETTINGS)):
        text = f"settings: Found {strange[0][:40]!r}, expected one of {', '.join(SETTINGS)}."
        raise Fault(text, field="settings")
    return settings


def _as_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of JSON as a browser sends them: what is false or null is not there, objects are texts."""
    sent = {name: value for name, value in values.items() if value is not None and value is not False}
    return {
        name: json.dumps(value) if isinstance(value, dict | list) else str(value) if _is_number(value) else value
        for name, value in sent.items()
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _checked(form: SamplerForm) -> dict[str, Any]:
    if not form.is_valid():
        raise fault_of(form)
    return form.cleaned_data


@door("POST", "/samplers/{sampler_id}/test", "trajectories.add_sampler", scope=ApiToken.Scope.WRITE, answers=TrialShown)
def test_sampler(request: HttpRequest, sampler_id: Key) -> Any:  # noqa: ARG001
    """Make a few short calls, which cost as much, and say how they went. Nothing is stored."""
    trial = try_sampler(sampler=_find(sampler_id, kind=Sampler.Kind.CHAT))
    same = ("fault", "kind", "text", "reasoning", "model", "seconds", "finish_reason", "calls")
    told: dict[str, JSON] = {name: getattr(trial, name) for name in same}
    return {
        **told,
        "input_tokens": trial.usage.input_tokens if trial.usage else None,
        "output_tokens": trial.usage.output_tokens if trial.usage else None,
        "findings": [finding.text for finding in trial.findings],
    }
