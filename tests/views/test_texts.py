"""Texts too long to be read on a page: shown in part, and a link away as a whole."""

import pytest
from django.urls import reverse

from tests.factories import make_problem, make_text, make_trace
from trajectories.templatetags.markup import SHOWN_CHARACTERS

LONG = "A <b>long</b> question. " * 150_000
CUT = f"(the first {SHOWN_CHARACTERS:,} of {len(LONG):,} characters are shown)"
LARGEST_PAGE = 2_000_000
"""Bytes of a page with a long question, prompt, reasoning and program on it."""


def body(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("kind", ["text", "procedural"])
def test_a_long_question_is_shown_in_part_with_a_link_to_the_whole(client, curator, kind):
    spec = {"family": "f", "entry": {}} if kind == "procedural" else {}
    problem = make_problem(kind=kind, statement=LONG, spec=spec, reference=LONG)
    client.force_login(curator)
    page = body(client.get(reverse("problem_detail", args=[problem.pk])))
    assert len(page) < LARGEST_PAGE
    assert page.count(CUT) == 2
    for part in ("statement", "answer"):
        address = reverse("problem_text", args=[problem.pk, part])
        assert f'href="{address}"' in page
        whole = client.get(address)
        assert (body(whole), whole["Content-Type"]) == (LONG, "text/plain; charset=utf-8")
        assert whole["X-Content-Type-Options"] == "nosniff"


def test_a_short_question_is_shown_whole_and_has_no_link(client, curator):
    problem = make_problem(kind="text", statement="Why?", spec={}, reference="So.")
    client.force_login(curator)
    page = body(client.get(reverse("problem_detail", args=[problem.pk])))
    assert "characters are shown" not in page
    assert reverse("problem_text", args=[problem.pk, "statement"]) not in page


def test_a_long_trace_is_shown_in_part_with_links_to_the_whole(client, curator):
    prompt = make_text(f'[{{"role": "user", "content": "{LONG}"}}]')
    trace = make_trace(reasoning=LONG, program=f"# {LONG}", steps=[], prompt=prompt)
    client.force_login(curator)
    address = reverse("trace_detail", args=[trace.pk])
    page = body(client.get(address))
    raw = body(client.get(f"{address}?view=raw"))
    assert len(page) < LARGEST_PAGE
    assert len(raw) < LARGEST_PAGE
    for part, whole in (("prompt", prompt.body), ("reasoning", LONG), ("program", f"# {LONG}")):
        place = reverse("trace_text", args=[trace.pk, part])
        assert f'href="{place}"' in page
        assert body(client.get(place)) == whole


def test_an_answer_that_is_no_text_is_json_and_an_absent_one_empty(client, curator):
    client.force_login(curator)
    for reference, expected in (([[[1]]], "[[[1]]]"), (None, "")):
        problem = make_problem(reference=reference)
        assert body(client.get(reverse("problem_text", args=[problem.pk, "answer"]))) == expected


@pytest.mark.parametrize("part", ["nothing", "spec"])
def test_other_parts_are_not_found(client, curator, part):
    trace = make_trace(program="")
    client.force_login(curator)
    assert client.get(reverse("problem_text", args=[trace.problem_id, part])).status_code == 404
    assert client.get(reverse("trace_text", args=[trace.pk, part])).status_code == 404
    assert client.get(reverse("trace_text", args=[trace.pk, "program"])).status_code == 404


def test_whoever_may_not_see_the_page_may_not_see_its_texts(client, nobody):
    trace = make_trace()
    client.force_login(nobody)
    assert client.get(reverse("problem_text", args=[trace.problem_id, "statement"])).status_code == 403
    assert client.get(reverse("trace_text", args=[trace.pk, "reasoning"])).status_code == 403
