"""What was said elsewhere of imported traces: a round trip, what it decides, and what is refused."""

import io
import json
import uuid

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from django.urls import reverse

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import ImportedReview, ImportedVerdict, PendingVerification, Review, Trace, Verdict
from trajectories.services.curation.reviews import submit_review
from trajectories.services.imports.direct import import_traces
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.verification.queue import verify_traces

VERDICT = {
    "verifier": "arc_test",
    "version": 1,
    "outcome": "pass",
    "score": 1.0,
    "message": "1 of 1 test outputs right",
    "evidence": {"pairs": [], "right": 1},
    "seconds": 0.5,
    "engine": "monty 1.0",
}
REVIEW = {
    "reviewer": "reviewer-1",
    "decision": "accept",
    "score": 4,
    "reason": "",
    "comment": "Clear.",
    "step_labels": {"0": "good"},
}
STEP = {"kind": "text", "title": "", "body": "Mirror.", "depth": 0, "data": {}}


def full(verdicts=(VERDICT,), reviews=(REVIEW,), **trace):
    fields = {"prompt": [], "reasoning": "Mirror.", "program": "", "answer": [[[9, 8, 7]]], "steps": [STEP], **trace}
    return {"problem": {"name": "flip"}, "trace": fields, "verdicts": list(verdicts), "reviews": list(reviews)}


def run(*rows, **options):
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    fields = {"actor": None, "on_fault": "all_or_nothing", **options}
    return import_traces(files=[("full.jsonl", io.BytesIO(data))], **fields)


@pytest.fixture
def flip(db):
    return factories.make_problem(name="flip")


@pytest.mark.django_db(transaction=True)
def test_a_full_export_comes_back_with_all_that_was_said(settings, tmp_path, lead, curator, engineer):
    settings.EXPORT_DIR = tmp_path
    factories.make_problem(name="flip", content_hash="f" * 64)
    report = run(full(verdicts=(), reviews=(), reasoning="It is\n[[9, 8, 7]]", answer=None))
    trace = Trace.objects.get(pk=report.trace_ids[0])
    verify_traces(trace_ids=[trace.pk])
    for person, verdict in (
        (curator, ReviewDraft(Decision.ACCEPT, score=4, comment="Clear.", step_labels={"0": "good"})),
        (lead, ReviewDraft(Decision.ACCEPT, score=5)),
    ):
        submit_review(reviewer=person, trace=trace, draft=verdict, key=uuid.uuid4())
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    export = request_export(actor=engineer, release=release, export_format="full", with_meta=True)
    assert write_export(job_id=export.pk)
    [row] = [json.loads(line) for line in export_path(export).read_text().splitlines()]
    assert row["trace"]["found"]["rule"] == "last grid"

    call_command("flush", interactive=False, verbosity=0)
    factories.make_problem(name="flip", content_hash="f" * 64)
    report = run(row)
    assert (report.inserted, report.fault_count) == (1, 0)
    back = Trace.objects.get()
    names = [*VERDICT]
    assert [{name: getattr(word, name) for name in names} for word in back.imported_verdicts.order_by("pk")] == [
        {name: word[name] for name in names} for word in row["verdicts"]
    ]
    shown = [*(name for name in REVIEW if name != "reviewer")]
    assert [
        {"reviewer": word.pseudonym, **{name: getattr(word, name) for name in shown}}
        for word in back.imported_reviews.order_by("pk")
    ] == row["reviews"]
    assert {word["reviewer"] for word in row["reviews"]} == {"reviewer-1", "reviewer-2"}
    assert (back.reasoning.body, back.answer, back.steps) == (
        row["trace"]["reasoning"],
        row["trace"]["answer"],
        row["trace"]["steps"],
    )
    assert back.facts["found"] == row["trace"]["found"]


def test_imported_words_decide_nothing_and_the_trace_is_verified_here(flip):
    wrong = full(answer=[[[1, 1, 1]]])
    trace = Trace.objects.get(pk=run(wrong).trace_ids[0])
    assert (trace.correctness, trace.decision, Review.objects.count()) == ("", "", 0)
    assert PendingVerification.objects.filter(trace=trace).exists()
    verify_traces(trace_ids=[trace.pk])
    trace.refresh_from_db()
    assert trace.correctness == "fail"
    assert ImportedVerdict.objects.get(trace=trace).outcome == "pass"
    assert set(Verdict.objects.filter(trace=trace).values_list("verifier", "outcome")) == {
        ("arc_answer", "fail"),
        ("arc_test", "fail"),
    }


def test_the_same_row_again_adds_nothing(flip):
    run(full())
    assert run(full()).duplicates == 1
    assert (ImportedVerdict.objects.count(), ImportedReview.objects.count()) == (1, 1)


