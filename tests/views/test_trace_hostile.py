"""A trace with hostile steps is text, and opens quickly."""

import time

import pytest
from django.urls import reverse

from tests.factories import make_trace
from tests.views.test_contrasts import HOSTILE

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("body", [*HOSTILE, "> " * 50_000, "$" + "{" * 20_000, "*" * 100_000])
def test_hostile_steps_are_harmless_and_quick(client, curator, body):
    client.force_login(curator)
    trace = make_trace(
        steps=[{"kind": "text", "title": body[:500], "body": body, "depth": 0, "data": {}}], reasoning=body
    )
    started = time.process_time()
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert time.process_time() - started < 10
    assert len(page) < 2_000_000
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert not {"\u202e", "\u2066", "\x1b"} & set(page)
