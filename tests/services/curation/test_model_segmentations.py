"""Language models that cut traces into steps, asked over HTTP: what is kept, what it costs, what stays."""

import json
import uuid
from dataclasses import replace
from decimal import Decimal

import pytest
from django.urls import reverse

from tests import factories
from tests.endpoint import sampler_for
from tests.judging import judging_endpoint, saying, works
from trajectories.adapters.chat_api.calls import limits
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.exporters.step_labels import labelled_steps
from trajectories.core.faults import Fault
from trajectories.core.importers.verdict_rows import read_reviews
from trajectories.core.problems import ProblemError
from trajectories.core.prompts.segmentation import cut_steps, places_in
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, ModelCut, Review, Run, SegmentationItem, SegmentationJob, SpendDay, Trace
from trajectories.models.job_kinds import RESUME
from trajectories.selectors.exports import preview_items
from trajectories.selectors.segmentations import as_cut, labels_as_cut
from trajectories.selectors.traces import get_trace
from trajectories.services.curation import model_segmentations
from trajectories.services.curation.reviews import submit_review
from trajectories.services.curation.segmentations import (
    estimate_segmentation,
    lost_segmentations,
    plan_segmentation,
    segment_next,
    segment_run,
)
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.jobs.steering import steer
from trajectories.services.runs.cutting import Cutting
from trajectories.services.runs.lifecycle import settle_run

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}
TEXT = "Take two. Add two.\n\nThat is five. Done."
STEPS = ["Take two.", "Add two.\n\nThat is five.", "Done."]
GOOD = json.dumps({"steps": ["Take two.", "Add two.", "Done."]})


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    monkeypatch.setattr(limits, "FIRST_BACKOFF", 0.001)


def asked(traces, sampler, **values) -> SegmentationJob:
    selection = Selection(problem=traces[0].problem_id)
    return plan_segmentation(actor=None, selection=selection, cutting=Cutting(sampler=sampler), **values)


def finish(job: SegmentationJob) -> SegmentationJob:
    while segment_next(job_id=job.pk):
        pass
    job.refresh_from_db()
    return job


def bodies(trace) -> list[str]:
    return [step["body"] for step in as_cut(get_trace(trace.pk)).steps]


def test_each_trace_is_cut_by_itself_and_what_it_cost_is_counted(lead):
    traces = works("One.\n\nTwo.", "Three is more.\n\nFour.\n\nFive.", steps=[])
    with judging_endpoint() as endpoint:
        sampler = sampler_for(endpoint, **PRICES)
        told = estimate_segmentation(selection=Selection(problem=traces[0].problem_id), sampler=sampler)
        job = finish(asked(traces, sampler))
    assert [bodies(trace) for trace in traces] == [["One.", "Two."], ["Three is more.", "Four.", "Five."]]
    assert (job.state, job.done_count, job.changed_count, job.error_count, job.call_count) == ("finished", 2, 2, 0, 2)
    assert (told.calls, job.cost > 0, told.cost > 0) == (2, True, True)
    assert SpendDay.objects.get(kind="segmentation").cost == job.cost
    assert [trace.steps for trace in Trace.objects.order_by("pk")] == [[], []], "what is stored stays"
    assert AuditEvent.objects.get(verb="segmentation.planned").data["sampler"] == f"{sampler.name} 1"
    # What this model has cut is never paid for again, not even where the traces were cut otherwise since.
    Trace.objects.update(segmentation="sentences:1")
    again = finish(asked(traces, sampler))
    assert (again.call_count, again.done_count, again.changed_count, len(endpoint.calls)) == (0, 2, 2, 2)
    assert [bodies(trace) for trace in traces] == [["One.", "Two."], ["Three is more.", "Four.", "Five."]]


