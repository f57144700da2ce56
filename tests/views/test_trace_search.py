"""Searching inside one trace."""

import pytest
from django.urls import reverse

from tests.factories import make_trace
from tests.pages import squeezed
from trajectories.views.trace_search import HITS_SHOWN

pytestmark = pytest.mark.django_db


def step(body: str, title: str = "A step") -> dict:
    return {"kind": "text", "title": title, "body": body, "depth": 0, "data": {}}


@pytest.fixture
def search(client, curator):
    client.force_login(curator)

    def asked(trace, query, **headers):
        answer = client.get(reverse("trace_search", args=[trace.pk]), {"q": query}, headers=headers)
        assert answer.status_code == 200
        return squeezed(answer)

    return asked


def test_steps_that_hold_the_text_are_listed_with_a_passage(search):
    trace = make_trace(steps=[step("Nothing."), step("First the Red cell, then a red row."), step("x", "Red again")])
    shown = search(trace, "red", **{"HX-Request": "true"})
    assert "2 steps with “red”" in shown
    assert "First the <mark>Red</mark> cell" in shown
    assert "(2 times)" in shown
    assert "#step-2" in shown
    assert "#step-0" not in shown
    assert "<html" not in shown
    assert "<html" in search(trace, "red")


def test_nothing_found_and_nothing_asked_say_so(search):
    trace = make_trace(steps=[step("Nothing.")])
    assert "0 steps with “zebra”" in search(trace, "zebra")
    assert "steps with" not in search(trace, "  ")


def test_many_hits_are_counted_and_the_first_listed(search):
    trace = make_trace(steps=[step("red")] * 250)
    shown = search(trace, "red")
    assert f"250 steps with “red”; the first {HITS_SHOWN} are listed" in shown
    assert shown.count("data-step-jump") == HITS_SHOWN


def test_hostile_texts_and_letters_that_grow_are_harmless(search):
    trace = make_trace(steps=[step("İİİ red <script>alert(1)</script> \u202e"), step("[" * 100_000 + "red")])
    shown = search(trace, "red")
    assert "<script>alert" not in shown
    assert "\u202e" not in shown
    assert "2 steps with" in shown
    assert "&lt;script&gt;" in search(trace, "<script>")


def test_only_who_may_see_traces(client, nobody):
    client.force_login(nobody)
    assert client.get(reverse("trace_search", args=[make_trace().pk])).status_code == 403
