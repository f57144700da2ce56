"""Suggested decisions: given as an item is handed out, nobody's decision until submitted, and hidden in the control."""

import json
import uuid

import pytest
from django.urls import reverse
from django.utils.html import escape

from tests.factories import make_verdict
from tests.queues import ACCEPT, decide, item_of, make_traces, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.curation.schemas import Blinding, DecisionSchema, KnownDecision, StepMode
from trajectories.core.curation.suggestions import CONTROL_ONE_IN, Suggestion, is_control
from trajectories.core.faults import Fault
from trajectories.models import Assignment, Review, Scorer, Trace
from trajectories.services.curation.assignments import lease_item, lease_next
from trajectories.services.curation.decisions import undo_in_queue
from trajectories.services.curation.queues import add_gold_item
from trajectories.services.curation.voids import restore_reviews, void_reviews

WRONG = ReviewDraft(Decision.REJECT, reason="wrong_answer")
LUCKY = ReviewDraft(Decision.REJECT, reason="lucky")


@pytest.fixture
def told(monkeypatch):
    """No item is of the control."""
    monkeypatch.setattr("trajectories.services.curation.suggestions.is_control", lambda seed, item: False)


@pytest.fixture
def hidden(monkeypatch):
    """Every item is of the control."""
    monkeypatch.setattr("trajectories.services.curation.suggestions.is_control", lambda seed, item: True)


def by_verdicts(lead, *outcomes, source="verdicts"):
    traces = make_traces(len(outcomes))
    for trace, outcome in zip(traces, outcomes, strict=True):
        Trace.objects.filter(pk=trace.pk).update(correctness=outcome, model_judged=outcome)
        if outcome in ("pass", "fail"):
            make_verdict(trace=trace, verifier="arc_test", version=3, outcome=outcome)
            make_verdict(trace=trace, verifier="model_judge:clarity", version=2, outcome=outcome)
    return queue_of(lead, traces, suggestions=source), traces


def test_what_verdicts_say_is_suggested_as_the_item_is_handed_out(told, lead, curator):
    queue, traces = by_verdicts(lead, "pass", "fail", "unscored", "")
    given = {trace.pk: lease_item(reviewer=curator, item=item_of(queue, trace)).suggestion for trace in traces}
    by = {"source": "verdicts", "by": "arc_test, version 3"}
    assert given == {
        traces[0].pk: {"decision": "accept", "reason": "", **by},
        traces[1].pk: {"decision": "reject", "reason": "wrong_answer", **by},
        traces[2].pk: None,
        traces[3].pk: None,
    }
    assert Review.objects.count() == 0


def test_a_judge_suggests_its_decision_and_no_reason(told, lead, curator):
    queue, (trace,) = by_verdicts(lead, "fail", source="judge")
    found = lease_next(reviewer=curator, queue=queue)
    assert (found.item.trace_id, found.suggestion["decision"], found.suggestion["reason"]) == (trace.pk, "reject", "")
    assert found.suggestion["by"] == "model_judge:clarity, version 2"


def test_a_scorer_suggests_where_it_is_sure_and_by_its_newest_score(told, lead, curator):
    traces = make_traces(5)
    Scorer.objects.create(name="told", version=1, state="finished")
    for trace, scores in zip(traces, ([0.5, 0.8], [0.9, 0.2], [0.79], [0.21], []), strict=True):
        for revision, score in enumerate(scores):
            said = {"version": 4, "revision": revision, "outcome": "unscored", "score": score}
            make_verdict(trace=trace, verifier="scorer:told", **said)
        make_verdict(trace=trace, verifier="scorer:another", outcome="unscored", score=0.99)
    queue = queue_of(lead, traces, suggestions="scorer", scorer_name="told")
    given = [lease_item(reviewer=curator, item=item_of(queue, trace)).suggestion for trace in traces]
    by = {"source": "scorer", "by": "scorer:told, version 4", "reason": ""}
    assert given == [{"decision": "accept", **by}, {"decision": "reject", **by}, None, None, None]
    with pytest.raises(Fault, match="Scorer: found none, expected one that is trained"):
        queue_of(lead, traces, suggestions="scorer")


