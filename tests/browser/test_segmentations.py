"""Traces cut into sentences, labelled by keys, and labels that a model judge suggests."""

import json

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.test_queues import at, press, start
from tests.browser.test_suggestions import pictures
from tests.queues import make_traces, queue_of
from trajectories.models import Review, SegmentationJob, Trace
from trajectories.services.curation.segmentations import segment_next

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = (
    "Each row of the output is a row of the input, read from the right. The first row 7 8 9 becomes 9 8 7.\n\n"
    "Sizes stay as they are. So the colours do not change either, and row two is mirrored as well. Done."
)
STEPS = [{"kind": "text", "title": "Rows", "body": body, "depth": 0, "data": {}} for body in TEXT.split("\n\n")]
CUT = "sentences:1"


def judged(trace: Trace, first_wrong: int) -> None:
    """What a model judge of steps says of the sentences of a trace."""
    starts = [0, TEXT.index("The first"), TEXT.index("Sizes"), TEXT.index("So the"), TEXT.index("Done")]
    spans = {str(index): [start, start + 5] for index, start in enumerate(starts)}
    labels = {str(index): "good" for index in range(first_wrong)} | {str(first_wrong): "bad"}
    evidence = {"labels": labels, "spans": spans, "segmentation": CUT, "answers": [], "reason": "It does not follow."}
    factories.make_verdict(trace=trace, verifier="model_steps:clarity", outcome="fail", evidence=evidence)


def test_sentences_are_labelled_and_suggested_labels_taken_by_keys(log_in, curator, lead, monkeypatch):
    monkeypatch.setattr("trajectories.services.curation.suggestions.is_control", lambda seed, item: False)
    traces = make_traces(3, reasoning=TEXT, steps=STEPS)[::-1]
    judged(traces[1], 3)
    queue = queue_of(lead, traces, segmentation=CUT, suggestions="steps", title="Sentences")
    page = log_in(curator)
    start(page, queue, traces[0])
    expect(page.locator(".step")).to_have_count(5)
    # The first j goes to the first step.
    press(page, "j", "g", "j", "b", "i", "Enter")
    at(page, traces[1])
    expect(page.locator("#suggestion")).to_contain_text("Step 4 is the first wrong one")
    expect(page.locator("[data-step-label='3']")).to_have_text("bad")
    pictures(page, "suggested-steps")
    press(page, "y")
    at(page, traces[2])
    expect(page.locator("#suggestion")).to_have_count(0)
    press(page, "a", "Enter")
    expect(page.locator("h1")).to_contain_text("Every trace has its reviews")
    own, taken, plain = Review.objects.order_by("pk")
    assert (own.step_labels, own.segmentation) == ({"0": "good", "1": "bad"}, CUT)
    assert taken.step_labels == {"0": "good", "1": "good", "2": "good", "3": "bad"}
    assert (taken.decision, taken.reason, taken.suggestion_use) == ("reject", "wrong_reasoning", "taken")
    assert (plain.step_labels, plain.suggestion_use) == ({}, "")


def test_a_draft_keeps_no_labels_for_other_steps(log_in, lead):
    (trace,) = make_traces(1, reasoning=TEXT, steps=STEPS)
    page = log_in(lead)
    page.goto(f"/segmentations/new/?run={trace.run_id}")
    pictures(page, "segmentation-new")
    page.get_by_text("Sentences", exact=True).click()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("1 trace: sentences, version 1")
    pictures(page, "segmentation-job")
    page.goto(f"/traces/{trace.pk}/")
    at(page, trace)
    expect(page.locator(".step")).to_have_count(2)
    press(page, "j", "g", "c")
    page.keyboard.type("Half of it.")
    page.wait_for_function("Object.keys(localStorage).some((name) => name.startsWith('draft:'))")
    while segment_next(job_id=SegmentationJob.objects.get().pk):
        pass
    page.reload()
    at(page, trace)
    expect(page.locator(".step")).to_have_count(5)
    expect(page.locator("#id_comment")).to_have_value("Half of it.")
    assert json.loads(page.locator("[name=step_labels]").input_value() or "{}") == {}
    pictures(page, "cut-trace")
