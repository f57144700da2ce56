"""Examples and variations of a plan: what is sent and stored, and that answers come back in the task's own frame."""

import pytest

from tests.endpoint import sampler_for
from tests.factories import FLIP_PROGRAM, assert_counters_add_up, make_instruction, make_problem, make_trace, plan
from trajectories.adapters.chat_api.samples.conversion import request_messages
from trajectories.core.strategies.plans import Diversity
from trajectories.models import Attempt, Trace
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.first_prompts import PROMPTS_SHOWN, first_prompts
from trajectories.services.runs.plans import Plan, PlanError
from trajectories.services.runs.requests import sample_request
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Answer, FakeEndpoint
from trajectories.stand_ins.fake_endpoint.answers import program_text, read_task

pytestmark = pytest.mark.django_db(transaction=True)
VARIED = Diversity(symmetries=True, colours=True, order=True)
UP_DOWN = "def transform(grid):\n    return grid[::-1]\n"


def solver(prompt, asked_before):
    """Mirrors the grid the way that the examples of the prompt, as they are shown, are mirrored."""
    task = read_task(prompt)
    fits = {
        program: all(
            run(program, pair["input"]) == [list(row) for row in pair["output"]] for pair in task.spec["train"]
        )
        for program in (FLIP_PROGRAM, UP_DOWN)
    }
    return Answer(f"{program_text(next(program for program, fit in fits.items() if fit))}({asked_before})")


def run(program, grid):
    names: dict = {}
    exec(program, names)
    return [list(row) for row in names["transform"]([list(row) for row in grid])]


def plan_varied(endpoint, **options):
    view = make_instruction(view="digits", style="program", suits="chat")
    return plan(
        **{
            "sampler": sampler_for(endpoint, concurrency=4),
            "problems": [make_problem()],
            "instructions": [view],
            "samples_each": 8,
            **options,
        }
    )


def test_a_varied_task_is_solved_as_it_is_shown_and_verified_as_it_is():
    with FakeEndpoint(answerer=solver) as endpoint:
        made = plan_varied(endpoint, diversity=VARIED)
        verify_traces(
            trace_ids=sample_session(run_id=made.pk, on_traces=lambda ids: verify_traces(trace_ids=ids)).trace_ids
        )
    assert_counters_add_up(made)
    assert (made.done_count, made.correct_count) == (8, 8)
    traces = list(Trace.objects.filter(run=made).select_related("program", "attempt"))
    assert len({call.prompt for call in endpoint.calls}) > 4, "the samples see different prompts"
    assert [trace.attempt.ordinal for trace in traces if "variation" not in trace.facts] == [0]
    turned = [trace for trace in traces if trace.facts.get("variation", {}).get("symmetry", "identity") != "identity"]
    assert turned
    assert all("transform_varied" in trace.program.body for trace in turned)


def accepted(count):
    return [
        make_trace(decision="accepted", reasoning=f"Each row of task {number} is mirrored.") for number in range(count)
    ]


def requests_of(made):
    attempts = Attempt.objects.filter(run=made).select_related("run__sampler", "problem", "instruction")
    return [sample_request(attempt) for attempt in attempts.order_by("index")]


def test_examples_are_frozen_with_the_plan_and_the_same_for_all_samples_of_a_problem():
    accepted(5)
    with FakeEndpoint() as endpoint:
        made = plan_varied(endpoint, diversity=Diversity(examples=2), samples_each=4)
    before = requests_of(made)
    accepted(5)
    assert made.plan["example_pool"] == [trace.pk for trace in Trace.objects.order_by("-pk")[5:]]
    assert requests_of(made) == before
    assert all(request.examples == before[0].examples for request in before)
    messages = request_messages(before[0])
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2 + ["user"]
    assert "is mirrored" in messages[1]["content"]


def test_examples_may_differ_from_sample_to_sample():
    accepted(6)
    with FakeEndpoint() as endpoint:
        made = plan_varied(endpoint, diversity=Diversity(examples=2, examples_vary=True))
    drawn = {tuple(example.problem.name for example in request.examples) for request in requests_of(made)}
    assert len(drawn) > 2


def test_a_problem_is_no_example_for_itself():
    problem = make_problem()
    make_trace(decision="accepted", problem=problem)
    other = make_trace(decision="accepted")
    with FakeEndpoint() as endpoint:
        made = plan_varied(endpoint, problems=[problem], diversity=Diversity(examples=2), samples_each=1)
    (request,) = requests_of(made)
    assert [example.problem.name for example in request.examples] == [other.problem.name]


def test_without_accepted_traces_there_are_no_examples_to_plan_with():
    with FakeEndpoint() as endpoint, pytest.raises(PlanError, match="Found no accepted trace of a training problem"):
        plan_varied(endpoint, diversity=Diversity(examples=2))


def test_the_first_prompts_are_what_the_run_sends():
    accepted(3)
    view = make_instruction(view="digits", style="program", suits="chat")
    with FakeEndpoint(answerer=lambda *_: Answer("none")) as endpoint:
        sampler = sampler_for(endpoint, concurrency=1)
        wanted = Plan(
            [make_problem()], [view], [1.0], 8, diversity=Diversity(examples=1, symmetries=True, colours=True)
        )
        (shown,) = first_prompts(plan=wanted, sampler=sampler, seed=5)
        made = plan(
            sampler=sampler,
            problems=wanted.problems,
            instructions=[view],
            temperatures=[1.0],
            samples_each=8,
            seed=5,
            diversity=wanted.diversity,
        )
        sample_session(run_id=made.pk, on_traces=lambda _: None)
    assert len(shown.prompts) == PROMPTS_SHOWN
    assert shown.planned == 8
    sent = [[message["content"] for message in call.body["messages"]] for call in endpoint.calls]
    assert sent[:PROMPTS_SHOWN] == [[turn["content"] for turn in prompt.turns] for prompt in shown.prompts]
    assert shown.prompts[0].variation == ""
    assert any("recoloured" in prompt.variation for prompt in shown.prompts)


def test_the_first_prompts_of_each_kind_of_problem_are_shown():
    problems = [
        make_problem(),
        make_problem(),
        make_problem(kind="numeric", spec={}, reference="4", statement="2 + 2?"),
    ]
    for_arc = make_instruction(view="digits", style="program", suits="chat", problem_kind="arc")
    for_all = make_instruction(title="Any", view="digits", style="direct", suits="chat")
    with FakeEndpoint() as endpoint:
        wanted = Plan(problems, [for_arc, for_all], [1.0], 2)
        arc, numeric = first_prompts(plan=wanted, sampler=sampler_for(endpoint), seed=5)
    assert (arc.problem, arc.planned, [prompt.instruction for prompt in arc.prompts]) == (
        problems[0],
        4,
        [for_arc.title, for_all.title],
    )
    assert (numeric.problem, numeric.planned, len(numeric.prompts)) == (problems[2], 2, 1)
    assert "2 + 2?" in numeric.prompts[0].turns[-1]["content"]
