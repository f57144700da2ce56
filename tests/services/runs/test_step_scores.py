"""Runs in which texts of a language model grow step by step: planned round by round, scored, pruned, ended."""

import re
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import reverse

from tests.endpoint import sampler_for
from tests.factories import (
    assert_counters_add_up,
    make_instruction,
    make_problem,
    make_problem_set,
    make_review,
    make_trace,
    plan,
)
from tests.pages import squeezed
from tests.scorers import STEP, make_works, train
from trajectories.core.consolidation.ways import WAYS
from trajectories.core.records import ProblemKind
from trajectories.core.scorers.features import STEP_NUMBERS, step_examples
from trajectories.core.selections import Selection
from trajectories.models import Attempt, Run, Trace, Verdict
from trajectories.selectors.asks import consolidate
from trajectories.selectors.search_trees import get_search_tree, walk
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.plans import Budget, PlanError
from trajectories.services.scorers import training
from trajectories.services.scorers.planning import start_scoring
from trajectories.services.scorers.scoring import score_next
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Adder, Answer, Behaviour, FakeEndpoint

pytestmark = pytest.mark.django_db(transaction=True)

QUESTION = "Add 12, 7, 30, 5 and 9."


def sum_problem(question=QUESTION, reference="63"):
    return make_problem(kind=ProblemKind.NUMERIC, statement=question, spec={}, reference=reference)


def grow(sampler, problems, *, samples=24, strategy="beam", settings=None, **more):
    template = "{problem}\n\nEnd with \\boxed{{}}."
    view = make_instruction(suits="chat", style="answer", view="", template=template)
    return plan(
        problems=problems, sampler=sampler, instructions=[view], samples_each=samples, strategy=strategy,
        settings=settings or {"keep": 2, "expand": 3}, temperatures=[1.0], **more,
    )  # fmt: skip


def work(run):
    """What a worker does until the run has ended."""
    for _ in range(200):
        report = sample_session(run_id=run.pk, on_traces=lambda ids: verify_traces(trace_ids=ids))
        verify_traces(trace_ids=report.trace_ids)
        run.refresh_from_db()
        if run.state in (*run.ENDED_STATES, run.State.PAUSED):
            break
    assert_counters_add_up(run)


@pytest.mark.parametrize("takes", [("stop_reason",), ("strips",), ()])
def test_a_beam_goes_on_with_the_surest_texts_whatever_the_server_makes_of_blanks(takes):
    with FakeEndpoint(Behaviour(takes=takes), Adder()) as endpoint:
        sampler = sampler_for(endpoint, continues="prefix", logprobs=True)
        run = grow(sampler, [problem := sum_problem()])
        work(run)
    assert run.state == "finished"
    assert run.planned_count == 24
    traces = list(Trace.objects.filter(run=run).select_related("attempt", "reasoning"))
    whole = [trace for trace in traces if trace.finish_reason == "stop"]
    assert whole
    assert all("boxed" in trace.reasoning.body and trace.answer is not None for trace in whole)
    steps = [trace for trace in traces if trace.finish_reason == "step"]
    assert all(trace.correctness == "unscored" and trace.answer is None for trace in steps)
    assert all(trace.attempt.step_score is not None for trace in traces)
    # A text is that of its parent and one step more.
    for trace in traces:
        if trace.parent_id:
            before = trace.parent.reasoning.body
            assert trace.reasoning.body.startswith(f"{before}\n\n")
            assert trace.attempt.kind == "rest" or "\n\n" not in trace.reasoning.body[len(before) + 2 :]
    first = Attempt.objects.filter(run=run, round=0)
    kept = set(Attempt.objects.filter(run=run, round=1).values_list("parent", flat=True))
    scores = {each.trace.pk: each.step_score for each in first}
    assert min(scores[key] for key in kept) >= max(scores[key] for key in scores if key not in kept)
    pruned = first.exclude(pruned="")
    assert pruned.count() == 4
    assert all(each.pruned.startswith("Pruned: place ") for each in pruned)
    tree = get_search_tree(run, problem.pk)
    assert {node.end for node in walk(tree.roots) if node.end.startswith("Pruned")} >= {each.pruned for each in pruned}
    assert any(node.score is not None for node in walk(tree.roots))
    if takes == ("strips",):
        assert any(trace.facts.get("asked_again") for trace in traces)
    elif takes == ("stop_reason",):
        assert not any(trace.facts.get("asked_again") for trace in traces)
    found = consolidate(run, problem, WAYS["majority"])
    assert found.samples == len(whole)
    assert found.inner == len(steps)


