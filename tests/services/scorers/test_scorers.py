"""Training scorers and scoring traces by them."""

import json

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests import factories
from tests.scorers import add_work, ask_for, label_steps, make_works, train
from trajectories.core.faults import Fault
from trajectories.core.scorers import fitting
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, PendingVerification, Scorer, Scoring, Trace, Verdict
from trajectories.selectors.blinding import EVERYTHING, Sight
from trajectories.selectors.insights.budgets import forget_budgets, list_scorers
from trajectories.selectors.scorers import choose_traces, drift_of, is_right, quality_of
from trajectories.services.endpoints.artefacts import artefact_file
from trajectories.services.jobs.leases import MOST_CLAIMS, lost_of
from trajectories.services.jobs.steering import steer
from trajectories.services.scorers.planning import ScorerError, retry_scorer, set_following, start_scoring
from trajectories.services.scorers.scoring import follow_new, load_scorer, lost_scorings, score_next
from trajectories.services.scorers.training import train_scorer_next
from trajectories.services.verification.verdicts import derived_fields

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(settings, tmp_path, monkeypatch):
    settings.ARTEFACT_DIR = tmp_path / "artefacts"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    monkeypatch.setattr(fitting, "METHODS", {fitting.NUMBERS: fitting.METHODS[fitting.NUMBERS]})


def score(scorer, scope):
    job = start_scoring(by=None, scorer=scorer, scope=scope)
    while score_next(job_id=job.pk):
        pass
    job.refresh_from_db()
    return job


def test_a_scorer_learns_from_verdicts_and_is_kept_as_data():
    works = make_works(problems=18)  # so many that four of each are enough of either kind, whichever are drawn
    factories.make_trace(problem=works.problems.first(), hinted=True, correctness="pass")
    factories.make_trace(problem=works.problems.first(), correctness="unscored")
    scorer = train(works, most_each=4, seed=9)
    assert (scorer.state, scorer.version, scorer.reason) == ("finished", 1, "")
    assert scorer.counts["left_out"] == {
        "shown the answer, or edited by people": 1,
        "without a word on whether they are right": 1,
        "beyond 4 of one problem": 36,
    }
    assert scorer.counts["right"] + scorer.counts["wrong"] == 72
    assert scorer.quality["auc"] > 0.95
    assert scorer.learnt["methods"] == [["Logistic regression on the numbers", 5]]
    stored = json.loads(artefact_file(scorer.artefact).read_text())
    assert set(map(int, stored["folds"])) == set(works.problems.values_list("pk", flat=True))
    assert choose_traces(scorer) == choose_traces(scorer), "the same traces are drawn again"
    again = train(works, most_each=4, seed=9)
    assert (again.version, again.artefact) == (2, scorer.artefact), "the same lessons are the same scorer"
    events = AuditEvent.objects.filter(object_type="scorer", object_id=scorer.pk).order_by("pk")
    assert list(events.values_list("verb", flat=True)) == ["scorer.request", "scorer.finished"]


def test_scores_are_verdicts_that_decide_nothing_and_are_written_once():
    works = make_works()
    scorer = train(works)
    scope = Selection(problem_set=works.pk)
    job = score(scorer, scope)
    assert (job.state, job.done_count, job.written_count) == ("finished", 72, 72)
    words = Verdict.objects.filter(verifier="scorer:told")
    assert set(words.values_list("outcome", flat=True)) == {"unscored"}
    right = words.get(trace=Trace.objects.filter(problem__problem_set=works, correctness="pass").first())
    assert right.score > 0.5
    assert right.evidence == {"scorer": scorer.pk, "held_out": True}
    # The score is that of the model that has not seen the problem.
    stored = load_scorer(scorer)
    assert right.trace.problem_id in stored.folds
    assert quality_of("scorer:told", "verdicts").auc > 0.95
    assert Trace.objects.filter(problem__problem_set=works, correctness="pass").count() == 36
    assert derived_fields({"scorer:told": right})["correctness"] == "unscored"
    assert score(scorer, scope).written_count == 0
    newer = train(works, name="told", most_each=5)
    assert score(newer, scope).written_count == 72
    assert words.filter(version=2, revision=0, previous_outcome="unscored").count() == 72


def test_a_process_scorer_learns_from_labelled_steps_and_goes_by_the_worst():
    works = make_works()
    label_steps(works)
    scorer = train(works, name="steps", kind="process", labels="verdicts")
    assert (scorer.state, scorer.labels) == ("finished", "reviews")
    assert (scorer.counts["right"], scorer.counts["wrong"], scorer.counts["traces"]) == (108, 36, 72)
    silent = factories.make_trace(problem=works.problems.first(), steps=[])
    score(scorer, Selection(problem_set=works.pk))
    words = Verdict.objects.filter(verifier="scorer:steps")
    word = words.filter(trace__correctness="pass").first()
    assert word.score == min(word.evidence["steps"])
    assert len(word.evidence["steps"]) == 3
    assert (words.get(trace=silent).score, words.get(trace=silent).message) == (None, "It has no steps.")
    with pytest.raises(ScorerError, match="expected another name"):
        ask_for(works, name="steps")


