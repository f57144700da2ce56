"""Language models for tests: settings and samplers that ask a fake endpoint over HTTP."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.factories import FLIP_PROGRAM, FLIP_SPEC
from trajectories.adapters.chat_api import ChatSettings
from trajectories.adapters.endpoints import AddressRules, EndpointAccess, KeyBindings
from trajectories.core.records import InstructionRecord, ProblemKind, PublicProblem, SampleRequest
from trajectories.models import Sampler
from trajectories.services.endpoints.samplers import add_chat_sampler
from trajectories.stand_ins.fake_endpoint import FakeEndpoint, canned

KEY = "sk-test-0123456789abcdef"
FLIP = PublicProblem(ProblemKind.ARC, "flip", "", FLIP_SPEC, "flip")
PROGRAM = InstructionRecord("program", 1, "grid", "program")


def flip_endpoint(*arguments: Any, **options: Any) -> FakeEndpoint:
    """An endpoint whose every answer solves the flip problem."""
    return FakeEndpoint(*arguments, answerer=canned(program=FLIP_PROGRAM), **options)


def access_to(
    url: str = "",
    *,
    keys: tuple[str, ...] = ("K",),
    addresses: str = "loopback",
    environment: Mapping[str, str] | None = None,
) -> EndpointAccess:
    """Rules that bind the variables to the URL and read them from `environment`."""
    bindings = KeyBindings.read(",".join(f"{name}={url}" for name in keys) if url else "")
    return EndpointAccess(bindings, AddressRules.read(addresses), environment=environment or {})


def bind_keys(settings: Any, text: str) -> None:
    """Let the installation under test have these MODEL_KEYS, read from the real environment."""
    settings.MODEL_ENDPOINTS = replace(settings.MODEL_ENDPOINTS, keys=KeyBindings.read(text))


def settings_for(endpoint: FakeEndpoint, **values: Any) -> ChatSettings:
    """Short limits, so that what goes wrong goes wrong soon."""
    return ChatSettings(
        **{
            "base_url": endpoint.url.replace(":0/", ":9/"),  # one that is not started has no port yet
            "model": "fake",
            "max_output_tokens": 200,
            "timeout_seconds": 20.0,
            "tries": 3,
            **values,
        }
    )


def sampler_for(endpoint: FakeEndpoint, **values: Any) -> Sampler:
    """A sampler row for the endpoint."""
    name = f"fake-{Sampler.objects.count()}"
    return add_chat_sampler(actor=None, name=name, title="Fake", settings=settings_for(endpoint, **values))


def request_for(ordinal: int, **values: Any) -> SampleRequest:
    """One sample of the flip problem."""
    fields = {
        "problem": FLIP,
        "instruction": PROGRAM,
        "temperature": 1.0,
        "seed": 100 + ordinal,
        "group_seed": 7,
        "ordinal": ordinal,
        **values,
    }
    return SampleRequest(**fields)