@pytest.mark.parametrize("strategy", ["beam", "dvts", "lookahead", "best-first", "mcts", "mixed", "adaptive"])
def test_every_search_brings_whole_answers_within_one_budget(strategy):
    settings = {
        "dvts": {"trees": 2, "expand": 3},
        "best-first": {"roots": 4},
        "mcts": {"roots": 4},
        "adaptive": {"probe": 3, "middling": 2, "keep": 2, "expand": 2},
    }.get(strategy, {"keep": 2, "expand": 2})
    with FakeEndpoint(Behaviour(takes=("stop_reason",)), Adder()) as endpoint:
        sampler = sampler_for(endpoint, continues="final_message", logprobs=True)
        run = grow(sampler, [sum_problem()], samples=16, strategy=strategy, settings={**settings, "depth": 4})
        work(run)
    assert run.state == "finished"
    assert run.planned_count <= 16
    whole = Trace.objects.filter(run=run, finish_reason="stop")
    assert whole.exclude(answer=None).count() >= 2
    assert Attempt.objects.filter(run=run, kind="rest").exists()
    # The same plan and seed draws, and pays for, the same once.
    assert not Trace.objects.filter(run=run, facts__recalled=True).exists()


def test_texts_are_not_searched_where_nothing_could_go_on_or_be_scored():
    problem = sum_problem()
    with FakeEndpoint(answerer=Adder()) as endpoint:
        with pytest.raises(PlanError, match="is not known to continue an unfinished message; test it"):
            grow(sampler_for(endpoint, logprobs=True), [problem])
        with pytest.raises(PlanError, match="nothing scores steps of texts here; choose a process scorer"):
            grow(sampler_for(endpoint, continues="prefix"), [problem])
        sampler = sampler_for(endpoint, continues="prefix", logprobs=True)
        with pytest.raises(PlanError, match="begins with 6 first steps, which is the whole budget"):
            grow(sampler, [problem], samples=6)
        silent = FakeEndpoint(Behaviour(takes=("ignores_logprobs",)), Adder())
    with silent as endpoint:
        run = grow(sampler_for(endpoint, continues="prefix", logprobs=True), [problem])
        work(run)
    assert run.state == "failed"
    assert "gave no log-probabilities, by which the run was to go" in run.state_reason


class Thinker:
    """Its thoughts come apart from its text."""

    def converse(self, messages, tools, asked_before):
        return Answer("", reasoning="Let me see.")


def test_a_model_that_thinks_apart_from_its_text_stops_the_run_with_the_reason():
    with FakeEndpoint(answerer=Thinker()) as endpoint:
        run = grow(sampler_for(endpoint, continues="prefix", logprobs=True), [sum_problem()])
        work(run)
    assert run.state == "paused"
    assert "thoughts came apart from its text" in run.state_reason


def test_a_budget_in_money_bounds_the_search_and_every_step_is_paid_for_once():
    with FakeEndpoint(Behaviour(takes=("stop_reason",)), Adder()) as endpoint:
        sampler = sampler_for(
            endpoint, continues="prefix", logprobs=True, input_price=Decimal(1), output_price=Decimal(1)
        )
        run = grow(sampler, [sum_problem()], budget=Budget(tokens=4_000))
        work(run)
        assert run.state == "paused"
        assert "token budget" in run.state_reason
        assert run.input_tokens + run.output_tokens == sum(endpoint.spent.values()) <= 4_000


