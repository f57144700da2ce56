"""Samplers: the embedded one registers itself; language models are added by people."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.adapters.chat_api import ChatSettings
from trajectories.adapters.chat_api.wire.options import REMEDIES, apply_remedies, ignored_temperature
from trajectories.adapters.endpoints import AccessError
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Sampler
from trajectories.services.endpoints.access import check_access

SYMBOLIC = "symbolic"


class SamplerError(Fault):
    """A sampler that cannot be made."""


def ensure_symbolic() -> Sampler:
    """The embedded symbolic sampler, made on first use."""
    sampler, _ = Sampler.objects.get_or_create(
        name=SYMBOLIC, defaults={"title": "Symbolic program search", "kind": Sampler.Kind.SYMBOLIC}
    )
    return sampler


WORK_A_SECOND = 6_000_000
"""Units of work of the symbolic search in about one second of a processor."""


def symbolic_within(seconds: float) -> Sampler:
    """The symbolic sampler that searches grids and objects for about so many processor seconds, made on first use."""
    work = round(seconds * WORK_A_SECOND)
    sampler, _ = Sampler.objects.get_or_create(
        name=f"symbolic-{work}",
        defaults={
            "title": f"Symbolic program search, {seconds:g} s a task",
            "kind": Sampler.Kind.SYMBOLIC,
            "parameters": {"work": work},
        },
    )
    return sampler


SHIPPED_AGENTS: Mapping[str, tuple[str, str, Mapping[str, int]]] = {
    "fast-slow": ("Fast & slow", "fast-slow", {}),
    "fast-only": ("Fast only", "fast-slow", {"slow": 0}),
    "slow-only": ("Slow only", "fast-slow", {"fast": 0}),
    "neither-fast-nor-slow": ("Neither fast nor slow", "fast-slow", {"fast": 0, "slow": 0}),
    "q-learning": ("Q-learning", "q-learning", {}),
    "random": ("Random", "random", {}),
}
"""(title, agent, settings) by the name of the sampler."""


def ensure_agents() -> list[Sampler]:
    """The agents that are shipped, made on first use."""
    return [
        Sampler.objects.get_or_create(
            name=name,
            version=1,
            defaults={
                "title": title,
                "kind": Sampler.Kind.AGENT,
                "parameters": {"agent": agent, "settings": dict(settings)},
            },
        )[0]
        for name, (title, agent, settings) in SHIPPED_AGENTS.items()
    ]


@transaction.atomic
def add_chat_sampler(
    *, actor: User | None, name: str, title: str, settings: ChatSettings, parent: Sampler | None = None
) -> Sampler:
    """A new language model. Raises SamplerError where the name is taken, or where its address or its key is not
    allowed."""
    settings = _allowed(settings)
    if Sampler.objects.filter(name=name).exists():
        raise SamplerError(f"There is a sampler named {name!r}; expected a name of its own.", field="name")
    return _add_version(actor, name, title, settings, version=1, parent=parent)


@transaction.atomic
def revise_chat_sampler(*, actor: User | None, sampler: Sampler, title: str, settings: ChatSettings) -> Sampler:
    """The next version of a language model. Runs planned before go on with the version they were planned with.

    Raises SamplerError for an embedded sampler, where `sampler` is not the newest version any more, or where the
    address or the key is not allowed.
    """
    settings = _allowed(settings)
    newest = Sampler.objects.select_for_update().filter(name=sampler.name).order_by("-version").first()
    if newest is None or not newest.has_endpoint:
        raise SamplerError(f"{sampler.title} is built in; it cannot be changed.")
    if newest.pk != sampler.pk:
        raise SamplerError(f"Somebody has made version {newest.version} of it in the meantime; begin from that one.")
    if newest.title == title and _completed(newest.parameters) == settings.as_parameters():
        return newest
    return _add_version(actor, newest.name, title, settings, version=newest.version + 1, parent=newest.parent)


def adopt_remedies(*, actor: User | None, sampler: Sampler, remedies: Sequence[str]) -> Sampler:
    """The next version of a language model with the changes that a trial proposes (chat_api.options.REMEDIES).

    Raises SamplerError for a remedy that is not known and as `revise_chat_sampler` does.
    """
    if unknown := [word for word in remedies if word not in REMEDIES]:
        raise SamplerError(f"Found {unknown[0]!r}, expected some of {', '.join(REMEDIES)}.")
    try:
        settings = ChatSettings.from_parameters(apply_remedies(sampler.parameters, remedies))
    except (ValueError, TypeError, ArithmeticError) as fault:
        raise SamplerError(str(fault)) from fault
    return revise_chat_sampler(actor=actor, sampler=sampler, title=sampler.title, settings=settings)


def _allowed(settings: ChatSettings) -> ChatSettings:
    """The settings with the base URL in its one form. Raises SamplerError where the installation does not allow them;
    whether a call may be made is asked again when it is made."""
    try:
        return replace(settings, base_url=str(check_access(settings)))
    except AccessError as fault:
        raise SamplerError(str(fault), field=fault.field) from fault


def _completed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Stored parameters with what a version made before there was such a setting does."""
    return {**ChatSettings(base_url="", model="").as_parameters(), **parameters}


def _add_version(
    actor: User | None, name: str, title: str, settings: ChatSettings, *, version: int, parent: Sampler | None
) -> Sampler:
    sampler = Sampler.objects.create(
        name=name,
        title=title,
        kind=Sampler.Kind.CHAT,
        version=version,
        parameters=settings.as_parameters(),
        parent=parent,
    )
    data = {"name": name, "version": version}
    AuditEvent.objects.create(actor=actor, verb="added", object_type="sampler", object_id=sampler.pk, data=data)
    return sampler


def temperature_note(sampler: Sampler) -> str:
    """Why a language model draws with other temperatures than those planned; empty where it draws with them, and for
    parameters that are no settings."""
    try:
        return ignored_temperature(ChatSettings.from_parameters(sampler.parameters)) if sampler.has_endpoint else ""
    except (ValueError, TypeError, ArithmeticError):
        return ""