def test_a_queue_without_a_source_suggests_nothing(lead, curator):
    queue, _ = by_verdicts(lead, "pass", source="")
    assert lease_next(reviewer=curator, queue=queue).suggestion is None
    decide(curator, queue.items.get())
    review = Review.objects.get()
    assert (review.suggestion, review.suggestion_use) == (None, "")


@pytest.mark.parametrize(
    ("outcome", "draft", "use"),
    [
        ("pass", ACCEPT, "taken"),
        ("pass", LUCKY, "changed"),
        ("fail", WRONG, "taken"),
        ("fail", LUCKY, "changed"),
        ("fail", ACCEPT, "changed"),
    ],
)
def test_the_review_says_what_was_suggested_and_what_became_of_it(told, lead, curator, outcome, draft, use):
    queue, _ = by_verdicts(lead, outcome)
    suggestion = lease_next(reviewer=curator, queue=queue).suggestion
    decide(curator, queue.items.get(), draft)
    review = Review.objects.get()
    assert (review.suggestion, review.suggestion_use) == (suggestion, use)


def test_in_the_control_it_is_stored_and_was_not_shown(hidden, lead, curator):
    queue, _ = by_verdicts(lead, "pass")
    assert lease_next(reviewer=curator, queue=queue).is_control
    decide(curator, queue.items.get(), LUCKY)
    review = Review.objects.get()
    assert (review.suggestion["decision"], review.suggestion_use) == ("accept", "control")


def test_about_a_tenth_is_control_the_same_for_everybody():
    drawn = [item for item in range(10_000) if is_control(7, item)]
    assert abs(len(drawn) * CONTROL_ONE_IN - 10_000) < 1_000
    assert drawn != [item for item in range(10_000) if is_control(8, item)]


def test_what_was_suggested_stays_though_verifiers_find_otherwise_later(told, lead, curator):
    queue, (trace,) = by_verdicts(lead, "pass")
    lease_next(reviewer=curator, queue=queue)
    Trace.objects.filter(pk=trace.pk).update(correctness="fail")
    assert lease_next(reviewer=curator, queue=queue).suggestion["decision"] == "accept"


def test_taken_back_and_decided_anew_it_is_another_use(told, lead, curator):
    queue, _ = by_verdicts(lead, "pass")
    lease_next(reviewer=curator, queue=queue)
    decide(curator, queue.items.get())
    undo_in_queue(reviewer=curator, queue=queue, key=uuid.uuid4())
    decide(curator, queue.items.get(), LUCKY)
    assert list(Review.objects.order_by("pk").values_list("suggestion_use", flat=True)) == ["taken", "", "changed"]


def test_a_restored_review_keeps_it(told, lead, curator):
    queue, _ = by_verdicts(lead, "pass")
    lease_next(reviewer=curator, queue=queue)
    decide(curator, queue.items.get())
    since = Review.objects.get().created_at
    void = void_reviews(actor=lead, reviewer=curator, since=since, reason="", key=uuid.uuid4())
    restore_reviews(actor=lead, void=void, key=uuid.uuid4())
    assert Review.objects.latest("pk").suggestion_use == "taken"


def test_gold_items_have_them_too_and_training_items_do_not(told, lead, curator):
    queue, traces = by_verdicts(lead, "pass", "fail")
    known = KnownDecision(Decision.ACCEPT)
    add_gold_item(actor=lead, queue=queue, trace=traces[0], known=known, is_training=True)
    queue.refresh_from_db()
    training = lease_next(reviewer=curator, queue=queue)
    assert training.item.is_training
    assert training.suggestion is None
    decide(curator, training.item)
    add_gold_item(actor=lead, queue=queue, trace=traces[1], known=known, is_training=False)
    queue.refresh_from_db()
    queue.gold_every = 1
    gold = lease_next(reviewer=curator, queue=queue)
    assert gold.item.trace_id == traces[1].pk
    assert gold.suggestion["decision"] == "reject"
    decide(curator, gold.item, WRONG)
    answered = Assignment.objects.get(pk=gold.pk)
    assert answered.answer["suggestion_use"] == "taken"
    assert answered.is_right is False
    assert Review.objects.count() == 0


