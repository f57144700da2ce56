"""Model judges at work, asked over HTTP."""

import json
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now

from tests.endpoint import sampler_for
from tests.judging import job_over, judging_endpoint, rubric, saying, works
from trajectories.adapters.chat_api.calls import limits
from trajectories.models import JudgeJob, JudgeJobAnswer, JudgeJobItem, PendingVerification, Trace, Verdict
from trajectories.models.job_kinds import PAUSE, RESUME
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.judging import report_on
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.jobs.leases import GIVEN_UP, MOST_CLAIMS, claim_job, lost_of
from trajectories.services.jobs.steering import steer
from trajectories.services.judging import asking
from trajectories.services.judging.work import judge_next
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Behaviour, Play

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}
GOOD = json.dumps({"reason": "Checked.", "score": 9})


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    monkeypatch.setattr(limits, "FIRST_BACKOFF", 0.001)


def finish(job: JudgeJob) -> JudgeJob:
    while judge_next(job_id=job.pk):
        pass
    job.refresh_from_db()
    return job


def verdicts(traces):
    return {verdict.trace_id: verdict for verdict in Verdict.objects.filter(trace__in=traces, judge_job__isnull=False)}


def test_each_trace_gets_a_grade_with_its_evidence():
    traces = works("this is right", "this is wrong")
    with judging_endpoint() as endpoint:
        job = finish(job_over(traces, sampler_for(endpoint, **PRICES)))
    found = verdicts(traces)
    assert [(found[trace.pk].outcome, found[trace.pk].score) for trace in traces] == [("pass", 1.0), ("fail", 0.0)]
    good = found[traces[0].pk]
    assert (good.verifier, good.version, good.judge_job) == ("model_judge:correctness", 1, job)
    assert good.engine == f"{job.sampler.name} 1, fake"
    assert good.evidence["score"] == 10
    assert json.loads(good.evidence["answers"][0])["score"] == 10
    assert (job.state, job.done_count, job.error_count, job.call_count) == ("finished", 2, 0, 2)
    assert job.cost == sum(answer.cost for answer in JudgeJobAnswer.objects.all()) > 0
    assert Trace.objects.filter(model_judged="pass").get() == traces[0]


def test_a_judge_is_held_against_itself_asked_anew():
    traces = works("one", "two", "three")
    grade = [json.dumps({"reason": "Checked.", "score": score}) for score in (9, 9, 1, 9, 1, 1)]
    with saying(*grade) as endpoint:
        sampler = sampler_for(endpoint, concurrency=1)
        first = finish(job_over(traces, sampler, seed=1))
        assert report_on(first, EVERYTHING).itself.total == 0
        second = finish(job_over(traces, sampler, seed=2))
        for job in (first, second):
            itself = report_on(job, EVERYTHING).itself
            assert (itself.total, itself.percent) == (3, 67)
        # The same seed gives answers that are known, which tell nothing of how steady the judge is.
        again = finish(job_over(traces, sampler, seed=1))
    assert again.recalled_count == 3
    assert report_on(again, EVERYTHING).itself.percent == 67


def test_no_prompt_holds_the_reference_answer():
    traces = works("I leave it open", problem=None)
    traces[0].problem.reference = "a secret of the reference"
    traces[0].problem.save()
    with judging_endpoint() as endpoint:
        finish(job_over(traces, sampler_for(endpoint)))
    assert "What is 2 + 2?" in endpoint.calls[0].prompt
    assert "secret" not in json.dumps(endpoint.calls[0].body)


def test_its_word_never_decides_whether_a_trace_is_right():
    traces = works("this is right")
    PendingVerification.objects.create(trace=traces[0])
    with judging_endpoint() as endpoint:
        finish(job_over(traces, sampler_for(endpoint)))
    trace = Trace.objects.get()
    assert (trace.correctness, trace.model_judged) == ("", "pass")
    verify_traces(trace_ids=[trace.pk])
    trace.refresh_from_db()
    assert (trace.correctness, trace.model_judged) == ("fail", "pass")


def test_comparisons_are_asked_in_both_orders_and_shared_between_both_traces():
    traces = works("this is right", "this is wrong", "wrong as well")
    with judging_endpoint() as endpoint:
        job = finish(job_over(traces, sampler_for(endpoint, concurrency=1), form="compare", opponents=2))
    found = verdicts(traces)
    right, wrong, _ = (found[trace.pk] for trace in traces)
    assert (right.verifier, right.outcome, right.score) == ("model_preference:correctness", "pass", 1.0)
    assert (wrong.outcome, wrong.score, wrong.evidence["won"], wrong.evidence["lost"]) == ("fail", 0.0, 0, 1)
    assert {pair["opponent"] for pair in right.evidence["comparisons"]} == {trace.pk for trace in traces[1:]}
    assert {pair["result"] for pair in wrong.evidence["comparisons"]} == {"lost", "tie"}
    # Three pairs in two orders; each is somebody's and somebody else's opponent, who gets the answer for nothing.
    assert (job.call_count, job.recalled_count, len(endpoint.calls)) == (12, 6, 6)


