"""How suggestions were used and how often gold items were answered rightly, counted by hand beside."""

import uuid
from datetime import date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests import factories
from trajectories.models import Assignment, Queue, QueueItem, Review
from trajectories.selectors.gold import gold_by_week, gold_rows
from trajectories.selectors.quality import QualityScope
from trajectories.selectors.suggestions import suggestion_report


@pytest.fixture
def people(db):
    return [User.objects.create_user(name) for name in ("ann", "ben")]


def review(person, trace, decision, suggested="accept", use="taken", by="arc_test, version 3", queue=None):
    suggestion = {"decision": suggested, "source": "verdicts", "by": by, "reason": ""} if use else None
    return Review.objects.create(
        trace=trace,
        reviewer=person,
        decision=decision,
        key=uuid.uuid4(),
        suggestion=suggestion,
        suggestion_use=use,
        queue=queue,
    )


def queue_for(lead):
    return Queue.objects.create(title="Q", selection={"version": 1}, seed=1, created_by=lead)


def answer(queue, trace, person, is_right, use="", day=None, **values):
    item, _ = QueueItem.objects.get_or_create(
        queue=queue, trace=trace, defaults={"is_gold": True, "known_decision": "accept", "quota": 0, **values}
    )
    Assignment.objects.create(
        queue=queue,
        item=item,
        number=person.pk,
        is_gold=True,
        state="done",
        reviewer=person,
        decided_at=day or item.created_at,
        is_right=is_right,
        is_control=use == "control",
        answer={"decision": "accept", **({"suggestion_use": use} if use else {})},
    )


def test_shares_with_the_suggestion_and_without(people):
    ann, ben = people
    # Shown to 5: three taken, one decided so for another reason, one otherwise. Of the 2 in the control one is alike.
    for decision, use in (("accept", "taken"),) * 3 + (("accept", "changed"), ("reject", "changed")):
        review(ann, factories.make_trace(), decision, use=use)
    for decision in ("accept", "reject"):
        review(ann, factories.make_trace(), decision, use="control")
    review(ben, factories.make_trace(), "accept", use="")
    report = suggestion_report(QualityScope())
    total = report.total
    assert (total.unchanged.value, total.followed.value, total.unseen.value) == (3 / 5, 4 / 5, 1 / 2)
    assert (total.followed.n, total.unseen.n) == (5, 2)
    assert total.bias.value == pytest.approx(0.3)
    assert total.bias.low < 0 < total.bias.high, "seven decisions prove nothing"
    assert [row.by for row in report.rows] == ["arc_test, version 3"]


def test_rows_by_who_suggests_add_up(people):
    review(people[0], factories.make_trace(), "accept", by="arc_test, version 3")
    review(people[0], factories.make_trace(), "reject", use="changed", by="model_judge:clarity, version 1")
    report = suggestion_report(QualityScope())
    assert {row.by: row.unchanged.value for row in report.rows} == {
        "arc_test, version 3": 1.0,
        "model_judge:clarity, version 1": 0.0,
    }
    assert report.total.unchanged.value == 0.5


def test_agreement_between_people_with_suggestions_and_without(people):
    ann, ben = people
    for alike, use in ((True, "taken"), (True, "changed"), (False, "taken"), (False, "control"), (True, "control")):
        trace = factories.make_trace()
        review(ann, trace, "accept", use=use)
        review(ben, trace, "accept" if alike else "reject", use=use)
    report = suggestion_report(QualityScope())
    assert (report.agreement.percent.value, report.agreement.percent.n) == (pytest.approx(2 / 3), 3)
    assert (report.agreement_unseen.percent.value, report.agreement_unseen.percent.n) == (0.5, 2)


def test_unanimous_agreement_is_undefined_and_an_empty_control_has_no_share(people):
    trace = factories.make_trace()
    for person in people:
        review(person, trace, "accept")
    report = suggestion_report(QualityScope())
    assert (report.agreement.ac1.value, report.agreement.ac1.why != "") == (None, True)
    for figure in (report.total.unseen, report.total.bias, report.agreement_unseen.percent):
        assert figure.value is None


def test_what_is_superseded_counts_for_nothing_and_a_queue_narrows(people, lead):
    queue = queue_for(lead)
    kept = review(people[0], factories.make_trace(), "accept", queue=queue)
    Review.objects.create(trace=kept.trace, reviewer=people[0], decision="withdraw", supersedes=kept, key=uuid.uuid4())
    review(people[0], factories.make_trace(), "accept")
    assert suggestion_report(QualityScope(queue=queue.pk)) is None
    assert suggestion_report(QualityScope()).total.followed.n == 1


def test_gold_accuracy_by_person_and_queue_leaves_training_out(people, lead):
    ann, ben = people
    queue, other = queue_for(lead), queue_for(lead)
    for number, is_right in enumerate((True, True, False)):
        answer(queue, factories.make_trace(), ann, is_right, use="control" if number == 2 else "taken")
    answer(queue, factories.make_trace(), ben, False)
    answer(other, factories.make_trace(), ann, True)
    answer(other, factories.make_trace(), ann, False, is_training=True)
    rows = {(row.name, row.queue): (row.right, row.accuracy.n) for row in gold_rows(QualityScope())}
    assert rows == {("ann", queue.pk): (2, 3), ("ann", other.pk): (1, 1), ("ben", queue.pk): (0, 1)}
    (mine,) = gold_rows(QualityScope(queue=queue.pk), ben.pk)
    assert (mine.accuracy.value, mine.accuracy.low, mine.accuracy.high < 1) == (0.0, 0.0, True)
    report = suggestion_report(QualityScope(queue=queue.pk))
    assert (report.gold.value, report.gold.n, report.gold_unseen.value) == (1.0, 2, 0.0)


def test_gold_by_week(people, lead):
    queue, monday = queue_for(lead), date(2026, 11, 16)
    noon = timezone.make_aware(datetime(2026, 11, 16, 12))
    for days, is_right in ((0, True), (6, False), (7, True)):
        answer(queue, factories.make_trace(), people[0], is_right, day=noon + timedelta(days=days))
    weeks = gold_by_week(QualityScope(), people[0].pk)
    assert {week: (figure.value, figure.n) for week, figure in weeks.items()} == {
        monday: (0.5, 2),
        monday + timedelta(days=7): (1.0, 1),
    }
