"""Asking by the API: what it may take, one run for a key, and what the samples come to."""

from decimal import Decimal

import pytest

from tests import factories
from tests.api.programs import Program
from tests.queues import queue_of
from tests.services.problems.test_asked import TASK
from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.curation.schemas import Blinding
from trajectories.core.selections import Selection
from trajectories.models import Instruction, Problem, Queue, Run, Sampler
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.prompts.instructions import ensure_shipped_instructions

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> Sampler:
    ensure_shipped_instructions()
    prices = {"input_price": Decimal(1), "output_price": Decimal(2)}
    settings = ChatSettings(base_url="http://127.0.0.1:1/v1", model="m", max_output_tokens=100, **prices)
    return factories.make_sampler(kind="chat", name="m", parameters=settings.as_parameters())


def test_what_is_asked_is_estimated_without_a_trace_and_asked_once_for_a_key(lead, model):
    program, wish = Program(lead), {"sampler": model.pk, "question": "Is 7 prime?", "samples": 4, "budget_cost": 0.5}
    told = program.post("/asks/estimate", wish).json()
    assert (told["samples"], told["calls"], told["most_calls"]) == (4, 4, 4)
    assert 0 < told["cost"] == told["most_cost"] < 0.5
    assert not Problem.objects.exists()
    assert not Run.objects.exists()
    first = program.post("/asks", wish, key="k")
    assert first.status_code == 201, first.content
    again = program.post("/asks", wish, key="k")
    assert (again.status_code, again.json()) == (200, first.json())
    run = Run.objects.get()
    shown = first.json()
    assert (shown["id"], shown["problem"], shown["samples"]) == (run.pk, Problem.objects.get().pk, 4)
    assert (shown["budget_cost"], float(run.budget_cost), shown["way"], shown["answers"]) == (0.5, 0.5, "majority", [])
    assert [row["id"] for row in program.get("/asks").json()["items"]] == [run.pk]
    assert program.post(f"/runs/{run.pk}/cancel").json()["state"] == "cancelled"


def test_the_answer_has_its_share_its_traces_and_another_way_costs_nothing(lead):
    problem = factories.make_problem(kind="numeric", spec={}, reference=None)
    run = factories.make_run(
        plan={"problem_ids": [problem.pk], "asked": "majority"}, state="finished", problem_set=problem.problem_set
    )
    agreed = [factories.make_trace(run=run, problem=problem, answer="4", correctness="unscored") for _ in range(3)]
    factories.make_trace(run=run, problem=problem, answer="5", correctness="unscored")
    told = Program(lead).get(f"/asks/{run.pk}").json()
    best = told["answers"][0]
    assert (best["answer"], best["share"], best["samples"], best["guess"]) == ("4", 0.75, 3, True)
    assert best["traces"] == [trace.pk for trace in agreed]
    assert (told["votes"], told["meant"]) == (0.75, None)
    assert Program(lead).get(f"/asks/{run.pk}", way="majority-written").json()["way"] == "majority-written"
    assert Program(lead).get(f"/asks/{run.pk}", way="rank-sums").status_code == 422


@pytest.mark.parametrize(
    ("changed", "status", "field", "said"),
    [
        ({}, 422, "problem", "Found none of them, expected one of problem, question and task."),
        ({"problem": "nothing"}, 422, "problem", "Found no problem with the name or number 'nothing'."),
        ({"problem": "a", "question": "b"}, 422, "question", "Found problem and question, expected one of"),
        ({"task": {"train": []}}, 422, "task", "The file cannot be read"),
        ({"question": "Why?", "sampler": "symbolic"}, 422, "sampler", "a question needs a language model"),
        ({"question": "Why?", "sampler": 999}, 422, "sampler", "Found 999, expected the id of a sampler"),
        ({"question": "Why?", "strategy": "luck"}, 422, "strategy", "Found 'luck', expected one of"),
        ({"question": "Why?", "settings": {"depth": 1}}, 422, "settings", "Found"),
        ({"question": "Why?", "way": "rank-sums"}, 422, "way", "is not defined for text problems"),
        ({"question": "Why?", "samples": 0}, 422, "samples", "at least 1"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_field_and_leaves_nothing(lead, model, changed, status, field, said):
    given = {"sampler": model.pk, **changed}
    given["sampler"] = ensure_symbolic().pk if given["sampler"] == "symbolic" else given["sampler"]
    for path in ("/asks", "/asks/estimate"):
        answer = Program(lead).post(path, given)
        assert answer.status_code == status
        told = answer.json()
        assert said in told["detail"], told
        assert field == "settings" or told["errors"][0]["field"] == field
    assert not Run.objects.exists()
    assert not Problem.objects.exists()


def test_a_task_is_kept_and_searched_by_a_strategy_with_its_settings(lead):
    wish = {"sampler": ensure_symbolic().pk, "task": TASK, "samples": 20, "strategy": "beam", "settings": {"keep": 3}}
    assert Program(lead).post("/asks/estimate", wish).json()["cost"] == 0
    told = Program(lead).post("/asks", wish).json()
    run = Run.objects.get(pk=told["id"])
    assert (run.strategy, run.kept_plan.settings["keep"]) == ("beam", 3)
    views = Instruction.objects.filter(pk__in=run.kept_plan.instruction_ids)
    assert set(views.values_list("view", flat=True)) == {"grid", "object"}


def test_whoever_is_blind_or_may_not_is_refused(lead, curator, engineer):
    problem = factories.make_problem()
    run = factories.make_run(plan={"problem_ids": [problem.pk], "asked": "majority"}, problem_set=problem.problem_set)
    trace = factories.make_trace(run=run, problem=problem, correctness="pass")
    hidden = {"selection": Selection(run=run.pk), "blinding": Blinding(verdicts=True)}
    queue_of(lead, [trace], item_order=Queue.Order.NEWEST, **hidden)
    assert Program(curator).get(f"/asks/{run.pk}").status_code == 403
    assert Program(lead).get(f"/asks/{run.pk}").status_code == 200
    assert Program(curator).post("/asks", {"sampler": 1, "problem": "1"}).status_code == 403
    assert Program(lead, scopes=("read",)).post("/asks", {"sampler": 1, "problem": "1"}).status_code == 403