def test_a_liking_for_the_first_place_comes_to_ties():
    traces = works("this is right", "this is wrong")
    with judging_endpoint(bias=2.0) as endpoint:
        finish(job_over(traces, sampler_for(endpoint), form="compare", opponents=1))
    for verdict in verdicts(traces).values():
        [pair] = verdict.evidence["comparisons"]
        assert (pair["result"], pair["note"]) == ("tie", "changed its mind when the order was swapped")
        assert (pair["shown_first"]["better"], pair["shown_second"]["better"]) == ("A", "A")
        assert pair["shown_first"]["answers"] != []
        assert (verdict.outcome, verdict.score) == ("unscored", None)


def test_a_trace_without_rivals_is_unscored():
    traces = works("alone")
    with judging_endpoint() as endpoint:
        job = finish(job_over(traces, sampler_for(endpoint), form="compare", opponents=3))
    assert (job.state, job.call_count) == ("finished", 0)
    assert verdicts(traces)[traces[0].pk].message == "there is no other trace of this problem to compare with"


def test_an_answer_in_another_form_is_asked_for_once_more_and_counted():
    traces = works("this is right")
    with saying("I would say 9 of 10.", GOOD) as endpoint:
        job = finish(job_over(traces, sampler_for(endpoint)))
    verdict = verdicts(traces)[traces[0].pk]
    assert (verdict.outcome, verdict.evidence["asks"], job.reask_count) == ("pass", 2, 1)
    assert verdict.evidence["answers"] == ["I would say 9 of 10.", GOOD]


@pytest.mark.parametrize(
    "text",
    [
        "ten",
        '{"score": 9}',
        '{"reason": "x", "score": 9, "sure": true}',
        '{"reason": "x", "score": 11}',
        '{"reason": "x", "score": 9.0}',
        '{"reason": "x", "score": "9"}',
        '{"reason": "", "score": 9}',
        '{"reason": "x", "score": 9, "score": 1}',
        f"{GOOD} {GOOD}",
    ],
)
def test_what_stays_malformed_is_an_error_and_never_a_fail(text):
    traces = works("this is right")
    with saying(text) as endpoint:
        job = finish(job_over(traces, sampler_for(endpoint)))
    verdict = verdicts(traces)[traces[0].pk]
    assert (verdict.outcome, verdict.score, job.error_count, job.call_count) == ("error", None, 1, 2)
    assert JudgeJobItem.objects.get().error_kind == "malformed"
    assert job.state == "finished"


def test_a_call_that_fails_is_an_error_of_its_kind_and_the_job_goes_on():
    traces = works("this is right", "right too")
    with judging_endpoint(script=[Play("400")]) as endpoint:
        job = finish(job_over(traces, sampler_for(endpoint, concurrency=1)))
    if job.state == "paused":  # a fault that no further call survives waits for a person
        job = steer("judge_job", RESUME, actor=None, job_id=job.pk)
        with judging_endpoint(port=endpoint.port):
            finish(job)
    assert verdicts(traces)[traces[1].pk].outcome == "pass"


def test_a_broken_key_pauses_the_job_with_the_reason_and_resuming_goes_on():
    traces = works("this is right")
    with judging_endpoint(Behaviour(key="secret")) as endpoint:
        job = finish(job_over(traces, sampler_for(endpoint)))
    assert (job.state, job.done_count) == ("paused", 0)
    assert job.state_reason
    with judging_endpoint(port=endpoint.port):
        finish(steer("judge_job", RESUME, actor=None, job_id=job.pk))
    job.refresh_from_db()
    assert (job.state, job.state_reason, job.done_count) == ("finished", "", 1)


def test_a_job_that_ends_every_worker_is_given_up_and_can_be_resumed(monkeypatch):
    """By an error, or by a kill, which leaves the lease to run out."""
    traces = works("this is right")
    with judging_endpoint() as endpoint:
        job = job_over(traces, sampler_for(endpoint))
        with monkeypatch.context() as patch:
            patch.setattr(asking, "ask_all", lambda **_: 1 / 0)
            for _ in range(MOST_CLAIMS - 1):
                with pytest.raises(ZeroDivisionError):
                    judge_next(job_id=job.pk)
        assert claim_job(JudgeJob.objects.filter(pk=job.pk), uuid.uuid4(), state="running")
        JudgeJob.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
        finish(job)
        assert (job.state, job.state_reason, len(endpoint.calls)) == ("paused", GIVEN_UP, 0)
        finish(steer("judge_job", RESUME, actor=None, job_id=job.pk))
    job.refresh_from_db()
    assert (job.state, job.done_count, job.claims) == ("finished", 1, 0)


