"""The symbolic sampler as a run uses it: full traces, drawn without repetition, the same for the same seed."""

from dataclasses import replace
from typing import Any

import pytest

from tests.core.samplers.tasks import FLIP, FLIP_ANSWER, UNSOLVABLE, make_request, training_spec
from trajectories.core.identity import canonical_json
from trajectories.core.records import (
    PublicProblem,
    SampleFailure,
    SampleRequest,
    SampleResult,
    StepKind,
)
from trajectories.core.samplers.base import Together
from trajectories.core.samplers.symbolic import SymbolicSampler, sampler

SOLVED = [
    ("0d3d703e", "grid"),
    ("a416b8f3", "grid"),
    ("3c9b0459", "grid"),
    ("be94b721", "object"),
    ("6e82a1ae", "object"),
    ("d2abd087", "object"),
]


def draw(request: SampleRequest) -> SampleResult | SampleFailure:
    ((position, outcome),) = SymbolicSampler().sample([request])
    assert position == 0
    return outcome


def draw_result(spec: dict[str, Any], **more: Any) -> SampleResult:
    outcome = draw(make_request(spec, **more))
    assert isinstance(outcome, SampleResult), outcome
    return outcome


@pytest.mark.parametrize(("name", "view"), SOLVED)
def test_known_training_tasks_are_solved_by_the_first_sample(name: str, view: str) -> None:
    spec, answers = training_spec(name)
    assert draw_result(spec, view=view).answer == answers


def test_the_trace_observes_tries_explains_programs_checks_and_answers() -> None:
    result = draw_result(FLIP)
    kinds = [step.kind for step in result.steps]
    for kind in (
        StepKind.OBSERVATION, StepKind.HYPOTHESIS, StepKind.BACKTRACK, StepKind.SUBTASK, StepKind.PROGRAM,
        StepKind.REFLECTION, StepKind.ANSWER,
    ):  # fmt: skip
        assert kind in kinds
    assert result.answer == FLIP_ANSWER
    assert result.program in result.reasoning
    assert result.messages[1]["content"] == result.reasoning
    assert "Turn the grid upside down" in [step.title for step in result.steps]


def test_a_backtrack_shows_a_pair_on_which_the_hypothesis_really_fails() -> None:
    steps = [step for step in draw_result(FLIP).steps if step.kind is StepKind.BACKTRACK]
    assert steps
    for step in steps:
        assert step.data["expected"] == FLIP["train"][step.data["pair"]]["output"]
        assert step.data["predicted"] != step.data["expected"]


def test_the_prompt_shows_the_pairs_and_never_a_test_output() -> None:
    spec, answers = training_spec("6e82a1ae")
    prompt = draw_result(spec, view="object").messages[0]["content"]
    digits = ["\n".join(" ".join(map(str, row)) for row in grid) for grid in answers]
    assert all(text not in prompt for text in digits)
    shown = "\n".join(" ".join(map(str, row)) for row in spec["train"][0]["output"])
    assert shown in prompt


def test_samples_of_a_problem_are_distinct_programs_and_some_do_not_fit() -> None:
    outcomes = [draw(make_request(FLIP, ordinal=ordinal)) for ordinal in range(12)]
    results = [outcome for outcome in outcomes if isinstance(outcome, SampleResult)]
    assert len(results) == 12
    assert len({result.program for result in results}) == 12
    fits = [result.facts["train_pairs_right"] == result.facts["train_pairs"] for result in results]
    assert fits[0]
    assert any(fits)
    assert not all(fits)


def test_beyond_the_population_there_is_a_plain_failure() -> None:
    outcome = draw(make_request(FLIP, ordinal=100_000))
    assert isinstance(outcome, SampleFailure)
    assert outcome.kind == "exhausted"
    assert "all of them have been drawn" in outcome.message