def test_an_answer_that_does_not_copy_the_text_is_asked_for_once_more_and_then_changes_nothing(lead, client):
    (trace,) = works(TEXT, steps=[], segmentation="sentences:1")
    wrong = json.dumps({"steps": ["Take two.", "Add 2."]})
    with saying(wrong) as endpoint:
        job = finish(asked([trace], sampler_for(endpoint)))
    item = SegmentationItem.objects.get()
    assert (job.state, job.done_count, job.changed_count, job.error_count, job.call_count) == ("finished", 1, 0, 1, 2)
    assert (item.asks, item.error_kind, item.answer.body) == (2, "malformed", wrong)
    assert "“Add 2.” as step 2" in item.message
    assert Trace.objects.get().segmentation == "sentences:1"
    assert not ModelCut.objects.exists()
    client.force_login(lead)
    page = client.get(reverse("job_detail", args=["segmentation", job.pk])).content.decode()
    assert "Left as they were" in page
    assert "“Add 2.” as step 2" in page


def test_a_second_answer_may_be_right_and_a_trace_without_text_is_not_asked_about():
    traces = works(TEXT, "", steps=[])
    with saying("I would begin at “Take two.”", GOOD) as endpoint:
        job = finish(asked(traces, sampler_for(endpoint, concurrency=1)))
    assert (job.error_count, job.changed_count, job.call_count, job.done_count) == (0, 1, 2, 2)
    assert bodies(traces[0]) == STEPS
    assert Trace.objects.get(pk=traces[1].pk).segmentation == ""


def test_labels_stay_with_the_cut_they_were_given_for_and_travel_with_its_places(curator):
    (trace,) = works(TEXT, steps=[])
    with saying(GOOD) as endpoint:
        finish(asked([trace], sampler_for(endpoint)))
    shown = as_cut(get_trace(trace.pk))
    draft = ReviewDraft(Decision.REJECT, reason="wrong_reasoning", step_labels={"0": "good", "1": "bad"})
    review = submit_review(reviewer=curator, trace=shown, draft=draft, key=uuid.uuid4())
    assert (review.segmentation, review.segmentation[:6]) == (shown.cut_by, "model:")
    Trace.objects.update(segmentation="sentences:1")
    review = Review.objects.get()
    assert labels_as_cut(review, as_cut(get_trace(trace.pk))) == {"0": "good"}, "which part of the bad step nobody said"
    # Elsewhere the labels cut the text anew by the places that they bring.
    names = ("decision", "reason", "step_labels", "step_spans", "segmentation")
    said = {"reviewer": "reviewer-1", **{name: getattr(review, name) for name in names}}
    (item,) = preview_items([get_trace(trace.pk)])
    told = labelled_steps(replace(item, assessments={"reviews": [said]}))
    assert [(step.text, step.label) for step in told] == [(STEPS[0], "good"), (STEPS[1], "bad")]

    def count(cut, spans):
        return len(cut_steps(cut, TEXT, item.parts, [], places_in(spans)))

    (read,) = read_reviews([said], count)
    assert (read.step_labels, read.step_spans) == (review.step_labels, review.step_spans)
    said["step_spans"] = {**review.step_spans, "2": [5, 9]}
    with pytest.raises(ProblemError, match="expected a cut by a model whose places are known"):
        read_reviews([said], count)


def test_a_killed_worker_loses_nothing_and_nothing_is_paid_twice(monkeypatch):
    traces = works("One.\n\nTwo.", "Three.\n\nFour.", steps=[])
    with judging_endpoint() as endpoint:
        job = asked(traces, sampler_for(endpoint, concurrency=1, **PRICES))
        stored = model_segmentations._Work._finish
        with monkeypatch.context() as patch:

            def killed(work, open_trace, outcome):
                if open_trace.trace.pk == traces[1].pk:
                    raise KeyboardInterrupt
                stored(work, open_trace, outcome)

            patch.setattr(model_segmentations._Work, "_finish", killed)
            with pytest.raises(KeyboardInterrupt):
                segment_next(job_id=job.pk)
        job.refresh_from_db()
        assert (job.done_count, job.call_count, job.cursor) == (1, 1, traces[0].pk)
        job = finish(job)
    assert (job.done_count, job.call_count, len(endpoint.calls)) == (2, 2, 2)
    assert job.cost == SpendDay.objects.get(kind="segmentation").cost


