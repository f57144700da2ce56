"""Questions as they are shown once they are in: in lists, on a page of their own, and with a trace."""

import pytest

from tests import factories
from tests.pages import squeezed
from trajectories.models import Problem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def choice(db) -> Problem:
    """A question with choices, and three samples with two answers."""
    problem = factories.make_problem(
        name="cap-1",
        kind="choice",
        statement="The capital of **Australia**, where $a^2 = 4$?",
        spec={"choices": ["Sydney", "<b>Canberra</b>"]},
        reference="B",
        family="geography",
        difficulty={"level": 2.0},
    )
    for answer, word in (("B", "pass"), ("B", "pass"), ("<i>A</i>", "fail")):
        trace = factories.make_trace(problem=problem, run=None, answer=answer, program="", steps=[], correctness=word)
        found = {"answer": answer, "rule": "label", "start": 0, "end": 1}
        factories.make_verdict(trace=trace, verifier="choice", outcome=word, evidence={"found": found, "expected": "B"})
    return problem


def test_the_list_shows_what_a_question_asks(as_lead, choice, django_assert_num_queries):
    as_lead.get("/problems/")
    with django_assert_num_queries(6):
        text = squeezed(as_lead.get("/problems/"))
    assert "The capital of **Australia**" in text


def test_a_question_s_page_groups_its_samples_by_answer(as_lead, choice, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        page = as_lead.get(f"/problems/{choice.pk}/")
    text = squeezed(page)
    assert "The capital of <strong>Australia</strong>" in text
    assert "<math" in text
    assert "&lt;b&gt;Canberra&lt;/b&gt;" in text
    assert '<code class="answer-box">B</code>' in text
    assert "&lt;i&gt;A&lt;/i&gt;" in text
    assert "thumb-empty" not in text
    assert [group.votes for group in page.context["population"].groups] == [2, 1]


def test_a_trace_of_a_question_shows_question_and_answer_found(as_lead, choice):
    trace = choice.traces.order_by("pk").last()
    text = squeezed(as_lead.get(f"/traces/{trace.pk}/"))
    assert "The capital of <strong>Australia</strong>" in text
    assert "&lt;i&gt;A&lt;/i&gt;" in text
    assert "<i>A</i>" not in text
    listed = squeezed(as_lead.get("/traces/"))
    assert '<code class="answer-box">B</code>' in listed
    assert "thumb-empty" not in listed


def test_a_procedural_question_is_shown_as_it_is(as_lead):
    problem = factories.make_problem(
        kind="procedural", statement="a*b*c =\n  1 2", spec={"family": "sums", "entry": {}}, reference=None
    )
    text = squeezed(as_lead.get(f"/problems/{problem.pk}/"))
    assert "a*b*c = 1 2</code>" in text
    assert "the family's own scorer decides" in text
