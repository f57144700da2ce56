"""Jobs from plan to candidates, against a real endpoint over HTTP."""

import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now

from tests.core.generation.recipes import TEMPLATES
from tests.endpoint import sampler_for
from tests.factories import make_problem, make_problem_set, make_sampler
from tests.generation import augmenting_plan, check_with, run_through, writing_plan
from trajectories.adapters.chat_api.calls import limits
from trajectories.core.generation.base import GenerationError
from trajectories.models import AuditEvent, CandidateAnswer, GenerationCall, GenerationJob, ProblemCandidate
from trajectories.models.job_kinds import CANCEL
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.generation import work
from trajectories.services.generation.jobs import (
    GenerationStateError,
    lost_generation_jobs,
    pause_generation,
    plan_generation,
    resume_generation,
)
from trajectories.services.generation.work import generate_next
from trajectories.services.jobs.leases import GIVEN_UP, MOST_CLAIMS
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.runs.plans import Budget
from trajectories.stand_ins.fake_endpoint import Behaviour, FakeEndpoint, Play, canned, problem_writer

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    monkeypatch.setattr(limits, "FIRST_BACKOFF", 0.001)


@pytest.fixture
def endpoint():
    with FakeEndpoint(answerer=problem_writer()) as running:
        yield running


def states(job):
    found = ProblemCandidate.objects.filter(job=job).values_list("state", flat=True)
    return {state: list(found).count(state) for state in set(found)}


def plan(sampler, **values):
    return plan_generation(actor=None, plan=writing_plan(sampler, check=check_with(sampler), **values))


def test_a_model_writes_problems_and_only_those_that_samples_agree_on_wait(endpoint):
    sampler = sampler_for(endpoint, max_output_tokens=2_000, **PRICES)
    job = plan(sampler, wanted=12)
    run_through(job)
    found = states(job)
    assert (job.state, job.state_reason) == ("finished", "")
    assert found["waiting"] >= 12
    assert found["unsolvable"] > 0
    assert found["duplicate"] > 0
    assert "proposed" not in found
    for candidate in ProblemCandidate.objects.filter(job=job, state="waiting"):
        assert candidate.agreement["share"] >= 0.6
        assert candidate.reference_source == "consensus"
        assert candidate.answers.count() == 5
        assert set(candidate.call.constraints) == {"words", "features"}
        assert all(word in candidate.statement for word in candidate.call.constraints["words"])


def test_an_answer_that_loses_to_the_majority_is_kept_beside_it(endpoint):
    job = plan(sampler_for(endpoint, max_output_tokens=2_000), wanted=12)
    run_through(job)
    beaten = ProblemCandidate.objects.filter(job=job, reason__contains="on another answer than the author's").first()
    assert beaten.state == "unsolvable"
    assert beaten.reference == beaten.stated
    assert int(beaten.agreement["majority"]) == int(beaten.stated) - 1
    assert beaten.reference_source == "author"


def test_what_was_spent_is_what_the_calls_took(endpoint):
    job = plan(sampler_for(endpoint, max_output_tokens=2_000, **PRICES))
    run_through(job)
    calls = [*GenerationCall.objects.all(), *CandidateAnswer.objects.all()]
    assert len(calls) == len(endpoint.calls)
    assert job.cost == sum(call.cost for call in calls) > 0
    assert job.input_tokens == sum(call.input_tokens for call in calls)
    assert job.output_tokens == sum(call.output_tokens for call in calls)


def test_the_same_plan_and_seed_ask_for_the_same_and_pay_nothing_again(endpoint):
    sampler = sampler_for(endpoint, max_output_tokens=2_000, **PRICES)
    first = plan(sampler)
    run_through(first)
    asked = len(endpoint.calls)
    second = plan(sampler, set_title="Elsewhere")
    run_through(second)
    assert len(endpoint.calls) == asked
    assert second.cost == 0
    texts = [
        list(ProblemCandidate.objects.filter(job=job).order_by("call__index", "number").values_list("statement"))
        for job in (first, second)
    ]
    assert texts[0] == texts[1]


