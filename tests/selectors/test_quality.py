"""The counts of the quality page, against counting every pair of decisions by hand."""

import random
import uuid
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import combinations
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Queue
from trajectories.selectors.quality import (
    QualityScope,
    activities,
    decision_patterns,
    pair_tables,
    reason_patterns,
    reason_uses,
    step_patterns,
    totals,
    voter_patterns,
    weeks_of,
)
from trajectories.selectors.quality_reports import quality_report
from trajectories.services.curation.reviews import submit_review, undo_last_review
from trajectories.services.curation.voids import restore_reviews, void_reviews

REASONS = ("lucky", "unclear")
EVERYTHING = QualityScope()


@pytest.fixture(autouse=True)
def _nothing_is_kept_from_other_tests():
    cache.clear()


def review(person, trace, accept=True, *, days_ago=0, reason="lucky", labels=None, seconds=None):
    draft = ReviewDraft(
        Decision.ACCEPT if accept else Decision.REJECT,
        reason="" if accept else reason,
        step_labels=labels or {},
        seconds=seconds,
    )
    with patch("django.utils.timezone.now", return_value=timezone.now() - timedelta(days=days_ago)):
        return submit_review(reviewer=person, trace=trace, draft=draft, key=uuid.uuid4())


@pytest.fixture
def people(db):
    return [User.objects.create_user(name) for name in ("ann", "ben", "cho")]


@pytest.fixture
def made(people):
    """{(trace, person): (accepts, reason, labels)} of what counts, beside undone, replaced and withdrawn decisions."""
    rng = random.Random(4)
    standing = {}
    traces = [factories.make_trace() for _ in range(12)]
    for trace in traces:
        for person in people:
            if rng.random() < 0.7:
                if rng.random() < 0.3:
                    review(person, trace, rng.random() < 0.5)
                accepts, reason = rng.random() < 0.6, rng.choice(REASONS)
                labels = {str(step): rng.choice(["good", "bad", "neutral"]) for step in (0, 1) if rng.random() < 0.8}
                review(person, trace, accepts, reason=reason, labels=labels, seconds=rng.uniform(1, 90))
                standing[trace.pk, person.pk] = (accepts, "" if accepts else reason, labels)
    for person in people:
        undone = undo_last_review(reviewer=person, key=uuid.uuid4())
        del standing[undone.trace_id, person.pk]
    return standing


def by_trace(made):
    found = defaultdict(dict)
    for (trace, person), decided in made.items():
        found[trace][person] = decided
    return found


def test_patterns_are_those_of_counting_by_hand(made):
    expected = Counter(
        (sum(accepts for accepts, _, _ in each.values()), sum(not accepts for accepts, _, _ in each.values()))
        for each in by_trace(made).values()
    )
    assert decision_patterns(EVERYTHING) == dict(expected)
    found = totals(EVERYTHING)
    shared = sum(len(each) > 1 for each in by_trace(made).values())
    assert (found.reviews, found.traces, found.reviewers, found.shared) == (len(made), len(by_trace(made)), 3, shared)


def test_pairs_are_those_of_counting_by_hand(made):
    expected = defaultdict(Counter)
    for each in by_trace(made).values():
        for one, other in combinations(sorted(each), 2):
            expected[one, other][int(not each[one][0]), int(not each[other][0])] += 1
    assert pair_tables(EVERYTHING) == {pair: dict(cells) for pair, cells in expected.items()}


def test_reasons_and_steps_are_those_of_counting_by_hand(made):
    used, others, rejected, same = Counter(), Counter(), Counter(), Counter()
    reasons = Counter()
    steps = Counter()
    for each in by_trace(made).values():
        for person, (accepts, reason, _) in each.items():
            if not accepts:
                used[reason] += 1
                for other, (also, its_reason, _) in each.items():
                    if other != person:
                        others[reason] += 1
                        rejected[reason] += not also
                        same[reason] += its_reason == reason
        given = [reason for accepts, reason, _ in each.values() if not accepts]
        if len(given) > 1:
            reasons[tuple(given.count(reason) for reason in REASONS)] += 1
        for step in ("0", "1"):
            labels = [labels[step] for _, _, labels in each.values() if step in labels]
            if len(labels) > 1:
                steps[tuple(labels.count(label) for label in ("good", "neutral", "bad"))] += 1
    found = {use.reason: use for use in reason_uses(EVERYTHING)}
    assert {reason: use.used for reason, use in found.items()} == dict(used)
    for reason, use in found.items():
        assert (use.others, use.rejected, use.same) == (others[reason], rejected[reason], same[reason])
    assert reason_patterns(EVERYTHING) == dict(reasons)
    assert step_patterns(EVERYTHING) == {0: dict(steps)}


