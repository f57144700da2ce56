"""Memory by embeddings: what is near in meaning is shown, each text is paid for once, and leaks are guarded as ever."""

from contextlib import nullcontext
from decimal import Decimal

import pytest

from tests.endpoint import sampler_for
from tests.factories import make_instruction, make_problem, make_trace, plan
from tests.vectors import vector_search
from trajectories.adapters import pgvector
from trajectories.core.records import SampleFailure
from trajectories.core.strategies.memories import Memory, MemorySource
from trajectories.models import Attempt, Run, SpendDay, SpendLimit
from trajectories.services.endpoints import embeddings
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.first_prompts import first_prompts
from trajectories.services.runs.memories import check_memory
from trajectories.services.runs.plans import Plan, PlanError
from trajectories.services.runs.requests import sample_requests
from trajectories.services.spending.waiting import jobs_to_resume
from trajectories.stand_ins.fake_endpoint import FakeEndpoint
from trajectories.stand_ins.fake_endpoint.behaviour import Play

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = "How many apples are left when two of seven are eaten by the horse?"
SAME_MEANING = "Seven pears lie there, somebody takes two away: what remains?"
SAME_WORDS = "How many horses are left of the apples when seven are two?"


@pytest.fixture(params=["exact", "pgvector"])
def search(request, monkeypatch):
    """Both ways in which vectors are searched, the index of a large table among them."""
    with vector_search() if request.param == "pgvector" else nullcontext():
        monkeypatch.setattr(pgvector, "INDEXED_FROM", 2)
        yield request.param


@pytest.fixture(autouse=True)
def _nothing_is_kept_by_the_process(monkeypatch):
    monkeypatch.setattr(embeddings, "_kept", embeddings._Kept())


def by_meaning(text):
    """What two texts mean, as a model would know it."""
    return [1.0, 0.1] if text.strip().casefold() in (ASKED.casefold(), SAME_MEANING.casefold()) else [0.1, 1.0]


def question(text, **values):
    return make_problem(kind="numeric", spec={}, reference=5, statement=text, **values)


def embedded_calls(endpoint):
    return [call.body["input"] for call in endpoint.calls if call.path == "/v1/embeddings"]


def run_of(endpoint, embedder, **values):
    fields = {"count": 1, "source": MemorySource.VERIFIERS, **values}
    return plan(
        sampler=sampler_for(endpoint),
        problems=[question(ASKED)],
        instructions=[make_instruction(problem_kind="numeric", view="", style="", suits="chat")],
        samples_each=2,
        memory=Memory(embedder=None if embedder is None else embedder.pk, **fields),
    )


def requests_of(run):
    return sample_requests(
        list(Attempt.objects.filter(run=run).select_related("run__sampler", "problem", "instruction"))
    )


def shown(run):
    return [[example.trace for example in request.examples] for request in requests_of(run)]


def test_what_is_near_in_meaning_is_shown_and_each_text_is_paid_for_once(search):
    with FakeEndpoint() as endpoint:
        endpoint.embedder = by_meaning
        embedder = sampler_for(endpoint, input_price=Decimal(100), output_price=Decimal(0))
        meant = make_trace(problem=question(SAME_MEANING), correctness="pass", program=None)
        worded = make_trace(problem=question(SAME_WORDS), correctness="pass", program=None)
        assert shown(run_of(endpoint, None)) == [[worded.pk]] * 2, "by words alone"
        assert embedded_calls(endpoint) == []
        run = run_of(endpoint, embedder)
        assert shown(run) == [[meant.pk]] * 2
        texts = [text for call in embedded_calls(endpoint) for text in call]
        assert len(texts) == len(set(texts)) == 3, "the question and both that are remembered"
        run.refresh_from_db()
        assert run.input_tokens == endpoint.spent["input"] > 0
        assert run.cost == run.input_tokens * Decimal(100) / 1_000_000
        booked, calls = SpendDay.objects.get(sampler_id=embedder.pk), len(embedded_calls(endpoint))
        assert (booked.kind, booked.calls, booked.cost) == ("run", calls, run.cost)
        embeddings._kept = embeddings._Kept()  # another process
        assert shown(run_of(endpoint, embedder)) == [[meant.pk]] * 2
        assert len(embedded_calls(endpoint)) == calls, "what is known is asked for by no other run"


