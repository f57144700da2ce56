"""Traces cut into other steps: nothing that is stored changes, and labels stay with the steps they were given for."""

import json
import uuid

import pytest
from django.urls import reverse

from tests import factories
from tests.queues import item_of, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, Review, SegmentationJob, Trace
from trajectories.selectors.quality import QualityScope, step_patterns
from trajectories.selectors.segmentations import as_cut, labels_as_cut
from trajectories.selectors.threads import threads_of
from trajectories.selectors.traces import get_trace
from trajectories.services.curation import segmentations
from trajectories.services.curation.assignments import lease_item
from trajectories.services.curation.reviews import submit_review
from trajectories.services.curation.segmentations import plan_segmentation, segment_next
from trajectories.services.curation.threads import About, open_thread
from trajectories.services.runs.cutting import Cutting

TEXT = "Take two. Add two.\n\nThat is five. Done."
SENTENCES = ["Take two.", "Add two.", "That is five.", "Done."]
CUT = "sentences:1"

pytestmark = pytest.mark.django_db


@pytest.fixture
def trace():
    steps = [{"kind": "text", "title": "Step", "body": body, "depth": 0, "data": {}} for body in TEXT.split("\n\n")]
    return factories.make_trace(reasoning=TEXT, steps=steps)


def label(person, trace, labels, decision=Decision.ACCEPT, reason=""):
    draft = ReviewDraft(decision, reason=reason, step_labels=labels)
    return submit_review(reviewer=person, trace=trace, draft=draft, key=uuid.uuid4())


def test_a_job_cuts_a_selection_and_changes_nothing_that_is_stored(trace, lead, curator, monkeypatch):
    monkeypatch.setattr(segmentations, "CHUNK", 1)
    monkeypatch.setattr(segmentations, "CHUNKS_PER_BELL", 1)
    others = [factories.make_trace(run=trace.run, problem=trace.problem) for _ in range(2)]
    elsewhere = factories.make_trace()
    stored = label(curator, trace, {"1": "bad"})
    before = Trace.objects.values("steps", "content_hash", "parts").get(pk=trace.pk)
    job = plan_segmentation(actor=lead, selection=Selection(run=trace.run_id), cutting=Cutting(CUT))

    rounds = 0
    while segment_next(job_id=job.pk):
        rounds += 1
    job.refresh_from_db()

    assert (job.state, job.done_count, job.changed_count, rounds) == ("finished", 3, 3, 3)
    assert AuditEvent.objects.get(verb="segmentation.planned").data["traces"] == 3
    cut = dict(Trace.objects.values_list("pk", "segmentation"))
    assert cut == {**{each.pk: CUT for each in (trace, *others)}, elsewhere.pk: ""}
    assert Trace.objects.values("steps", "content_hash", "parts").get(pk=trace.pk) == before
    stored.refresh_from_db()
    assert (stored.step_labels, stored.segmentation) == ({"1": "bad"}, "")
    shown = as_cut(get_trace(trace.pk))
    assert [step["body"] for step in shown.steps] == SENTENCES
    # Which of the sentences of a bad paragraph is the bad one, nobody has said.
    assert labels_as_cut(stored, shown) == {}
    again = plan_segmentation(actor=lead, selection=Selection(run=trace.run_id), cutting=Cutting(CUT))
    while segment_next(job_id=again.pk):
        pass
    again.refresh_from_db()
    assert (again.done_count, again.changed_count) == (3, 0)


def test_a_worker_that_is_lost_loses_nothing_and_a_cancelled_job_stops(trace, lead, monkeypatch):
    job = plan_segmentation(actor=lead, selection=Selection(), cutting=Cutting(CUT))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Selection, "from_json", killed)
        with pytest.raises(KeyboardInterrupt):
            segment_next(job_id=job.pk)
    assert Trace.objects.get().segmentation == ""
    SegmentationJob.objects.update(lease_expires_at="2020-01-01T00:00:00Z", rung_at="2020-01-01T00:00:00Z")
    assert segmentations.lost_segmentations() == [job.pk]
    SegmentationJob.objects.update(state="cancelled")
    assert segment_next(job_id=job.pk) is False
    assert Trace.objects.get().segmentation == ""
    SegmentationJob.objects.update(state="queued")
    assert segment_next(job_id=job.pk) is False
    assert Trace.objects.get().segmentation == CUT


def test_what_cannot_be_asked_for_is_refused_in_words(trace, lead):
    with pytest.raises(Fault, match="found 'words:9', expected nothing or one of"):
        plan_segmentation(actor=lead, selection=Selection(), cutting=Cutting("words:9"))
    with pytest.raises(Fault, match="Found no trace in this selection"):
        plan_segmentation(actor=lead, selection=Selection(decision="rejected"), cutting=Cutting(CUT))
    with pytest.raises(Fault, match="found 'words:9'"):
        queue_of(lead, [trace], segmentation="words:9")
    assert not SegmentationJob.objects.exists()


