"""Rubrics: who may, versions, and the preview of what a judge is sent."""

import pytest
from django.urls import reverse

from tests import factories
from tests.judging import rubric, works
from trajectories.models import Rubric

pytestmark = pytest.mark.django_db
FIELDS = {"title": "Brevity", "name": "brevity", "least": 0, "most": 4, "pass_from": 3, "text": "Be short."}


def test_the_list_and_a_rubric_with_its_messages(client, curator):
    shown = rubric()
    works("I say <b>four</b>.")
    client.force_login(curator)
    assert "Clarity and economy" in client.get("/rubrics/").content.decode()
    page = client.get(reverse("rubric_detail", args=[shown.pk])).content.decode()
    assert "I say &lt;b&gt;four&lt;/b&gt;." in page
    assert "[begin quoted-" in page
    assert "no reference answer beside" in page
    assert "Write a new version" not in page


def test_the_preview_compares_and_takes_a_trace_by_its_number(client, curator):
    shown = rubric()
    first, _ = works("the first work", "the second work")
    client.force_login(curator)
    address = reverse("rubric_detail", args=[shown.pk])
    page = client.get(address, {"trace": first.pk, "form": "compare"}, headers={"HX-Request": "true"}).content.decode()
    assert page.count("the first work") == 2
    missing = client.get(address, {"trace": 10**9}, headers={"HX-Request": "true"})
    assert (missing.status_code, "There is no trace 1000000000." in missing.content.decode()) == (422, True)


def test_writing_one(client, lead):
    client.force_login(lead)
    assert client.get("/rubrics/new/").status_code == 200
    answer = client.post("/rubrics/new/", FIELDS)
    made = Rubric.objects.get(name="brevity")
    assert answer.url == reverse("rubric_detail", args=[made.pk])
    assert (made.version, made.least, made.most, made.pass_from, made.created_by) == (1, 0, 4, 3, lead)
    assert client.post("/rubrics/new/", FIELDS).status_code == 422


def test_a_change_is_a_new_version_and_no_change_is_none(client, lead):
    shown = rubric()
    client.force_login(lead)
    address = reverse("rubric_edit", args=[shown.pk])
    same = {name: getattr(shown, name) for name in ("title", "least", "most", "pass_from", "text")}
    client.post(address, same)
    assert Rubric.objects.filter(name="correctness").count() == 1
    client.post(address, {**same, "text": "Other words."})
    newest = Rubric.objects.get(name="correctness", version=2)
    assert (newest.text, newest.created_by) == ("Other words.", lead)
    stale = client.post(address, {**same, "text": "Third words."})
    assert "Version 2 was made in the meantime" in stale.content.decode()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "Be Short"}, "expected small letters, digits and hyphens"),
        ({"name": "x" * 23}, "Found 23 characters, expected at most 22."),
        ({"most": 0}, "expected the best above the worst"),
        ({"most": 500}, "by at most 100"),
        ({"pass_from": 0}, "as the least score that passes, expected 1 to 4"),
        ({"text": " \n"}, "expected 1 to 20,000"),
        ({"text": "x" * 20_001}, "Found 20,001 characters"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field(client, lead, values, message):
    client.force_login(lead)
    answer = client.post("/rubrics/new/", {**FIELDS, **values})
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not Rubric.objects.filter(title="Brevity").exists()


def test_a_rubric_that_holds_a_hidden_answer_is_refused_while_it_is_written(client, lead):
    factories.make_problem(name="flip", reference=[[[9, 8, 7], [1, 2, 3]]])
    client.force_login(lead)
    text = "The answer is [[9, 8, 7], [1, 2, 3]]."
    for address in ("/rubrics/new/", "/rubrics/preview/"):
        answer = client.post(address, {**FIELDS, "text": text})
        assert answer.status_code == 422
        assert "The rubric holds the answer to flip, a test output." in answer.content.decode()


def test_the_preview_of_what_is_being_written(client, lead):
    works("the newest work")
    client.force_login(lead)
    page = client.post("/rubrics/preview/", {**FIELDS, "form": "grade"}).content.decode()
    assert "Be short." in page
    assert "the newest work" in page
    assert "from 0 (worst) to 4 (best)" in page


def test_who_may_not(client, curator, nobody):
    shown = rubric()
    pages = ("/rubrics/", reverse("rubric_detail", args=[shown.pk]))
    client.force_login(nobody)
    assert [client.get(page).status_code for page in pages] == [403, 403]
    client.force_login(curator)
    for address in ("/rubrics/new/", reverse("rubric_edit", args=[shown.pk]), "/rubrics/preview/"):
        assert client.post(address, FIELDS).status_code == 403
    assert Rubric.objects.count() == 2