def test_a_budget_pauses_it_and_a_job_with_more_goes_on_where_it_was(lead):
    traces = works(*(f"One {number}.\n\nTwo." for number in range(3)), steps=[])
    with judging_endpoint() as endpoint:
        sampler = sampler_for(endpoint, concurrency=1, **PRICES)
        job = finish(asked(traces, sampler, budget=CallBudget(tokens=700)))
        assert job.state == "paused"
        assert "The token budget has" in job.state_reason
        assert 0 < job.done_count < 3
        more = finish(asked(traces, sampler))
        assert (more.state, more.done_count, more.call_count) == ("finished", 3, 3 - job.done_count)
        steer("segmentation", RESUME, actor=lead, job_id=job.pk)
        SegmentationJob.objects.filter(pk=job.pk).update(budget_tokens=None)
        job = finish(job)
    assert (job.state, job.done_count, len(endpoint.calls)) == ("finished", 3, 3)


def test_what_cannot_be_asked_for_is_refused_in_words(lead):
    (trace,) = works(TEXT, steps=[])
    search = factories.make_sampler(title="A search")
    with pytest.raises(Fault, match="found A search, expected a language model behind an endpoint"):
        asked([trace], search)
    with judging_endpoint() as endpoint:
        sampler = sampler_for(endpoint)
        with pytest.raises(Fault, match="has no prices"):
            asked([trace], sampler, budget=CallBudget(cost=Decimal(1)))
        with pytest.raises(Fault, match="found a rule and a language model"):
            Cutting("sentences:1", sampler).check()
    with pytest.raises(Fault, match="expected a cut by a model whose places are known"):
        as_cut(get_trace(trace.pk), "model:0123456789abcdef")
    assert not SegmentationJob.objects.exists()


def test_a_run_has_its_traces_cut_as_they_come_or_once_it_has_finished(lead):
    by_rule = factories.plan(cutting=Cutting("sentences:1"))
    assert by_rule.segmentation == "sentences:1"
    with judging_endpoint() as endpoint:
        sampler = sampler_for(endpoint)
        run = factories.plan(actor=lead, samples_each=1, cutting=Cutting(sampler=sampler))
        attempt = run.attempts.get()
        factories.make_trace(run=run, problem=attempt.problem, reasoning="One.\n\nTwo.", steps=[], correctness="pass")
        assert segment_run(run_id=run.pk) is None, "not before it has finished"
        run.attempts.update(state="done")
        Run.objects.filter(pk=run.pk).update(done_count=1, verified_count=1)
        assert settle_run(run_id=run.pk)
        # The bell of its end may be lost: the sweep looks as well, once.
        lost_segmentations()
        lost_segmentations()
        job = finish(SegmentationJob.objects.get())
    assert (job.selection["run"], job.created_by, job.state, job.changed_count) == (run.pk, lead, "finished", 1)
    assert Trace.objects.get(run=run).segmentation.startswith("model:")


def test_a_lead_asks_for_it_on_a_page_that_says_what_it_takes(lead, client):
    (trace,) = works(TEXT, steps=[])
    client.force_login(lead)
    address = f"{reverse('segmentation_new')}?problem={trace.problem_id}"
    assert "no language model behind an endpoint yet" in client.get(address).content.decode()
    assert client.post(address, {"segmentation": "model"}).status_code == 422
    with judging_endpoint() as endpoint:
        sampler = sampler_for(endpoint, **PRICES)
        page = client.get(f"{address}&cutter={sampler.pk}").content.decode()
        assert "About 1 call, " in " ".join(page.split())
        assert client.post(address, {"segmentation": "model"}).status_code == 422
        said = {"segmentation": "model", "cutter": sampler.pk, "budget_tokens": 10_000}
        answer = client.post(address, said)
        job = SegmentationJob.objects.get()
        assert answer.url == reverse("job_detail", args=["segmentation", job.pk])
        assert (job.sampler, job.budget_tokens, job.segmentation) == (sampler, 10_000, "")
        assert "1 trace: by Fake" in client.get(answer.url).content.decode()