def test_without_a_check_candidates_wait_with_the_authors_word(endpoint):
    job = plan_generation(actor=None, plan=writing_plan(sampler_for(endpoint, max_output_tokens=2_000)))
    run_through(job)
    waiting = ProblemCandidate.objects.filter(job=job, state="waiting")
    assert waiting.count() >= 6
    assert {candidate.reference_source for candidate in waiting} == {"author"}
    assert not CandidateAnswer.objects.exists()


def test_variants_start_from_every_training_problem_and_never_from_an_evaluation_problem(endpoint):
    source = make_problem_set()
    train = [
        make_problem(problem_set=source, kind="numeric", statement=f"{n} + {n}?", spec={}, reference=str(2 * n))
        for n in (1, 2, 3)
    ]
    make_problem(problem_set=source, kind="numeric", statement="9 + 9?", spec={}, reference="18", split="eval")
    wanted = writing_plan(sampler_for(endpoint, max_output_tokens=2_000), source_set=source, wanted=9, most_calls=6)
    recipe = replace(wanted.recipe, generator="variants", template=TEMPLATES["variants"], kind="")
    job = plan_generation(actor=None, plan=replace(wanted, recipe=recipe))
    run_through(job)
    assert set(job.calls.values_list("source_id", flat=True)) == {problem.pk for problem in train}
    assert not any("18" in call.prompt or "9 + 9?" in call.prompt for call in endpoint.calls)


def test_what_no_problem_came_of_is_kept_with_the_reason():
    with FakeEndpoint(answerer=canned("I would rather not.")) as endpoint:
        job = plan(sampler_for(endpoint), most_calls=2)
        run_through(job)
    assert states(job) == {"invalid": 2}
    assert job.state == "finished"
    assert job.state_reason == "0 of 6 wanted candidates came of 2 calls, the most allowed."
    candidate = ProblemCandidate.objects.first()
    assert "expected JSON" in candidate.reason
    assert candidate.said.startswith("I would rather not.")


def test_an_answer_that_was_cut_off_says_so():
    with FakeEndpoint(answerer=problem_writer(), script=[Play("truncated")] * 3) as endpoint:
        job = plan(sampler_for(endpoint, concurrency=1, max_output_tokens=2_000), most_calls=1)
        run_through(job)
    candidate = ProblemCandidate.objects.get(job=job)
    assert candidate.reason.startswith("The answer was cut off at the model's output limit. ")


def test_a_failed_call_is_an_outcome_with_its_error():
    with FakeEndpoint(answerer=problem_writer(), script=[Play("malformed")]) as endpoint:
        job = plan_generation(
            actor=None,
            plan=writing_plan(sampler_for(endpoint, concurrency=1, max_output_tokens=2_000), wanted=3),
        )
        run_through(job)
    assert job.calls.exclude(error_kind="").count() == 1
    assert job.calls.filter(error_kind="").exists()


def test_a_budget_pauses_the_job_and_more_money_lets_it_go_on(endpoint):
    sampler = sampler_for(endpoint, max_output_tokens=2_000, concurrency=2, **PRICES)
    job = plan(sampler, wanted=12, budget=Budget(cost=Decimal("0.03")))
    run_through(job)
    assert (job.state, job.cost <= Decimal("0.03")) == ("paused", True)
    assert "money budget" in job.state_reason
    resume_generation(actor=None, job_id=job.pk, budget=Budget(cost=Decimal(5)))
    run_through(job)
    assert job.state == "finished"


def test_a_refused_key_pauses_the_job_with_the_reason():
    with FakeEndpoint(Behaviour(key="secret"), problem_writer()) as endpoint:
        job = plan(sampler_for(endpoint))
        assert run_through(job) == 1
    assert job.state == "paused"
    assert job.state_reason
    assert not job.calls.exists()


def test_a_job_that_ends_every_worker_is_given_up_and_can_be_resumed(endpoint, monkeypatch):
    job = plan(sampler_for(endpoint, max_output_tokens=2_000))
    with monkeypatch.context() as patch:
        patch.setattr(work, "ask_all", lambda **_: 1 / 0)
        for _ in range(MOST_CLAIMS):
            with pytest.raises(ZeroDivisionError):
                generate_next(job_id=job.pk)
    assert generate_next(job_id=job.pk) is False
    job.refresh_from_db()
    assert (job.state, job.state_reason, len(endpoint.calls)) == ("paused", GIVEN_UP, 0)
    resume_generation(actor=None, job_id=job.pk)
    run_through(job)
    assert (job.state, job.claims) == ("finished", 0)


