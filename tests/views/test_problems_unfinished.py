"""Samples that were cut off are shown beside the rate, and are no part of it."""

import pytest
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from trajectories.models import PendingVerification, Trace
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    """Two right samples, and six that were cut off before any answer."""
    run = factories.make_run()
    problem = factories.make_problem(kind="numeric", spec={}, reference="42")
    endings = [("Answer: 42", "stop")] * 2 + [("Let me see: 6 times", "length")] * 5 + [("", "refusal")]
    for text, reason in endings:
        trace = factories.make_trace(
            run=run, problem=problem, answer=None, program="", reasoning=text or "No.", finish_reason=reason, facts={}
        )
        PendingVerification.objects.create(trace=trace)
    verify_traces(trace_ids=list(Trace.objects.values_list("pk", flat=True)))
    return run


def test_they_are_unscored_and_counted_by_the_reason_they_ended(client, curator, run):
    assert dict(Trace.objects.values_list("finish_reason", "correctness")) == {
        "stop": "pass",
        "length": "unscored",
        "refusal": "unscored",
    }
    client.force_login(curator)
    page = squeezed(client.get(reverse("problem_detail", args=[Trace.objects.first().problem_id])))
    assert "2 of 2 scored right" in page
    assert "<dt>Cut off</dt><dd>5, not counted as wrong</dd>" in page
    assert "<dt>Refused</dt><dd>1, not counted as wrong</dd>" in page


def test_the_run_says_the_same(client, curator, run):
    client.force_login(curator)
    page = squeezed(client.get(reverse("run_detail", args=[run.pk])))
    assert "100% of 2 scored" in page
    assert 'Cut off <span class="muted">5</span>' in page
    assert 'Refused <span class="muted">1</span>' in page
