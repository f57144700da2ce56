"""The page of references that no sample ever matched."""

import pytest
from django.urls import reverse

from tests import factories
from trajectories.models import Problem
from trajectories.selectors.references import ReferenceFilter, list_unmatched

pytestmark = pytest.mark.django_db
ADDRESS = "/problems/references/"


def question(*answers, right=(), kind="numeric", reference="42", **values) -> Problem:
    """A question with samples that gave these answers; those at the places in `right` matched its reference."""
    values = {"statement": "What?", "spec": {}, **values}
    problem = factories.make_problem(kind=kind, reference=reference, **values)
    for place, answer in enumerate(answers):
        word = "pass" if place in right else "fail"
        factories.make_trace(problem=problem, run=None, answer=answer, program="", steps=[], correctness=word)
    Problem.objects.filter(pk=problem.pk).update(correct_count=len(right))
    return problem


def listed(client, query="") -> list[tuple]:
    page = client.get(f"{ADDRESS}{query}").context["page"]
    return [(row.problem.name, row.answer, row.votes, row.wrong) for row in page.rows]


def test_what_samples_say_instead_of_a_reference(as_curator):
    one = factories.make_problem_set(title="One <set>")
    question("18", "17", "17", None, name="misread", reference="<b>B</b>", kind="text", problem_set=one)
    question("17", "42", right=[1], name="matched", problem_set=one)
    question(name="not sampled", problem_set=one)
    text = as_curator.get(ADDRESS).content.decode()
    assert listed(as_curator) == [("misread", "17", 2, 4)]
    assert "&lt;b&gt;B&lt;/b&gt;" in text
    assert "<b>B</b>" not in text
    assert "1 of 2 sampled (50%)" in " ".join(text.split())


def test_equal_mathematics_is_one_answer(as_curator):
    problem = question("0.5", "1/2", r"\frac12", "3", name="half", reference="7")
    assert [(name, votes, wrong) for name, _, votes, wrong in listed(as_curator)] == [("half", 3, 4)]
    row = as_curator.get(ADDRESS).context["page"].rows[0]
    linked = f'href="{reverse("problem_detail", args=[problem.pk])}?answer={row.answer_hash}"'
    assert linked in as_curator.get(ADDRESS).content.decode()
    board = as_curator.get(f"{reverse('problem_detail', args=[problem.pk])}?answer={row.answer_hash}")
    assert len(board.context["page"].rows) == 3


def test_samples_that_say_nothing_of_the_reference_do_not_count(as_curator):
    hinted = question(name="hinted")
    factories.make_trace(problem=hinted, run=None, answer="9", program="", correctness="fail", hinted=True)
    cut_off = question(name="cut off")
    factories.make_trace(problem=cut_off, run=None, answer=None, program="", correctness="unscored")
    question("x", name="tests", kind="text", spec={"tests": [{}]})
    factories.make_trace(problem=factories.make_problem(name="grids"), run=None, correctness="fail")
    assert listed(as_curator) == []
    silent = question(None, name="silent")
    assert listed(as_curator) == [("silent", None, 0, 1)]
    assert "no answer" in as_curator.get(ADDRESS).content.decode()
    assert silent.reference == "42"


def test_of_one_set_and_with_so_many_samples(as_curator):
    question("1", "1", name="two")
    other = question("1", "2", "2", "2", name="four")
    name = other.problem_set.name
    assert [row[0] for row in listed(as_curator, f"?set={name}")] == ["four"]
    assert listed(as_curator, "?least=4") == [("four", "2", 3, 4)]
    assert listed(as_curator, f"?set={name}&least=16") == []
    assert "No question of this set" in as_curator.get(f"{ADDRESS}?least=16").content.decode()
    for odd in ("?least=3", "?least=x", "?least=" + "9" * 30, "?set=%00"):
        assert len(listed(as_curator, odd)) == 2
    assert listed(as_curator, "?set=nothing") == []


def test_an_empty_list_says_what_it_means(as_curator):
    question(name="not sampled")
    assert "Nothing was compared yet" in as_curator.get(ADDRESS).content.decode()
    question("42", right=[0], name="matched")
    assert "Every reference was matched" in as_curator.get(ADDRESS).content.decode()


def test_pages_by_key(db):
    names = [question("1", name=f"q{number}").name for number in range(5)]
    first = list_unmatched(ReferenceFilter(), size=2)
    second = list_unmatched(ReferenceFilter(), after=first.next, size=2)
    third = list_unmatched(ReferenceFilter(), after=second.next, size=2)
    assert [[row.problem.name for row in page.rows] for page in (first, second, third)] == [
        names[:2],
        names[2:4],
        names[4:],
    ]
    assert (first.previous, third.next) == (None, None)
    back = list_unmatched(ReferenceFilter(), before=third.previous, size=2)
    assert [row.problem.name for row in back.rows] == names[2:4]


def test_the_number_of_queries_does_not_grow(as_curator, django_assert_num_queries):
    for number in range(2):
        question("1", "2", name=f"q{number}")
    as_curator.get(ADDRESS)
    with django_assert_num_queries(9):
        as_curator.get(ADDRESS)
    for number in range(30):
        question("1", "2", "2", name=f"more{number}")
    with django_assert_num_queries(9):
        assert len(as_curator.get(ADDRESS).context["page"].rows) == 32


def test_a_part_of_the_page_for_htmx(as_curator):
    question("1", name="misread")
    page = as_curator.get(ADDRESS, headers={"HX-Request": "true"}).content
    assert b"<html" not in page
    assert b"misread" in page


def test_the_list_of_problems_leads_here(as_curator):
    problem = question("1")
    assert f'href="{ADDRESS}"' in as_curator.get(reverse("problem_list")).content.decode()
    name = problem.problem_set.name
    assert f'href="{ADDRESS}?set={name}"' in as_curator.get(reverse("problem_list"), {"set": name}).content.decode()


def test_only_who_may_see_problems(client, nobody):
    assert client.get(ADDRESS).url.startswith("/login/")
    client.force_login(nobody)
    assert client.get(ADDRESS).status_code == 403
    assert client.post(ADDRESS).status_code in (403, 405)