def test_suggestions_by_verdicts_are_refused_where_verdicts_are_hidden(lead):
    with pytest.raises(Fault, match="what verifiers found is hidden here") as refused:
        queue_of(lead, make_traces(1), suggestions="verdicts", blinding=Blinding(verdicts=True))
    assert refused.value.field == "suggestions"
    queue_of(lead, make_traces(1), suggestions="judge", blinding=Blinding(verdicts=True))


def judged_steps(lead, first_wrong=None, **values):
    """A queue whose one trace, of two paragraphs of two sentences each, a judge has looked at by its sentences."""
    text = "Take two. Add two.\n\nThat is five. Done."
    steps = [{"kind": "text", "title": "S", "body": body, "depth": 0, "data": {}} for body in text.split("\n\n")]
    (trace,) = make_traces(1, reasoning=text, steps=steps)
    spans = {"0": [0, 9], "1": [10, 18], "2": [20, 33], "3": [34, 39]}
    labels = {str(index): "bad" if index == first_wrong else "good" for index in range((first_wrong or 3) + 1)}
    outcome = "pass" if first_wrong is None else "fail"
    evidence = {"labels": labels, "spans": spans, "segmentation": "sentences:1"}
    make_verdict(trace=trace, verifier="model_steps:clarity", version=2, outcome=outcome, evidence=evidence)
    return queue_of(lead, [trace], suggestions="steps", **values), trace


@pytest.mark.parametrize(
    ("first_wrong", "cut", "decision", "labels"),
    [
        (2, "sentences:1", "reject", {"0": "good", "1": "good", "2": "bad"}),
        (2, "", "reject", {"0": "good", "1": "bad"}),
        (None, "", "accept", {"0": "good", "1": "good"}),
    ],
)
def test_a_judge_of_steps_suggests_labels_for_the_steps_on_the_screen(
    told, lead, curator, client, first_wrong, cut, decision, labels
):
    queue, trace = judged_steps(lead, first_wrong, segmentation=cut)
    item = item_of(queue, trace)
    lease = lease_item(reviewer=curator, item=item)
    assert lease.suggestion == {
        "decision": decision,
        "reason": "wrong_reasoning" if decision == "reject" else "",
        "source": "steps",
        "by": "model_steps:clarity, version 2",
        "labels": labels,
        "segmentation": cut,
    }
    assert Review.objects.count() == 0
    client.force_login(curator)
    page = client.get(reverse("queue_item", args=[queue.pk, item.pk])).content.decode()
    assert f'data-labels="{escape(json.dumps(labels))}"' in page
    assert ("No step is wrong" in page) is (decision == "accept")
    form = {"decision": decision, "reason": "wrong_reasoning", "cut": cut, "then": "stay", "lease": lease.token}
    address = reverse("queue_decide", args=[queue.pk, item.pk])
    client.post(address, {**form, "key": uuid.uuid4(), "step_labels": json.dumps(labels)})
    assert Review.objects.get().suggestion_use == "taken"


def scored_steps(lead, scores, **values):
    """A queue whose one trace, of two paragraphs of two sentences, a process scorer has scored by its paragraphs."""
    text = "Take two. Add two.\n\nThat is five. Done."
    steps = [{"kind": "text", "title": "S", "body": body, "depth": 0, "data": {}} for body in text.split("\n\n")]
    (trace,) = make_traces(1, reasoning=text, steps=steps)
    Scorer.objects.create(name="careful", version=1, state="finished", kind="process")
    evidence = {"scorer": 1, "held_out": True, "steps": scores}
    said = {"version": 1, "outcome": "unscored", "score": min(scores), "evidence": evidence}
    make_verdict(trace=trace, verifier="scorer:careful", **said)
    return queue_of(lead, [trace], suggestions="scorer", scorer_name="careful", **values), trace


