"""Language models for tests: settings and samplers that ask a fake endpoint over HTTP."""

from typing import Any

from tests.factories import FLIP_PROGRAM, FLIP_SPEC
from trajectories.adapters.chat_api import ChatSettings
from trajectories.adapters.fake_endpoint import FakeEndpoint, canned
from trajectories.core.records import InstructionRecord, ProblemKind, PublicProblem, SampleRequest
from trajectories.models import Sampler
from trajectories.services.samplers import add_chat_sampler

KEY = "sk-test-0123456789abcdef"
FLIP = PublicProblem(ProblemKind.ARC, "flip", "", FLIP_SPEC, "flip")
PROGRAM = InstructionRecord("program", 1, "grid", "program")


def flip_endpoint(*arguments: Any, **options: Any) -> FakeEndpoint:
    """An endpoint whose every answer solves the flip problem."""
    return FakeEndpoint(*arguments, answerer=canned(program=FLIP_PROGRAM), **options)


def settings_for(endpoint: FakeEndpoint, **values: Any) -> ChatSettings:
    """Short limits, so that what goes wrong goes wrong soon."""
    return ChatSettings(
        **{
            "base_url": endpoint.url,
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
