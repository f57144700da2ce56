"""Strategies at work: rounds planned from verdicts, asked over HTTP."""

import pytest

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import FLIP_PROGRAM, assert_counters_add_up, make_instruction, make_problem, make_trace, plan
from trajectories.core.records import SampleFailure
from trajectories.core.strategies.plans import Diversity
from trajectories.models import Attempt, Run, RunProblem, Trace
from trajectories.services.runs.attempts import claim_batch
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.lifecycle import (
    RunStateError,
    cancel_run,
    extend_run,
    pause_run,
    resume_run,
    set_budget,
)
from trajectories.services.runs.plans import Budget, PlanError
from trajectories.services.runs.requests import sample_request
from trajectories.services.runs.rounds import advance_run, move_on
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Answer, FakeEndpoint
from trajectories.stand_ins.fake_endpoint.answers import IDENTITY, program_text

pytestmark = pytest.mark.django_db(transaction=True)

SWAP = "def transform(grid):\n    return [row[:] for row in grid][::-1]\n"


def learner(prompt, asked_before):
    """Wrong at first; right once it is told what its program did."""
    program = FLIP_PROGRAM if "Your program" in prompt else IDENTITY
    return Answer(f"{program_text(program)}\n(sample {asked_before})")


def plan_chat(endpoint, **options) -> Run:
    view = options.pop("view", None) or make_instruction(style="program", suits="chat")
    fields = {"instructions": [view], "samples_each": 2, "seed": 7, "problems": [make_problem()], **options}
    return plan(sampler=sampler_for(endpoint, concurrency=4), **fields)


def work(run) -> Run:
    """What the tasks do: draw, verify, and go on while there is more."""
    rung: list[int] = []
    more = True
    while more:
        rung.clear()
        report = sample_session(
            run_id=run.pk, on_traces=lambda ids: verify_traces(trace_ids=list(ids), on_more=rung.append)
        )
        verify_traces(trace_ids=report.trace_ids, on_more=rung.append)
        more = report.more or bool(rung)
    assert_counters_add_up(run)
    return run


def test_revisions_are_told_what_the_program_did_and_hang_on_their_parents():
    with FakeEndpoint(answerer=learner) as endpoint:
        run = work(plan_chat(endpoint, strategy="revise", settings={"rounds": 2, "parents": 1, "children": 2}))
    assert (run.state, run.planned_count, run.correct_count) == ("finished", 4, 2)
    first = list(Trace.objects.filter(run=run, attempt__round=0))
    revised = list(Trace.objects.filter(run=run, attempt__round=1).select_related("prompt"))
    assert {trace.correctness for trace in first} == {"fail"}
    assert {trace.train_error for trace in first} == {1.0}
    assert len({trace.parent_id for trace in revised}) == 1
    assert revised[0].parent in first
    assert "Expected output" in revised[0].prompt.body
    assert len({trace.reasoning_id for trace in revised}) == 2, "children do not collapse into one"
    told = [call.body["messages"] for call in endpoint.calls if len(call.body["messages"]) > 1]
    assert [message["role"] for message in told[0]] == ["user", "assistant", "user"]
    assert "def transform" in told[0][1]["content"]


def test_a_problem_whose_programs_fit_is_left_alone():
    with flip_endpoint() as endpoint:
        run = work(plan_chat(endpoint, strategy="revise"))
    assert (run.state, run.planned_count) == ("finished", 2)
    assert RunProblem.objects.get(run=run).closed


def test_until_solved_stops_once_enough_right_ones_differ():
    programs = [FLIP_PROGRAM, FLIP_PROGRAM.replace("row[::-1]", "list(reversed(row))")]

    def two_ways(_, asked_before):
        return Answer(program_text(programs[asked_before % 2]))

    with FakeEndpoint(answerer=two_ways) as endpoint:
        run = work(plan_chat(endpoint, strategy="until-solved", samples_each=50, settings={"wanted": 2, "step": 4}))
    assert (run.state, run.planned_count, run.correct_count) == ("finished", 4, 4)
    assert len(endpoint.calls) == 4