def test_what_is_wrong_is_refused_and_nothing_is_queued():
    works = make_works(1, 1)
    for values, message in (
        ({"name": "Not so"}, "Found the name 'Not so', expected small letters"),
        ({"name": "a" * 31}, "at most 30"),
        ({"kind": "other"}, "Found the kind 'other', expected outcome or process"),
        ({"labels": "luck"}, "Found the labels 'luck'"),
        ({"most_each": 0}, "Found 0 traces of a problem, expected 1 to 10,000"),
        ({"scope": Selection(problem_set=works.pk + 1)}, "No trace is in this selection"),
    ):
        with pytest.raises(Fault, match=message):
            ask_for(works, **values)
    assert not Scorer.objects.exists()
    scorer = ask_for(works)
    with pytest.raises(ScorerError, match="The scorer is queued"):
        start_scoring(by=None, scorer=scorer, scope=Selection())
    with pytest.raises(ScorerError, match="The scorer is queued"):
        set_following(by=None, scorer_id=scorer.pk, follows=True)


def test_too_little_ends_it_with_what_there_is_and_it_can_be_tried_again():
    works = make_works(4)
    scorer = train(works)
    assert (scorer.state, scorer.quality) == ("failed", None)
    assert "12 right ones of 4 problems" in scorer.reason
    assert scorer.counts["wrong"] == 12
    make_works(12)
    for trace in Trace.objects.exclude(problem__problem_set=works).select_related("problem"):
        trace.problem.problem_set = works
        trace.problem.save()
    retry_scorer(actor=None, job_id=scorer.pk)
    assert train_scorer_next(job_id=scorer.pk)
    scorer.refresh_from_db()
    assert (scorer.state, scorer.counts["problems"]) == ("finished", 16)


def test_one_worker_at_a_time_trains_and_a_stopped_training_makes_nothing(monkeypatch):
    works = make_works()
    scorer = ask_for(works)

    def stop(lessons):
        assert not train_scorer_next(job_id=scorer.pk), "the lease is held"
        steer("scorer", "pause", actor=None, job_id=scorer.pk)

    monkeypatch.setattr("trajectories.services.scorers.training.check", stop)
    assert not train_scorer_next(job_id=scorer.pk)
    scorer.refresh_from_db()
    assert (scorer.state, scorer.artefact) == ("paused", None)
    monkeypatch.undo()
    steer("scorer", "resume", actor=None, job_id=scorer.pk)
    Scorer.objects.update(claims=MOST_CLAIMS, rung_at=timezone.now() - timezone.timedelta(minutes=5))
    assert lost_of(Scorer) == [scorer.pk]
    assert train_scorer_next(job_id=scorer.pk)
    scorer.refresh_from_db()
    assert (scorer.state, scorer.reason.partition(",")[0]) == (
        "failed",
        f"Begun {MOST_CLAIMS} times without coming to an end: each time its worker was killed or came upon an error",
    )


def test_a_scoring_whose_scorer_was_changed_fails_and_says_so():
    works = make_works()
    scorer = train(works)
    artefact_file(scorer.artefact).write_text("{}")
    job = score(scorer, Selection(problem_set=works.pk))
    assert job.state == "failed"
    assert "it was changed after its training" in job.reason
    assert not Verdict.objects.filter(verifier="scorer:told").exists()


def test_new_traces_are_scored_once_they_are_verified_and_drift_is_measured_on_them():
    works = make_works()
    old = train(works, follows=True)
    scorer = train(works, follows=True)
    old.refresh_from_db()
    assert (old.follows, scorer.follows) == (False, True), "of one name the newest scores"
    [job] = follow_new(settled_seconds=-5)
    assert (job.total_count, job.automatic) == (Trace.objects.count(), True)
    assert not follow_new(settled_seconds=-5), "while it is at it nothing else is begun"
    while score_next(job_id=job.pk):
        pass
    assert drift_of(scorer) is None
    problem, run = works.problems.first(), factories.make_run()
    first = add_work(problem, run, right=True)
    waiting = add_work(problem, run, right=False)
    PendingVerification.objects.create(trace=waiting)
    assert not follow_new(), "not before its transaction has surely ended"
    [job] = follow_new(settled_seconds=-5)
    assert (job.total_count, job.last_id) == (1, first.pk)
    while score_next(job_id=job.pk):
        pass
    PendingVerification.objects.all().delete()
    [job] = follow_new(settled_seconds=-5)
    while score_next(job_id=job.pk):
        pass
    drift = drift_of(scorer)
    assert (drift.count, drift.right, drift.auc) == (2, 1, 1.0)
    set_following(by=None, scorer_id=scorer.pk, follows=False)
    add_work(problem, run, right=True)
    assert not follow_new(settled_seconds=-5)
    assert lost_scorings() == []
    assert Scoring.objects.filter(automatic=True).count() == 3


def test_whose_word_counts():
    for labels, correctness, decision, word in (
        ("verdicts", "pass", "rejected", True),
        ("verdicts", "unscored", "accepted", None),
        ("reviews", "pass", "rejected", False),
        ("reviews", "pass", "", None),
        ("both", "pass", "rejected", False),
        ("both", "fail", "", False),
        ("both", "", "accepted", True),
        ("both", "error", "", None),
    ):
        assert is_right(labels, correctness, decision) is word


def test_budgets_weigh_by_scorers_but_not_by_one_that_knows_the_votes_and_not_for_the_blind():
    works = make_works()
    for name, votes in (("plain", False), ("voting", True)):
        score(train(works, name=name, uses_votes=votes), Selection(problem_set=works.pk))
    forget_budgets()
    assert list_scorers(EVERYTHING) == ["scorer:plain"]
    forget_budgets()
    assert list_scorers(Sight(User.objects.create(username="blind").pk)) == []
    telling = [name for name, _, _ in Scorer.objects.get(name="voting").learnt["telling"]]
    assert "votes" in telling