def test_decisions_and_activity_are_of_what_counts(made, people):
    expected = defaultdict(list)
    for trace, each in by_trace(made).items():
        expected[tuple((person, int(not each[person][0])) for person in sorted(each))].append(trace)
    patterns = voter_patterns(EVERYTHING)
    assert {each.decisions: sorted(traces) for each in patterns for traces in [each.traces]} == {
        decisions: sorted(traces) for decisions, traces in expected.items()
    }
    assert sum(each.count for each in patterns) == len(by_trace(made))
    found = {each.reviewer: each for each in activities(EVERYTHING)}
    for person in people:
        mine = [accepts for (_, who), (accepts, _, _) in made.items() if who == person.pk]
        assert (found[person.pk].reviews, found[person.pk].accepted) == (len(mine), sum(mine))
        assert 1 <= found[person.pk].seconds <= 90


def test_a_problem_set_and_a_period_narrow_it(people):
    ann, ben, _ = people
    inside, outside = factories.make_trace(), factories.make_trace()
    for trace in (inside, outside):
        review(ann, trace, days_ago=20)
        review(ben, trace, False)
    in_set = QualityScope(problem_set=inside.problem.problem_set_id)
    assert decision_patterns(in_set) == {(1, 1): 1}
    today = timezone.localdate()
    assert decision_patterns(QualityScope(since=today - timedelta(days=1))) == {(0, 1): 2}
    assert decision_patterns(QualityScope(until=today - timedelta(days=1))) == {(1, 0): 2}
    both = QualityScope(in_set.problem_set, today - timedelta(days=30), today)
    assert decision_patterns(both) == {(1, 1): 1}


def test_weeks_show_how_somebody_drifts_and_restored_reviews_stay_in_theirs(people):
    ann, ben, cho = people
    traces = [factories.make_trace() for _ in range(4)]
    for trace in traces:
        review(ben, trace)
    for trace in traces[:2]:
        review(ann, trace, seconds=10, days_ago=21)
    for trace in traces[2:]:
        review(ann, trace, False, seconds=30)
    event = void_reviews(
        actor=cho, reviewer=ann, since=timezone.now() - timedelta(days=60), reason="", key=uuid.uuid4()
    )
    assert weeks_of(EVERYTHING, ann.pk) == []
    restore_reviews(actor=cho, void=event, key=uuid.uuid4())
    now, before = weeks_of(EVERYTHING, ann.pk)
    assert (now.reviews, now.accepted, now.seconds, now.agreed, now.compared) == (2, 0, 30, 0, 2)
    assert (before.reviews, before.accepted, before.seconds, before.agreed, before.compared) == (2, 2, 10, 2, 2)
    assert isinstance(before.monday, date)
    assert before.monday.weekday() == 0


def test_the_report_is_computed_once_until_something_is_decided(people, django_assert_num_queries):
    ann, ben, _ = people
    first, second = factories.make_trace(), factories.make_trace()
    for trace in (first, second):
        review(ann, trace)
    review(ben, first, False)
    with django_assert_num_queries(10):
        report = quality_report(EVERYTHING)
    assert report.overall.percent.value == 0
    with django_assert_num_queries(1):
        assert quality_report(EVERYTHING) == report
    review(ben, second)
    assert quality_report(EVERYTHING).overall.percent.value == 0.5


def test_a_dispute_of_two_is_doubtful_and_a_clear_majority_is_not(people):
    ann, ben, cho = people
    even, clear = factories.make_trace(), factories.make_trace()
    review(ann, even)
    review(cho, even, False)
    for person in (ann, ben, cho):
        review(person, clear)
    report = quality_report(EVERYTHING)
    assert [(row.trace, row.accepted, row.rejected, row.majority) for row in report.doubtful] == [(even.pk, 1, 1, "")]
    assert report.doubtful_count == 1


def test_nothing_decided_gives_an_empty_report(db):
    report = quality_report(EVERYTHING)
    assert (report.totals.reviews, report.pairs, report.reviewers, report.doubtful) == (0, [], [], [])
    assert report.overall.ac1.why


def test_a_queue_narrows_it_to_the_decisions_given_in_it(people):
    ann, ben, cho = people
    queue = Queue.objects.create(title="A queue", selection={}, seed=1)
    trace = factories.make_trace()
    for person, given_in in ((ann, queue), (ben, queue), (cho, None)):
        factories.make_review(trace=trace, reviewer=person, queue=given_in)
    assert decision_patterns(QualityScope(queue=queue.pk)) == {(2, 0): 1}
    assert decision_patterns(EVERYTHING) == {(3, 0): 1}