def test_a_problem_that_is_never_solved_uses_all_its_samples_and_no_more():
    with FakeEndpoint(answerer=lambda *_: Answer(program_text(IDENTITY))) as endpoint:
        run = work(plan_chat(endpoint, strategy="until-solved", samples_each=10, settings={"wanted": 1, "step": 4}))
    assert (run.state, run.planned_count, run.correct_count) == ("finished", 10, 0)


def test_experts_compose_what_they_write():
    """The first program turns the rows around, the second one, which sees only its outputs, does the rest."""
    turned = make_problem(
        spec={
            "train": [{"input": [[1, 2], [3, 4]], "output": [[4, 3], [2, 1]]}],
            "test": [{"input": [[5, 6], [7, 8]]}],
        },
        reference=[[[8, 7], [6, 5]]],
    )

    def expert(prompt, _):
        first = prompt.split("Example 1 input")[1].split("output")[0]
        return Answer(program_text(FLIP_PROGRAM if first.index("3") < first.index("1") else SWAP))

    with FakeEndpoint(answerer=expert) as endpoint:
        run = work(plan_chat(endpoint, strategy="experts", problems=[turned], samples_each=1))
    assert (run.state, run.planned_count, run.correct_count) == ("finished", 2, 1)
    composed = Trace.objects.select_related("program", "parent").get(run=run, correctness="pass")
    assert composed.attempt.kind == "composition"
    assert composed.parent.run == run
    assert "first_step" in composed.program.body


def test_experts_whose_program_breaks_are_given_the_error():
    broken = "def transform(grid):\n    raise KeyError('no such colour')\n"

    def expert(prompt, _):
        return Answer(program_text(FLIP_PROGRAM if "no such colour" in prompt else broken))

    with FakeEndpoint(answerer=expert) as endpoint:
        run = work(plan_chat(endpoint, strategy="experts", samples_each=1))
    assert (run.planned_count, run.correct_count) == (2, 1)
    assert Trace.objects.get(run=run, correctness="pass").attempt.kind == "revision"


def test_only_unsolved_training_problems_are_asked_with_the_answer():
    solved_by_name = make_problem(name="easy", statement="easy")
    problems = [make_problem(), make_problem(split="eval"), make_problem(reference=None), solved_by_name]
    with FakeEndpoint(answerer=lambda *_: Answer(program_text(IDENTITY))) as endpoint:
        run = plan_chat(endpoint, strategy="rationalise", problems=problems, settings={"samples": 1})
        make_right(run, solved_by_name)
        assert work_through_first_round(run) == 8
        hinted = list(
            Attempt.objects.filter(run=run, kind="hinted").select_related("run__sampler", "problem", "instruction")
        )
    assert [attempt.problem for attempt in hinted] == problems[:1]
    request = sample_request(hinted[0])
    assert request.hint == "[[9, 8, 7]]"
    hinted[0].problem = problems[1]
    refused = sample_request(hinted[0])
    assert isinstance(refused, SampleFailure)
    assert "may not be given away" in refused.message


def make_right(run, problem):
    """One of the problem's samples is right already, by another attempt of the run."""
    attempt = Attempt.objects.filter(run=run, problem=problem).first()
    Attempt.objects.filter(pk=attempt.pk).update(state="done")
    make_trace(run=run, problem=problem, attempt=attempt, correctness="pass")
    Run.objects.filter(pk=run.pk).update(done_count=1, verified_count=1, correct_count=1)


def work_through_first_round(run) -> int:
    """Draw and verify what is planned now; returns how many attempts have a trace."""
    report = sample_session(run_id=run.pk, on_traces=lambda ids: verify_traces(trace_ids=list(ids)))
    verify_traces(trace_ids=report.trace_ids)
    return Trace.objects.filter(run=run, attempt__round=0).count()


def test_planning_a_round_twice_or_by_two_plans_it_once():
    with FakeEndpoint(answerer=learner) as endpoint:
        run = plan_chat(endpoint, strategy="revise", settings={"rounds": 1, "parents": 1, "children": 3})
        report = sample_session(run_id=run.pk, on_traces=lambda _: None)
        assert not move_on(run_id=run.pk), "its traces are not verified yet"
        verify_traces(trace_ids=report.trace_ids)
    assert (advance_run(run_id=run.pk), move_on(run_id=run.pk)) == (0, False)
    run.refresh_from_db()
    assert (run.planned_count, run.attempts.filter(round=1).count()) == (5, 3)
    assert list(run.attempts.order_by("index").values_list("index", flat=True)) == list(range(5))