def test_a_queue_cuts_its_traces_and_labels_name_the_way(trace, lead, curator, client):
    queue = queue_of(lead, [trace], segmentation=CUT)
    item = item_of(queue, trace)
    client.force_login(curator)
    lease = lease_item(reviewer=curator, item=item)
    address = reverse("queue_item", args=[queue.pk, item.pk])
    page = client.get(address).content.decode()
    assert all(sentence in page for sentence in SENTENCES)
    assert f'name="cut" value="{CUT}"' in page
    assert "sentences, version 1" in page
    said = {
        "decision": "reject",
        "reason": "wrong_reasoning",
        "key": uuid.uuid4(),
        "lease": lease.token,
        "step_labels": json.dumps({"2": "bad"}),
        "cut": CUT,
        "then": "stay",
    }
    too_far = client.post(reverse("queue_decide", args=[queue.pk, item.pk]), {**said, "step_labels": '{"4": "bad"}'})
    assert (too_far.status_code, Review.objects.count()) == (422, 0)
    assert "the trace has 4 steps" in too_far.content.decode()
    unknown = client.post(reverse("queue_decide", args=[queue.pk, item.pk]), {**said, "cut": "words:9"})
    assert (unknown.status_code, Review.objects.count()) == (404, 0)
    client.post(reverse("queue_decide", args=[queue.pk, item.pk]), said)
    review = Review.objects.get()
    start = TEXT.index("That is")
    assert (review.segmentation, review.step_spans) == (CUT, {"2": [start, start + len("That is five.")]})
    # On the trace's own page, cut as it came, the paragraph with the bad sentence is bad.
    assert labels_as_cut(review, as_cut(get_trace(trace.pk))) == {"1": "bad"}
    # Quality compares no step of one way of cutting with one of another.
    label(lead, get_trace(trace.pk), {"1": "good"})
    assert step_patterns(QualityScope()) == {}
    label(lead, as_cut(get_trace(trace.pk), CUT), {"2": "good"})
    assert step_patterns(QualityScope()) == {0: {(1, 0, 1): 1}}


def test_a_page_keeps_its_steps_when_a_job_cuts_the_trace_meanwhile(trace, curator, client):
    client.force_login(curator)
    Trace.objects.filter(pk=trace.pk).update(segmentation=CUT)
    # The page was made before, and its form says so.
    said = {"decision": "accept", "key": uuid.uuid4(), "step_labels": '{"1": "good"}', "cut": "", "then": "stay"}
    client.post(reverse("review_submit", args=[trace.pk]), said)
    assert Review.objects.get().segmentation == ""
    assert Review.objects.get().step_spans == {"1": [TEXT.index("That"), len(TEXT)]}
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    # What was said of the paragraph holds for both of its sentences.
    assert "{&quot;2&quot;: &quot;good&quot;, &quot;3&quot;: &quot;good&quot;}" in page
    assert client.get(reverse("trace_detail", args=[trace.pk]) + "?cut=words:9").status_code == 404


def test_remarks_on_a_step_go_where_their_words_stand(trace, lead):
    open_thread(author=lead, trace=get_trace(trace.pk), about=About(step=1), body="Hm.", key=uuid.uuid4())
    about = About(step=1, quote="Done")
    open_thread(author=lead, trace=get_trace(trace.pk), about=about, body="So?", key=uuid.uuid4())
    whole, words = threads_of(as_cut(get_trace(trace.pk), CUT), reader_id=lead.pk, told=True)
    assert (whole.step, whole.is_placed, words.step, words.is_placed) == (2, False, 3, True)


def test_a_lead_asks_for_it_on_a_page_and_a_curator_may_not(trace, lead, curator, client):
    address = reverse("segmentation_new")
    client.force_login(curator)
    assert client.get(address).status_code == 403
    client.force_login(lead)
    assert "holds <strong>1</strong> trace" in client.get(address).content.decode()
    assert client.post(address, {"segmentation": "words:9"}).status_code == 422
    assert client.post(f"{address}?run=none", {"segmentation": CUT}).status_code == 422
    assert not SegmentationJob.objects.exists()
    answer = client.post(f"{address}?run={trace.run_id}", {"segmentation": CUT})
    job = SegmentationJob.objects.get()
    assert answer.url == reverse("job_detail", args=["segmentation", job.pk])
    assert (job.segmentation, job.selection["run"], job.created_by) == (CUT, trace.run_id, lead)
    assert "sentences, version 1" in client.get(answer.url).content.decode()