@pytest.mark.parametrize(
    ("scores", "cut", "decision", "labels"),
    [
        ([0.9, 0.1], "", "reject", {"0": "good", "1": "bad"}),
        ([0.5, 0.1], "", "reject", {"1": "bad"}),
        ([0.9, 0.8], "", "accept", {"0": "good", "1": "good"}),
        ([0.9, 0.8], "sentences:1", "accept", {"0": "good", "1": "good", "2": "good", "3": "good"}),
        ([0.9, 0.1], "sentences:1", "reject", {"0": "good", "1": "good"}),
    ],
)
def test_a_scorer_of_steps_labels_those_it_is_sure_of_as_the_queue_cuts_them(
    told, lead, curator, scores, cut, decision, labels
):
    """Which sentence of a bad paragraph is the bad one, it does not say."""
    queue, trace = scored_steps(lead, scores, segmentation=cut)
    suggestion = Suggestion.from_json(lease_item(reviewer=curator, item=item_of(queue, trace)).suggestion)
    assert (suggestion.decision, suggestion.labels, suggestion.segmentation) == (decision, labels, cut)


def test_a_scorer_labels_no_step_that_is_not_labelled_here_or_was_not_scored(told, lead, curator):
    off, trace = scored_steps(lead, [0.9, 0.1], schema=DecisionSchema(steps=StepMode.OFF))
    assert lease_item(reviewer=curator, item=item_of(off, trace)).suggestion == {
        "decision": "reject", "reason": "", "source": "scorer", "by": "scorer:careful, version 1",
    }  # fmt: skip
    on, trace = scored_steps_of_another_version(lead)
    assert "labels" not in lease_item(reviewer=curator, item=item_of(on, trace)).suggestion


def scored_steps_of_another_version(lead):
    """The trace has other steps than the scorer saw."""
    (trace,) = make_traces(1, reasoning="All of it.", steps=[])
    evidence = {"scorer": 1, "held_out": True, "steps": [0.9, 0.1]}
    make_verdict(trace=trace, verifier="scorer:careful", version=1, outcome="unscored", score=0.1, evidence=evidence)
    return queue_of(lead, [trace], suggestions="scorer", scorer_name="careful"), trace


def test_changed_labels_are_the_reviewers_own_and_the_control_is_shown_none(hidden, lead, curator, client):
    queue, trace = judged_steps(lead, 2)
    item = item_of(queue, trace)
    lease_item(reviewer=curator, item=item)
    client.force_login(curator)
    page = client.get(reverse("queue_item", args=[queue.pk, item.pk])).content.decode()
    assert "data-labels" not in page
    assert "{&quot;0&quot;: &quot;good&quot;" not in page
    review = decide(curator, item, ReviewDraft(Decision.REJECT, reason="wrong_reasoning")).review
    assert (review.suggestion_use, review.step_labels) == ("control", {})
    suggested = Suggestion.from_json(review.suggestion)
    own = ReviewDraft(Decision.REJECT, reason="wrong_reasoning", step_labels={"0": "bad"})
    assert suggested.use(own, is_control=False) == "changed"
    settled = ReviewDraft(Decision.REJECT, reason="wrong_reasoning", step_labels={**suggested.labels, "2": "unseen"})
    assert suggested.use(settled, is_control=False) == "taken"


def test_labels_are_suggested_only_where_steps_are_labelled(lead):
    traces = make_traces(1)
    with pytest.raises(Fault, match="found labels of steps, but steps are not labelled here"):
        queue_of(lead, traces, suggestions="steps", schema=DecisionSchema(steps=StepMode.OFF))