def test_an_endpoint_that_asks_to_be_left_alone_is_asked_again_later():
    with FakeEndpoint(answerer=problem_writer(), script=[Play("429", "600")]) as endpoint:
        job = plan(sampler_for(endpoint, concurrency=1))
        assert generate_next(job_id=job.pk) is False
        job.refresh_from_db()
        assert (job.state, job.held_until is not None) == ("running", True)
        GenerationJob.objects.update(rung_at=Now() - timedelta(minutes=5))
        assert lost_generation_jobs() == []
        GenerationJob.objects.update(held_until=Now() - timedelta(seconds=1))
        assert lost_generation_jobs() == [job.pk]


def test_a_pause_stops_before_the_next_call_and_nothing_is_lost(endpoint, monkeypatch):
    sampler = sampler_for(endpoint, concurrency=1, max_output_tokens=2_000)
    job = plan(sampler)
    kept = work.keep_call

    def keep_and_pause(**values):
        pause_generation(actor=None, job_id=job.pk)
        return kept(**values)

    with monkeypatch.context() as patch:
        patch.setattr(work, "keep_call", keep_and_pause)
        assert generate_next(job_id=job.pk) is False
    assert not ProblemCandidate.objects.exists()
    resume_generation(actor=None, job_id=job.pk)
    run_through(job)
    assert job.state == "finished"
    # The call that was answered when the pause came is kept and paid for once; one more may have been under way.
    assert len(endpoint.calls) <= job.calls.count() + CandidateAnswer.objects.count() + 1


def test_a_job_somebody_works_on_is_left_alone_until_the_lease_ends(endpoint):
    job = plan(sampler_for(endpoint, max_output_tokens=2_000))
    GenerationJob.objects.update(lease_token=uuid.uuid4(), lease_expires_at=Now() + timedelta(seconds=60))
    assert generate_next(job_id=job.pk) is False
    assert not endpoint.calls
    GenerationJob.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    run_through(job)
    assert job.state == "finished"


def test_a_worker_that_lost_its_lease_stores_nothing(endpoint, monkeypatch):
    job = plan(sampler_for(endpoint, max_output_tokens=2_000))
    kept = work.keep_call

    def steal_and_keep(**values):
        GenerationJob.objects.update(lease_token=uuid.uuid4(), lease_expires_at=Now() - timedelta(seconds=1))
        return kept(**values)

    monkeypatch.setattr(work, "keep_call", steal_and_keep)
    generate_next(job_id=job.pk)
    assert not ProblemCandidate.objects.exists()
    assert not GenerationCall.objects.exists()


class PowerCutError(BaseException):
    """A worker that dies where it stands."""


@pytest.mark.parametrize("place", ["keep_call", "keep_answer", "settle_candidate"])
def test_a_worker_that_dies_loses_and_doubles_nothing(endpoint, monkeypatch, place):
    sampler = sampler_for(endpoint, max_output_tokens=2_000, concurrency=4, **PRICES)
    job = plan(sampler)
    do = getattr(work, place)
    deaths = iter([False, False, True] * 4)

    def die_now_and_then(**values):
        if next(deaths, False):
            raise PowerCutError
        return do(**values)

    monkeypatch.setattr(work, place, die_now_and_then)
    for _ in range(100):
        try:
            more = generate_next(job_id=job.pk)
        except PowerCutError:
            continue
        if not more:
            break
    job.refresh_from_db()
    assert job.state == "finished"
    assert "proposed" not in states(job)
    indices = list(job.calls.order_by("index").values_list("index", flat=True))
    assert indices == list(range(len(indices)))
    outcomes = [*job.calls.all(), *CandidateAnswer.objects.all()]
    assert job.cost == sum(outcome.cost for outcome in outcomes)
    # A call that was answered is never made again, whoever died; four were in flight at each death.
    assert len(outcomes) <= len(endpoint.calls) <= len(outcomes) + 4 * 4