def test_what_may_not_be_shown_is_not_however_near_it_is(search):
    with FakeEndpoint() as endpoint:
        endpoint.embedder = by_meaning
        embedder = sampler_for(endpoint)
        make_trace(problem=question(SAME_MEANING, split="eval"), correctness="pass", program=None)
        make_trace(problem=question(ASKED.upper()), correctness="pass", program=None)
        near = make_trace(problem=question(SAME_MEANING + " "), correctness="pass", program=None)
        far = make_trace(problem=question(SAME_WORDS), correctness="pass", program=None)
        run = run_of(endpoint, embedder)
        make_trace(problem=run.attempts.first().problem, correctness="pass", program=None)
        assert shown(run) == [[near.pk]] * 2, "neither the problem, nor its near duplicate, nor one that is held out"
        near.decision = "rejected"
        near.save(update_fields=["decision"])
        assert shown(run) == [[far.pk]] * 2, "what is rejected leaves at once"


def test_an_endpoint_without_embeddings_pauses_the_run_with_the_reason_and_loses_no_attempt(search):
    with FakeEndpoint(script=[Play("400")]) as endpoint:
        embedder = sampler_for(endpoint, tries=1)
        make_trace(problem=question(SAME_MEANING), correctness="pass", program=None)
        run = run_of(endpoint, embedder)
        sample_session(run_id=run.pk, on_traces=lambda keys: None)
        run.refresh_from_db()
        assert run.state == "paused"
        assert run.state_reason.startswith(f"Memory could not be looked into: {embedder} gave no embeddings: ")
        assert set(run.attempts.values_list("state", flat=True)) == {"pending"}
        assert all(not isinstance(request, SampleFailure) for request in requests_of(run)), "it goes on when mended"


def test_a_daily_limit_without_room_pauses_the_run_before_anything_is_asked_and_lets_it_go_on(search):
    with FakeEndpoint() as endpoint:
        endpoint.embedder = by_meaning
        embedder = sampler_for(endpoint, input_price=Decimal(100), output_price=Decimal(0))
        make_trace(problem=question(SAME_MEANING), correctness="pass", program=None)
        limit = SpendLimit.objects.create(scope="sampler", sampler_name=embedder.name, amount=Decimal("0.0001"))
        run = run_of(endpoint, embedder)
        sample_session(run_id=run.pk, on_traces=lambda keys: None)
        run.refresh_from_db()
        assert (run.state, run.cost, endpoint.calls) == ("paused", 0, [])
        assert run.state_reason.startswith(
            f"Memory could not be looked into: The daily limit of {limit.subject}, $0.0001"
        )
        assert jobs_to_resume() == []
        SpendLimit.objects.update(amount=10)
        assert jobs_to_resume() == [("run", run.pk)]


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"budget_cost": Decimal("0.0001")}, "the money budget has $0.0001 left; a call may cost $0.0"),
        ({"budget_tokens": 3}, "the token budget has 3 left; a call may take "),
    ],
)
def test_a_budget_of_the_run_pays_for_embeddings_too(budget, said, search):
    with FakeEndpoint() as endpoint:
        embedder = sampler_for(endpoint, input_price=Decimal(100), output_price=Decimal(0))
        make_trace(problem=question(SAME_MEANING), correctness="pass", program=None)
        run = run_of(endpoint, embedder)
        Run.objects.filter(pk=run.pk).update(**budget)
        (first, second) = requests_of(run)
        assert first is second
        assert first.stops
        assert first.message.startswith(f"Memory could not be looked into: {said}")
        assert endpoint.calls == []


def test_first_prompts_ask_nobody_and_show_what_is_known(search):
    with FakeEndpoint() as endpoint:
        endpoint.embedder = by_meaning
        embedder = sampler_for(endpoint)
        make_trace(problem=question(SAME_WORDS), correctness="pass", program=None)
        make_trace(problem=question(SAME_MEANING), correctness="pass", program=None)
        run = run_of(endpoint, embedder)
        looked = Plan(
            problems=[run.attempts.first().problem],
            instructions=[run.attempts.first().instruction],
            temperatures=[1.0],
            samples_each=1,
            memory=run.kept_plan.memory,
        )
        (prompts,) = first_prompts(plan=looked, sampler=run.sampler, seed=1)
        assert SAME_WORDS in str(prompts.prompts[0].turns)
        assert embedded_calls(endpoint) == []
        requests_of(run)
        (prompts,) = first_prompts(plan=looked, sampler=run.sampler, seed=1)
        assert SAME_MEANING in str(prompts.prompts[0].turns), "once it is known"


def test_a_model_that_is_not_behind_an_endpoint_is_refused():
    with (
        FakeEndpoint() as endpoint,
        pytest.raises(PlanError, match="found the number 999, expected") as fault,
    ):
        plan(
            sampler=sampler_for(endpoint),
            problems=[question(ASKED)],
            instructions=[make_instruction(problem_kind="numeric", view="", style="", suits="chat")],
            samples_each=1,
            memory=Memory(count=1, embedder=999),
        )
    assert fault.value.field == "memory_embedder"
    check_memory(Memory(embedder=999), sampler_for(endpoint), examples=3)