def test_a_job_that_gets_on_between_two_kills_is_not_given_up(monkeypatch):
    traces = works(*(f"this is right {number}" for number in range(MOST_CLAIMS + 3)))
    with judging_endpoint() as endpoint:
        job = job_over(traces, sampler_for(endpoint, concurrency=1))
        kept = asking.Work._store

        def store_and_die(work, key, outcome):
            kept(work, key, outcome)
            raise SystemExit

        monkeypatch.setattr(asking.Work, "_store", store_and_die)
        for done in range(len(traces) - 1):
            with pytest.raises(SystemExit):
                judge_next(job_id=job.pk)
            job.refresh_from_db()
            assert (job.state, job.done_count) == ("running", done + 1)


def test_no_call_starts_that_the_budget_cannot_pay():
    traces = works(*(f"this is right {number}" for number in range(20)))
    with judging_endpoint() as endpoint:
        sampler = sampler_for(endpoint, concurrency=4, **PRICES)
        job = finish(job_over(traces, sampler, CallBudget(cost=Decimal("0.015"))))
        assert (job.state, 0 < job.done_count < 20) == ("paused", True)
        assert "money budget" in job.state_reason
        assert job.cost <= Decimal("0.015")
        JudgeJob.objects.update(budget_cost=None)
        finish(steer("judge_job", RESUME, actor=None, job_id=job.pk))
    job.refresh_from_db()
    assert (job.state, job.done_count, len(endpoint.calls)) == ("finished", 20, 20)


def test_a_worker_killed_after_an_answer_was_paid_for_pays_for_nothing_twice():
    """The answer is kept, the row that counts it was never written: it is recalled and charged once."""
    traces = works("this is right", "this is wrong")
    with judging_endpoint() as endpoint:
        job = finish(job_over(traces, sampler_for(endpoint, **PRICES)))
        spent, before = job.cost, len(endpoint.calls)
        JudgeJobAnswer.objects.all().delete()
        JudgeJobItem.objects.update(outcome="")
        JudgeJob.objects.update(
            state="running", cost=0, done_count=0, lease_token=uuid.uuid4(), lease_expires_at=Now() + timedelta(hours=1)
        )
        assert not judge_next(job_id=job.pk)
        JudgeJob.objects.update(lease_expires_at=Now() - timedelta(seconds=1), rung_at=Now() - timedelta(hours=1))
        assert lost_of(JudgeJob) == [job.pk]
        finish(job)
    job.refresh_from_db()
    assert (job.state, job.done_count, job.cost, len(endpoint.calls)) == ("finished", 2, spent, before)
    assert Verdict.objects.filter(judge_job=job).count() == 2


def test_pausing_lets_nothing_new_start(monkeypatch):
    traces = works("this is right")
    with judging_endpoint() as endpoint:
        job = job_over(traces, sampler_for(endpoint))
        steer("judge_job", PAUSE, actor=None, job_id=job.pk)
        assert not judge_next(job_id=job.pk)
        assert endpoint.calls == []


def test_another_rubric_is_a_verifier_of_its_own_and_an_older_version_may_judge_again():
    traces = works("this is right")
    with judging_endpoint() as endpoint:
        sampler = sampler_for(endpoint)
        finish(job_over(traces, sampler))
        finish(job_over(traces, sampler, rubric=rubric("clarity")))
        Verdict.objects.filter(verifier="model_judge:clarity").update(outcome="fail")
        finish(job_over(traces, sampler, rubric=rubric("clarity"), seed=2))
    words = Verdict.objects.filter(trace=traces[0]).order_by("pk")
    assert list(words.values_list("verifier", "revision", "previous_outcome")) == [
        ("model_judge:correctness", 0, ""),
        ("model_judge:clarity", 0, ""),
        ("model_judge:clarity", 1, "fail"),
    ]


def test_a_judge_of_steps_labels_them_up_to_the_first_wrong_one():
    texts = ("This is right. This is wrong. This too.", "All is right. It is right.", "This is right.")
    traces = works(*texts, steps=[], segmentation="sentences:1")
    Trace.objects.filter(pk=traces[2].pk).update(segmentation="")
    with judging_endpoint() as endpoint:
        job = job_over(traces, sampler_for(endpoint), form="steps")
        # Cut otherwise meanwhile, a trace is judged as it was cut when the job was planned.
        Trace.objects.filter(pk=traces[0].pk).update(segmentation="paragraphs:1")
        job = finish(job)
    first, second, bare = (verdicts(traces)[trace.pk] for trace in traces)
    assert (first.verifier, first.outcome, first.score) == ("model_steps:correctness", "fail", 1 / 3)
    assert first.evidence["labels"] == {"0": "good", "1": "bad"}
    assert first.evidence["spans"]["1"] == [15, 29]
    assert (second.outcome, second.evidence["labels"]) == ("pass", {"0": "good", "1": "good"})
    assert (bare.outcome, bare.message) == ("unscored", "this trace has no steps to look at")
    assert (job.state, job.call_count) == ("finished", 2)
    assert any("step 3]\nThis too." in call.prompt for call in endpoint.calls)
