"""Every registered sampler keeps the Protocol's promises."""

import pytest

from tests.core.samplers.tasks import FLIP, make_request
from trajectories.core.records import SampleFailure, SampleRequest, SampleResult
from trajectories.core.samplers import SAMPLERS

REQUESTS = [make_request(FLIP, view, ordinal) for view in ("grid", "object", "pixel") for ordinal in (0, 1, 5000)]


@pytest.fixture(params=sorted(SAMPLERS))
def outcomes(request: pytest.FixtureRequest) -> dict[int, SampleResult | SampleFailure]:
    drawn = list(SAMPLERS[request.param]().sample(REQUESTS))
    assert sorted(position for position, _ in drawn) == list(range(len(REQUESTS)))
    return dict(drawn)


@pytest.mark.parametrize("kind", sorted(SAMPLERS))
def test_has_a_name_and_a_version(kind: str) -> None:
    sampler = SAMPLERS[kind]()
    assert sampler.name
    assert sampler.version >= 1


def test_draws_at_least_one_result(outcomes: dict[int, SampleResult | SampleFailure]) -> None:
    assert any(isinstance(outcome, SampleResult) for outcome in outcomes.values())


def test_a_result_answers_every_test_input_and_asks_only_what_the_problem_shows(
    outcomes: dict[int, SampleResult | SampleFailure],
) -> None:
    for outcome in outcomes.values():
        if isinstance(outcome, SampleResult):
            assert len(outcome.answer) == len(FLIP["test"])
            assert [message["role"] for message in outcome.messages] == ["user", "assistant"]
            assert outcome.reasoning
            assert outcome.steps


def test_a_failure_is_a_plain_sentence(outcomes: dict[int, SampleResult | SampleFailure]) -> None:
    for outcome in outcomes.values():
        if isinstance(outcome, SampleFailure):
            assert outcome.kind
            assert outcome.message.endswith(".")


@pytest.mark.parametrize("kind", sorted(SAMPLERS))
def test_nothing_asked_gives_nothing(kind: str) -> None:
    none: list[SampleRequest] = []
    assert list(SAMPLERS[kind]().sample(none)) == []
