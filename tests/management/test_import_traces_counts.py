"""Who counts: samples that were cut off are no wrong answers, and every rate says what it is a share of."""

import pytest
from django.urls import reverse

from tests.management.test_import_traces_answers import bring_in
from tests.pages import squeezed

pytestmark = pytest.mark.django_db


def test_six_of_eight_were_cut_off(client, curator):
    traces = bring_in("b14-who-counts", "problems.jsonl", "traces.jsonl")
    assert sorted(trace.correctness for trace in traces) == ["pass"] * 2 + ["unscored"] * 6
    assert {trace.finish_reason for trace in traces if trace.correctness == "unscored"} == {"length"}
    client.force_login(curator)
    page = squeezed(client.get(reverse("problem_detail", args=[traces[0].problem_id])))
    for text in ("8 samples", "2 of 2 scored right", "<dt>Cut off</dt><dd>6, not counted as wrong</dd>"):
        assert text in page
