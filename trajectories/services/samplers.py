"""Samplers: the embedded one registers itself; language models are added by people, and tried by one call."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.adapters.chat_api import CallError, ChatSettings, open_client
from trajectories.adapters.chat_api.calls import estimate_usage
from trajectories.adapters.chat_api.options import ignored_temperature
from trajectories.adapters.endpoints import AccessError
from trajectories.core.records import Usage
from trajectories.models import AuditEvent, Sampler
from trajectories.services.endpoints.access import check_access, endpoint_access

SYMBOLIC = "symbolic"
TEST_PROMPT = "Reply with the single word: ready."
TEST_SECONDS = 30.0
TEST_OUTPUT_TOKENS = 512
SHOWN_CHARACTERS = 400


class SamplerError(ValueError):
    """A sampler that cannot be made; the message is for people. `field` is the field of the form that it is about, None
    for the whole."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def ensure_symbolic() -> Sampler:
    """The embedded symbolic sampler, made on first use."""
    sampler, _ = Sampler.objects.get_or_create(
        name=SYMBOLIC, defaults={"title": "Symbolic program search", "kind": Sampler.Kind.SYMBOLIC}
    )
    return sampler


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
    if newest is None or not newest.is_chat:
        raise SamplerError(f"{sampler.title} is built in; it cannot be changed.")
    if newest.pk != sampler.pk:
        raise SamplerError(f"Somebody has made version {newest.version} of it in the meantime; begin from that one.")
    if newest.title == title and _completed(newest.parameters) == settings.as_parameters():
        return newest
    return _add_version(actor, newest.name, title, settings, version=newest.version + 1, parent=newest.parent)


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
        return ignored_temperature(ChatSettings.from_parameters(sampler.parameters)) if sampler.is_chat else ""
    except (ValueError, TypeError, ArithmeticError):
        return ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one call brought: an answer with its figures, or the plain cause of failure in `fault`. `detail` is what the
    endpoint said with that, for admins only."""

    fault: str = ""
    detail: str = ""
    kind: str = ""
    text: str = ""
    reasoning: str = ""
    model: str = ""
    seconds: float = 0.0
    usage: Usage | None = None
    usage_is_estimated: bool = False
    finish_reason: str = ""


def try_sampler(*, sampler: Sampler) -> Trial:
    """Make one short call and say how it went. Nothing is stored and nothing is retried."""
    try:
        settings = ChatSettings.from_parameters(
            {
                **sampler.parameters,
                "timeout_seconds": min(TEST_SECONDS, sampler.parameters.get("timeout_seconds", TEST_SECONDS)),
                "max_output_tokens": min(
                    TEST_OUTPUT_TOKENS, sampler.parameters.get("max_output_tokens", TEST_OUTPUT_TOKENS)
                ),
            }
        )
        return asyncio.run(_try(settings))
    except CallError as fault:
        return Trial(fault=fault.message, detail=fault.detail, kind=fault.kind)
    except (ValueError, TypeError) as fault:
        return Trial(fault=str(fault), kind="parameters")


async def _try(settings: ChatSettings) -> Trial:
    client = open_client(settings, endpoint_access())
    messages = [{"role": "user", "content": TEST_PROMPT}]
    started = time.monotonic()
    try:
        reply = await client.complete(messages, 1.0, 1)
    finally:
        await client.close()
    return Trial(
        text=reply.text[:SHOWN_CHARACTERS],
        reasoning=reply.reasoning[:SHOWN_CHARACTERS],
        model=reply.model,
        seconds=time.monotonic() - started,
        usage=reply.usage or estimate_usage(messages, reply),
        usage_is_estimated=reply.usage is None,
        finish_reason=str(reply.finish_reason),
    )