def test_the_same_request_gives_the_same_sample_whatever_it_is_asked_with() -> None:
    wanted = make_request(FLIP, ordinal=3, temperature=0.8)
    others = [make_request(FLIP, ordinal=ordinal, temperature=0.8) for ordinal in (5, 1)]
    alone = draw(wanted)
    together = dict(SymbolicSampler().sample([others[0], wanted, others[1]]))[1]
    assert isinstance(alone, SampleResult)
    assert isinstance(together, SampleResult)
    assert (alone.steps, alone.program, alone.answer) == (together.steps, together.program, together.answer)


def test_temperature_and_group_seed_change_the_order_of_drawing() -> None:
    def order(temperature: float, group_seed: int) -> list[str]:
        return [
            draw_result(FLIP, ordinal=ordinal, temperature=temperature, group_seed=group_seed).program
            for ordinal in range(10)
        ]

    assert order(0.0, 1) == order(0.0, 2)
    assert order(1.0, 1) == order(1.0, 1)
    assert order(1.0, 1) != order(1.0, 2)


def test_where_nothing_fits_the_trace_says_so() -> None:
    result = draw_result(UNSOLVABLE)
    reflection = next(step for step in result.steps if step.kind is StepKind.REFLECTION)
    assert reflection.title.startswith("It fails on pair")
    assert result.facts["train_pairs_right"] < result.facts["train_pairs"]


def test_an_unknown_view_and_a_broken_problem_fail_with_a_sentence() -> None:
    unknown = draw(make_request(FLIP, view="smell"))
    assert isinstance(unknown, SampleFailure)
    assert "smell" in unknown.message
    request = make_request(FLIP)
    broken = PublicProblem(request.problem.kind, "broken", "", {}, "0")
    failed = draw(SampleRequest(broken, request.instruction, 0.0, 1, 1, 0))
    assert isinstance(failed, SampleFailure)
    assert failed.kind == "problem"


@pytest.mark.parametrize("work", [0, -1, 10**12, 1.5, "much", True, None])
def test_a_wrong_amount_of_work_fails_with_a_sentence(work: object) -> None:
    failed = draw(make_request(FLIP, work=work))
    assert isinstance(failed, SampleFailure)
    assert "'work'" in failed.message
    assert "expected 1 to" in failed.message


def test_an_effort_is_a_share_of_the_work() -> None:
    asked = make_request(UNSOLVABLE, work=400_000)
    less, same = draw(replace(asked, effort=0.25)), draw(make_request(UNSOLVABLE, work=100_000))
    assert isinstance(less, SampleResult)
    assert isinstance(same, SampleResult)
    assert replace(less, latency_seconds=0.0) == replace(same, latency_seconds=0.0)
    all_of_it = draw(asked)
    assert isinstance(all_of_it, SampleResult)
    assert 0 < int(str(less.facts["work"])) < int(str(all_of_it.facts["work"]))


def test_a_sample_is_plain_json() -> None:
    result = draw_result(FLIP, view="object")
    canonical_json([result.answer, dict(result.facts), [dict(step.data) for step in result.steps]])
    canonical_json([dict(message) for message in result.messages])


@pytest.mark.parametrize(("seconds", "sizes"), [(60.0, [3, 2]), (0.0, [1] * 5)])
def test_candidates_of_one_search_come_together_and_none_waits_for_another_search(monkeypatch, seconds, sizes):
    monkeypatch.setattr(sampler, "AT_ONCE_SECONDS", seconds)
    views = ["grid", "object", "grid", "object", "grid"]
    requests = [make_request(FLIP, view=view, ordinal=number // 2) for number, view in enumerate(views)]
    together = list(SymbolicSampler().sample_together(requests))
    assert [len(outcomes) for outcomes in together] == sizes
    assert all(len({views[position] for position, _ in outcomes}) == 1 for outcomes in together)
    alone = {position: outcome.program for position, outcome in SymbolicSampler().sample(requests)}
    assert {position: outcome.program for outcomes in together for position, outcome in outcomes} == alone
    assert isinstance(SymbolicSampler(), Together)