def test_arc_tasks_are_varied_and_tried_by_the_symbolic_search():
    source = make_problem_set()
    make_problem(problem_set=source)
    symbolic = ensure_symbolic()
    job = plan_generation(
        actor=None, plan=augmenting_plan(source, check=check_with(symbolic, samples=3, share=0.3, temperature=0.1))
    )
    run_through(job)
    found = ProblemCandidate.objects.filter(job=job, state="waiting")
    assert job.state == "finished"
    assert found.count() >= 4
    assert {candidate.reference_source for candidate in found} == {"generator"}
    assert all(candidate.agreement["majority"] == candidate.reference for candidate in found)


def test_a_varied_task_that_stands_in_the_evaluation_split_is_a_duplicate():
    source = make_problem_set()
    make_problem(problem_set=source)
    flipped = {
        "train": [{"input": [[2, 1], [4, 3]], "output": [[1, 2], [3, 4]]}, {"input": [[0, 5]], "output": [[5, 0]]}],
        "test": [{"input": [[9, 8, 7]]}],
    }
    twin = make_problem(spec=flipped, reference=[[[7, 8, 9]]], split="eval")
    job = plan_generation(actor=None, plan=augmenting_plan(source, most_calls=2))
    run_through(job)
    assert states(job) == {"duplicate": 4}
    candidate = ProblemCandidate.objects.first()
    assert candidate.neighbour_problem == twin
    assert "other side of the train/eval line" in candidate.reason


def test_an_evaluation_problem_anywhere_keeps_its_near_duplicates_out(endpoint):
    sampler = sampler_for(endpoint, max_output_tokens=2_000)
    first = plan_generation(actor=None, plan=writing_plan(sampler, wanted=3))
    run_through(first)
    known = ProblemCandidate.objects.filter(job=first, state="waiting").first()
    make_problem(
        kind="numeric", statement=known.statement + " Say it.", spec={}, reference=known.reference, split="eval"
    )
    second = plan_generation(actor=None, plan=writing_plan(sampler, wanted=3, set_title="Elsewhere"))
    run_through(second)
    twin = ProblemCandidate.objects.get(job=second, statement=known.statement)
    assert twin.state == "duplicate"
    assert 0.7 <= twin.similarity < 1
    assert twin.neighbour_problem.split == "eval"


def test_a_cancelled_job_stops_and_cannot_be_cancelled_or_resumed(lead, endpoint):
    job = plan(sampler_for(endpoint))
    steer("generation", CANCEL, actor=lead, job_id=job.pk)
    assert generate_next(job_id=job.pk) is False
    with pytest.raises(JobError, match="is cancelled already"):
        steer("generation", CANCEL, actor=lead, job_id=job.pk)
    with pytest.raises(GenerationStateError, match="only a paused one can be resumed"):
        resume_generation(actor=lead, job_id=job.pk)
    verbs = AuditEvent.objects.filter(object_type="generationjob", object_id=job.pk).order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == ["generation.planned", "generation.cancelled"]


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"wanted": 0}, "wanted", "Found problems wanted 0, expected 1 to 10000."),
        ({"set_title": "!!!"}, "set_title", "Use at least one letter"),
        ({"temperature": 3.0}, "temperature", "expected 0 to 2"),
        ({"threshold": 0.1}, "threshold", "expected 0.3 to 1"),
        ({"recipe": {"kind": "arc"}}, "kind", "expected one of numeric, choice, text"),
        ({"recipe": {"template": "{count}"}}, "brief", "Found no slot {format}"),
        ({"budget": Budget(cost=Decimal(1))}, "budget_cost", "has no prices"),
        ({"sampler": None}, "sampler", "Found no language model"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused_by_its_part(endpoint, values, field, message):
    given = {"sampler": sampler_for(endpoint), **values}
    with pytest.raises(GenerationError) as fault:
        plan_generation(actor=None, plan=writing_plan(given.pop("sampler"), **given))
    assert fault.value.field == field
    assert message in str(fault.value)
    assert not GenerationJob.objects.exists()


def test_a_solver_that_cannot_solve_is_refused(endpoint):
    sampler = sampler_for(endpoint)
    for check, field in (
        (check_with(make_sampler()), "solver"),
        (check_with(sampler, temperature=0.0), "solver_temperature"),
        (check_with(sampler, samples=1), "solver_samples"),
        (check_with(sampler, share=0.0), "least_share"),
    ):
        with pytest.raises(GenerationError) as fault:
            plan_generation(actor=None, plan=writing_plan(sampler, check=check))
        assert fault.value.field == field
