"""Campaigns that learn without a reference: from majorities, from a learned scorer, and from people alone."""

import uuid

import pytest

from tests import factories, scorers
from tests.campaigns import SKILLED, begin, finish, two_sets, work
from trajectories.core.campaigns.plans import Basis
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Problem, Trace
from trajectories.selectors.release_bases import rests_of
from trajectories.services.curation.reviews import submit_review
from trajectories.services.training.lessons import choose_lessons
from trajectories.views.shown.campaigns import plan_words

pytestmark = pytest.mark.django_db


class Told:
    """A report that nobody reads."""

    def progress(self, done, total, unit):
        pass

    def note(self, message):
        pass


@pytest.fixture
def sets():
    """A training set of which every other problem has a reference."""
    found = two_sets(training=8)
    keys = list(Problem.objects.filter(problem_set=found[0]).order_by("pk").values_list("pk", flat=True))
    Problem.objects.filter(pk__in=keys[::2]).update(reference=None)
    return found


def told_of(campaign):
    """(what the release of the first generation rests on, what its training and every lesson say of that)."""
    row = campaign.generations.get(number=1, arm="champion")
    lessons, _ = choose_lessons(row.training, Told())
    rest = rests_of([row.release])[row.release_id]
    assert row.training.facts["rests_on"]["sentence"] == rest.sentence
    assert {lesson.item.meta["rests_on"] for lesson in lessons} == {rest.words}
    return row, rest


def test_majorities_are_learnt_from_and_the_release_says_how_far_they_held(lead, sets):
    sampler = factories.make_sampler(kind=SKILLED, parameters={"skill": 75})
    asked = {"basis": Basis.CONSENSUS, "least_votes": 0.5, "samples_each": 12}
    campaign = finish(begin(lead, sets=sets, sampler=sampler, generations=1, control=False, **asked))
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    row, rest = told_of(campaign)
    taken = [item.trace for item in row.release.items.select_related("trace__problem")]
    known = [trace for trace in taken if trace.problem.reference is not None]
    right = sum(trace.correctness == "pass" for trace in known)
    assert 0 < len(known) < len(taken)
    assert (rest.words, rest.taken, rest.known, rest.right) == (
        "majorities of at least 50 %", len(taken), len(known), right,
    )  # fmt: skip
    assert f"of {len(taken)} taken, {right} are right where a reference is known ({len(known)})" in rest.sentence


def test_a_learned_scorer_says_what_is_learnt_from_and_its_generation_waits_for_its_scores(lead, sets):
    scorer = scorers.train(scorers.make_works(), uses_votes=False)
    sampler = factories.make_sampler(kind=SKILLED, parameters={"skill": 75})
    asked = {"basis": Basis.SCORER, "scorer": scorer.pk, "least_score": 0.01}
    campaign = begin(lead, sets=sets, sampler=sampler, generations=1, control=False, **asked)
    stages = set()
    for _ in range(40):
        work(campaign)
        stages |= set(campaign.generations.values_list("stage", flat=True))
        if not campaign.is_active:
            break
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    assert "scoring" in stages
    row, rest = told_of(campaign)
    assert row.scoring.state == "finished"
    drawn = Trace.objects.filter(run=row.run)
    assert {verdict.verifier for trace in drawn for verdict in trace.verdicts.filter(verifier="scorer:told")}
    for item in row.release.items.all():
        assert item.trace.verdicts.get(verifier="scorer:told").score >= 0.01
    assert rest.words == "the scores of told from 1 % on"
    assert "by the scores of told from 1 % on" in dict(plan_words(campaign, campaign.kept_plan))["Learns from"]


def test_nothing_above_the_least_score_pauses_the_campaign_with_a_sentence(lead, sets):
    scorer = scorers.train(scorers.make_works(), uses_votes=False)
    asked = {"basis": Basis.SCORER, "scorer": scorer.pk, "least_score": 1.0}
    campaign = finish(begin(lead, sets=sets, generations=1, control=False, **asked))
    assert campaign.state_reason == (
        "Generation 1: no sample that may be learnt from has the least score that is asked for. "
        "Clone it with more samples or other problems."
    )


def test_people_alone_say_what_is_learnt_from(lead, curator, sets):
    Problem.objects.filter(problem_set=sets[0]).update(reference=None)
    asked = {"basis": Basis.PEOPLE, "people": True, "reviewers": [curator.pk]}
    campaign = begin(lead, sets=sets, generations=1, control=False, **asked)
    while not campaign.generations.filter(stage="reviewing").exists():
        work(campaign)
    queue = campaign.generations.get(number=1).queue
    waiting = [item.trace for item in queue.items.order_by("pk")]
    assert len(waiting) == 32, "all that were drawn: no verifier knows what is right"
    for place, trace in enumerate(waiting):
        said = ReviewDraft(Decision.ACCEPT) if place < 3 else ReviewDraft(Decision.REJECT, reason="lucky")
        submit_review(reviewer=curator, trace=trace, draft=said, key=uuid.uuid4())
    queue.state = "closed"
    queue.save()
    finish(campaign)
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    row, rest = told_of(campaign)
    assert {item.trace_id for item in row.release.items.all()} <= {trace.pk for trace in waiting[:3]}
    assert rest.sentence == (
        f"Rests on what people accepted; for none of the {row.release.item_count} taken a reference is known."
    )