def test_a_paused_run_plans_nothing_until_it_is_resumed_and_a_cancelled_one_never(lead):
    with FakeEndpoint(answerer=learner) as endpoint:
        run = plan_chat(endpoint, strategy="revise", settings={"rounds": 1})
        report = sample_session(run_id=run.pk, on_traces=lambda _: None)
        pause_run(actor=lead, run=run)
        verify_traces(trace_ids=report.trace_ids)
        run.refresh_from_db()
        assert (run.state, run.planned_count) == ("paused", 2)
        resume_run(actor=lead, run=run)
        work(run)
        assert run.state == "finished"
        assert run.planned_count > 2
        other = plan_chat(endpoint, strategy="revise")
        cancel_run(actor=lead, run=other)
    assert advance_run(run_id=other.pk) == 0


def test_failed_attempts_end_a_round_too():
    with FakeEndpoint(answerer=lambda *_: Answer("")) as endpoint:
        run = work(plan_chat(endpoint, strategy="revise", settings={"rounds": 1, "parents": 1, "children": 1}))
    assert run.state == "finished"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "nonesuch"}, "Found the strategy 'nonesuch'"),
        ({"strategy": "revise", "settings": {"rounds": 0}}, "Rounds: found 0, expected a whole number from 1 to 50."),
        ({"strategy": "revise"}, "needs a language model"),
        ({"diversity": Diversity(colours=True)}, "are for language models"),
        ({"temperatures": [0.1, 0.2, 0.3], "spread": True}, "the two ends of a range"),
    ],
)
def test_a_strategy_that_cannot_be_followed_says_why(options, message):
    with pytest.raises(PlanError, match=message):
        plan(**options)
    assert not Run.objects.exists()


def test_experts_need_instructions_that_ask_for_programs():
    with flip_endpoint() as endpoint, pytest.raises(PlanError, match="expected one for programs"):
        plan_chat(endpoint, strategy="experts", view=make_instruction(style="direct", suits="chat"))


def test_the_embedded_search_can_be_sampled_until_solved():
    run = plan(strategy="until-solved", samples_each=6, settings={"wanted": 1, "step": 2})
    assert run.planned_count == 2
    assert len(claim_batch(run_id=run.pk).attempts) == 2


def test_temperatures_are_spread_over_the_samples():
    run = plan(temperatures=[0.2, 1.2], spread=True, samples_each=5)
    assert list(run.attempts.order_by("index").values_list("temperature", flat=True)) == [0.2, 0.45, 0.7, 0.95, 1.2]


def test_drawing_more_of_each_asks_for_the_new_samples_alone(lead):
    with flip_endpoint() as endpoint:
        run = work(plan_chat(endpoint, samples_each=3))
        assert len(endpoint.calls) == 3
        run = work(extend_run(actor=lead, run=run, samples_each=5))
        assert (run.state, run.done_count, len(endpoint.calls)) == ("finished", 5, 5)
        repeated = work(
            plan(
                sampler=run.sampler,
                problems=[run.attempts.first().problem],
                seed=run.seed,
                instructions=[run.attempts.first().instruction],
                samples_each=5,
                temperatures=run.plan["temperatures"],
            )
        )
    assert len(endpoint.calls) == 5, "a larger plan with the same seed finds all of them paid for"
    assert repeated.done_count == 5


def test_more_is_not_drawn_past_a_money_or_token_budget(lead):
    with flip_endpoint() as endpoint:
        run = work(plan_chat(endpoint, samples_each=2))
        Run.objects.filter(pk=run.pk).update(budget_tokens=1)
        with pytest.raises(
            RunStateError, match=r"The token budget of 1 has 0 left; a sample may take .* Raise the budget"
        ):
            extend_run(actor=lead, run=run, samples_each=3)
        set_budget(actor=lead, run=run, budget=Budget(tokens=10**6))
        assert work(extend_run(actor=lead, run=run, samples_each=3)).done_count == 3