def slip_scorer():
    """A process scorer that has learnt that steps with a slip say so."""
    works = make_problem_set()
    person = User.objects.get_or_create(username="labels")[0]
    for number in range(8):
        problem = make_problem(kind=ProblemKind.NUMERIC, spec={}, reference="4", problem_set=works)
        for place in range(6):
            slips = place % 2 == 0
            body = f"{number} + {place} = {number + place}" + (" approximately-speaking" if slips else "")
            trace = make_trace(problem=problem, run=None, program="", reasoning=body, steps=[STEP | {"body": body}])
            make_review(trace=trace, reviewer=person, step_labels={"0": "bad" if slips else "good"})
    scorer = train(works, name="slips", kind="process", labels="reviews")
    assert scorer.state == "finished", scorer.reason
    return scorer


def test_a_process_scorer_chooses_what_is_gone_on_from_and_the_pages_say_so(client, lead):
    scorer, problem = slip_scorer(), sum_problem()
    with FakeEndpoint(Behaviour(takes=("stop_reason",)), Adder(slips_every=2)) as endpoint:
        sampler = sampler_for(endpoint, continues="prefix")
        run = grow(sampler, [problem], samples=40, settings={"keep": 2, "expand": 5}, step_scorer=scorer)
        work(run)
    steps = Trace.objects.filter(run=run, attempt__kind="step").select_related("attempt", "reasoning")
    last = {trace: trace.reasoning.body.rpartition("\n\n")[2] for trace in steps}
    slips = [trace.attempt.step_score for trace, body in last.items() if "approximately" in body]
    sure = [trace.attempt.step_score for trace, body in last.items() if "approximately" not in body]
    assert slips
    assert max(slips) < min(sure)
    assert Trace.objects.filter(run=run, correctness="pass", attempt__kind="rest").exists()
    client.force_login(lead)
    assert "Steps scored by: scorer slips, version 1" in squeezed(client.get(reverse("run_detail", args=[run.pk])))
    tree = squeezed(client.get(reverse("search_tree", args=[run.pk, problem.pk])))
    assert re.search(r"score \d+%", tree)
    assert "the beam keeps 2" in tree
    again = client.get(reverse("run_new"), {"like": run.pk}).context["form"]
    assert again["step_scorer"].value() == scorer.pk
    call_command(
        *("sample", "--problems", problem.name, "--sampler", sampler.name, "--strategy", "beam"),
        *("--instructions", run.attempts.first().instruction.name, "--samples", "24", "--step-scorer", "slips"),
        stdout=StringIO(),
    )
    assert Run.objects.latest("pk").kept_plan.step_scorer == scorer.pk
    whole = train(make_works(), name="whole")
    with pytest.raises(PlanError, match="scores whole traces; expected a process scorer"):
        grow(sampler, [problem], step_scorer=whole)
    with pytest.raises(PlanError, match="Only steps of texts by a language model are scored"):
        plan(problems=[problem], step_scorer=scorer)


def test_a_scorer_that_looks_at_what_comes_after_a_step_is_no_use_to_a_search(monkeypatch):
    monkeypatch.setattr(training, "number_titles", lambda *_, **__: dict.fromkeys((*STEP_NUMBERS, "place", "steps")))
    monkeypatch.setattr(training, "step_examples", lambda seen: step_examples(seen, (*STEP_NUMBERS, "place", "steps")))
    scorer = slip_scorer()
    with FakeEndpoint(answerer=Adder()) as endpoint, pytest.raises(PlanError, match="train it again under the same"):
        grow(sampler_for(endpoint, continues="prefix"), [sum_problem()], step_scorer=scorer)
    # It goes on scoring whole traces.
    job = start_scoring(by=None, scorer=scorer, scope=Selection())
    while score_next(job_id=job.pk):
        pass
    assert Verdict.objects.filter(verifier="scorer:slips").exclude(score=None).count() == 48