def test_asked_for_they_become_the_importers_own_decision(flip, lead):
    reject = {**REVIEW, "reviewer": "reviewer-2", "decision": "reject", "reason": "their own code", "comment": "No."}
    report = run(full(), full(reviews=(REVIEW, reject), reasoning="Other."), actor=lead, adopt_reviews=True)
    first, second = Trace.objects.filter(pk__in=report.trace_ids).order_by("pk")
    assert (first.decision, second.decision) == ("accepted", "rejected")
    mine = Review.objects.get(trace=first)
    assert (mine.reviewer, mine.score, mine.step_labels) == (lead, 4, {"0": "good"})
    assert mine.comment == "Taken over from reviewer-1. Clear."
    theirs = Review.objects.get(trace=second)
    assert (theirs.reason, theirs.score) == ("other", None)
    assert theirs.comment == "Taken over from reviewer-1, reviewer-2. No."
    flip.refresh_from_db()
    assert flip.accepted_count == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (full(verdicts=[{**VERDICT, "outcome": "great"}]), "verdicts[0].outcome: found the text 'great', expected one"),
        (full(verdicts=[{**VERDICT, "version": -1}]), "verdicts[0].version: found -1, expected a whole number"),
        (full(verdicts=[{**VERDICT, "verifier": " "}]), "verdicts[0].verifier: found the text ' ', expected text of 1"),
        (full(verdicts=[{**VERDICT, "verifier": "x" * 41}]), "verdicts[0].verifier: found the text"),
        (full(verdicts=[{**VERDICT, "score": 2}]), "verdicts[0].score: found 2, expected a number from 0 to 1"),
        (full(verdicts=[{**VERDICT, "evidence": []}]), "verdicts[0].evidence: found an empty list, expected an object"),
        (full(verdicts=[{**VERDICT, "engine": "\0"}]), "verdicts[0].engine: found"),
        (full(verdicts=[3]), "verdicts[0]: found 3, expected an object"),
        (full(verdicts=[VERDICT] * 1001), "verdicts: found a list of 1001, expected a list of at most 1,000"),
        (
            full(reviews=[{**REVIEW, "decision": "withdraw"}]),
            "reviews[0].decision: found the text 'withdraw', expected",
        ),
        (
            full(reviews=[{**REVIEW, "score": True}]),
            "reviews[0].score: found true, expected a whole number from 1 to 5",
        ),
        (
            full(reviews=[{**REVIEW, "reviewer": ""}]),
            "reviews[0].reviewer: found the text '', expected text of 1 to 80",
        ),
        (full(reviews=[REVIEW, REVIEW]), "reviews[1].reviewer: found 'reviewer-1' again, expected each once"),
        (full(reviews=[{**REVIEW, "step_labels": {"7": "good"}}]), "reviews[0].step_labels: Step labels: found step 7"),
        (full(reviews=[{**REVIEW, "step_labels": {"0": "<b>"}}]), "reviews[0].step_labels: Step 0: found '<b>'"),
        ({**full(), "reviews": "none"}, "reviews: found the text 'none', expected a list"),
    ],
)
def test_hostile_rows_are_refused_in_one_sentence(flip, row, message):
    report = run(full(), row)
    assert report.refused
    assert len(report.faults) == 1
    assert str(report.faults[0]).startswith(f"full.jsonl: line 2 {message}")
    assert not Trace.objects.exists()


def test_labels_of_somebody_who_gave_up_decide_nothing_and_their_solution_has_no_answer(client, lead):
    """Not even where the importer wants the decisions of the file for their own, and a step ends like an answer."""
    asked = {"problem": "What is 2 + 2?", "ground_truth_answer": "4"}
    factories.make_problem(name="sum", kind="numeric", spec={}, reference="4", statement=asked["problem"])
    steps = [{"completions": [{"text": text, "rating": 1}], "chosen_completion": 0} for text in ("Add.", "So it is 3.")]
    row = {"labeler": "p-1", "question": asked, "label": {"steps": steps, "finish_reason": "give_up"}}
    report = run(row, actor=lead, adopt_reviews=True)
    trace = Trace.objects.get(pk=report.trace_ids[0])
    assert (report.reviews, trace.answer, trace.decision, len(trace.steps)) == (1, None, "", 2)
    assert not Review.objects.exists()
    review = trace.imported_reviews.get()
    assert (review.decision, review.step_labels) == ("withdraw", {"0": "good", "1": "good"})
    verify_traces(trace_ids=[trace.pk])
    trace.refresh_from_db()
    assert (trace.answer, trace.correctness) == (None, "fail")
    client.force_login(lead)
    shown = client.get(reverse("trace_detail", args=[trace.pk]), {"reviews": "all"}).content.decode()
    assert "No decision" in shown
    assert "Gave up." in shown


def test_they_are_kept_for_ever(flip):
    run(full())
    with pytest.raises(IntegrityError, match="append-only"):
        ImportedVerdict.objects.update(outcome="fail")


def test_the_page_marks_them_and_hides_peoples_words_until_ones_own_is_in(client, curator, engineer, flip):
    trace = Trace.objects.get(pk=run(full(reviews=[{**REVIEW, "comment": "<b>bold</b>"}])).trace_ids[0])
    verify_traces(trace_ids=[trace.pk])
    client.force_login(curator)
    shown = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert "1 imported verdict" in shown
    assert "imported, version 1, monty 1.0" in shown
    assert "reviewer-1" not in shown
    assert "shows up once your own decision is in" in shown
    client.force_login(engineer)
    shown = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert "reviewer-1" in shown
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown
