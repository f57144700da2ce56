"""Counts for metrics: that each way of writing is counted, and that adding them up changes nothing."""

import pytest
from django.db import transaction
from django.db.models import Sum

from tests import factories
from tests.projects import another_project
from trajectories.adapters.acting import acting_in
from trajectories.core.records import Outcome, VerdictRecord
from trajectories.models import Review, Tally, Verdict
from trajectories.services import tallies
from trajectories.services.tallies import count_up, fold_tallies
from trajectories.services.verification.verdicts import append_verdicts

pytestmark = pytest.mark.django_db


def totals(name: str) -> dict[str, int]:
    rows = Tally.objects.filter(name=name).order_by().values_list("label").annotate(total=Sum("count"))
    return dict(rows)


def test_verdicts_are_counted_whoever_writes_them():
    trace = factories.make_trace()
    verdicts = [
        VerdictRecord("numeric", 1, Outcome.PASS, message="", score=1.0),
        VerdictRecord("text", 1, Outcome.ERROR, message="It broke."),
    ]
    assert len(append_verdicts([(trace, verdicts)])) == 2
    append_verdicts([(trace, verdicts[:1])])
    assert totals("verdicts") == {"pass": 1, "error": 1}, "the second changed nothing"
    factories.make_verdict(trace=factories.make_trace(), outcome="fail")
    Verdict.objects.bulk_create(
        [Verdict(trace=trace, verifier=f"other-{number}", version=1, outcome="fail") for number in range(3)]
    )
    assert totals("verdicts") == {"pass": 1, "error": 1, "fail": 4}


def test_reviews_are_counted_and_those_that_are_rolled_back_are_not(lead):
    trace = factories.make_trace()
    factories.make_review(trace=trace, reviewer=lead)
    with transaction.atomic():
        factories.make_review(trace=factories.make_trace(), reviewer=lead)
        transaction.set_rollback(True)
    assert totals("reviews") == {"": Review.objects.count()} == {"": 1}


def test_each_project_counts_its_own(lead):
    factories.make_verdict(trace=factories.make_trace(), outcome="pass")
    with acting_in(another_project().pk):
        assert totals("verdicts") == {}
        factories.make_verdict(trace=factories.make_trace(), outcome="fail")
        assert totals("verdicts") == {"fail": 1}
    assert totals("verdicts") == {"pass": 1}


def test_adding_up_keeps_every_sum(monkeypatch):
    monkeypatch.setattr(tallies, "ROWS_KEPT", 4)
    for number in range(6):
        count_up(name="reviews", counts={"": number, "x": 1})
    before = totals("reviews")
    assert Tally.objects.count() == 11, "nothing of a sort is no row"
    fold_tallies()
    assert (totals("reviews"), Tally.objects.count()) == (before, 2) == ({"": 15, "x": 6}, 2)
    fold_tallies()
    assert Tally.objects.count() == 2
