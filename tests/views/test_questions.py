"""A file of questions in the browser: sent, looked at column by column, imported."""

import pytest
from django.test import Client

from tests.imports import finish, latest
from tests.pages import squeezed
from tests.questions import CHOSEN, CSV, send
from trajectories.models import Problem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def test_a_file_of_questions_leads_to_its_columns(as_lead, django_assert_num_queries):
    sent = send(as_lead, split="eval")
    assert sent.status_code == 302
    with django_assert_num_queries(5):
        page = as_lead.get(sent.url)
    text = squeezed(page)
    assert "What is in my sums.csv?" in text
    assert 'value="Sums"' in text
    assert '<option value="eval" selected>' in text
    assert "expected one of question, problem, prompt, input, query" in text


def test_usual_names_are_suggested_and_the_first_rows_shown(as_lead):
    sent = send(as_lead, CSV.replace(b"Problem text,solution", b"question,answer"))
    page = as_lead.get(sent.url)
    assert page.context["preview"].mapping == {"question": "question", "answer": "answer", "family": "topic"}
    text = squeezed(page)
    assert "What is 2 + 2?" in text
    assert "<math" in text
    assert '<option value="topic" selected>' in text


def test_the_preview_follows_the_columns_chosen(as_lead):
    address = send(as_lead).url.split("?")[0]
    page = as_lead.get(address, {**CHOSEN, "column-family": "topic"}, headers={"HX-Request": "true"})
    assert b"<html" not in page.content
    first = page.context["preview"].first
    assert [(item.kind, item.reference, item.family) for item in first] == [
        ("numeric", "4", "sums"),
        ("numeric", "3", "algebra"),
        ("text", None, "people"),
    ]
    assert [item.family for item in as_lead.get(address, CHOSEN).context["preview"].first] == [""] * 3


def test_rows_that_are_wrong_are_shown_where_they_are(as_lead):
    content = b"question,answer,kind\nOne?,1,numeric\nTwo?,two or three,numeric\nThree?,3,number\n"
    text = squeezed(as_lead.get(send(as_lead, content).url))
    assert "line 3 answer" in text
    assert "which its own verifier refuses" in text
    assert "line 4 kind" in text
    assert "expected one of numeric, choice, text" in text


def test_without_script_the_preview_is_a_button(as_lead):
    page = as_lead.post(send(as_lead).url, {**CHOSEN, "preview": "1"})
    assert page.status_code == 200
    assert b"What is 2 + 2?" in page.content
    assert not Problem.objects.exists()


def test_import(as_lead, tmp_path, django_assert_max_num_queries):
    sent = send(as_lead)
    with django_assert_max_num_queries(15):
        posted = as_lead.post(sent.url, {**CHOSEN, "column-family": "topic", "split": "eval"})
    assert as_lead.get(sent.url).url == posted.url  # while it is under way
    finish(as_lead, posted)
    assert latest().inserted == 3
    problem = Problem.objects.get(statement="What is 2 + 2?")
    assert (problem.kind, problem.reference, problem.family, problem.split) == ("numeric", "4", "sums", "eval")
    assert problem.problem_set.title == "Sums"
    assert list((tmp_path / "uploads").iterdir()) == []
    assert as_lead.get(sent.url).status_code == 404


def test_bad_rows_keep_everything_out_and_the_file_stays(as_lead):
    sent = send(as_lead, b"question,answer,kind\nOne?,1,numeric\nTwo?,2,number\n")
    values = {"column-question": "question", "column-answer": "answer", "column-kind": "kind", "set_title": "Sums"}
    values["split"] = "train"
    page = finish(as_lead, as_lead.post(sent.url, values))
    assert b"Nothing was imported" in page.content
    assert sent.url.split("?")[0] in squeezed(page)
    assert not Problem.objects.exists()
    finish(as_lead, as_lead.post(sent.url, {**values, "skip_bad": "on"}))
    assert Problem.objects.get().statement == "One?"


def test_jsonl_with_choices(as_lead):
    content = b'{"question": "Which?", "choices": ["red", "blue"], "answer": "blue"}\n'
    sent = send(as_lead, content, "q.jsonl")
    text = squeezed(as_lead.get(sent.url))
    assert 'class="choice-right"' in text
    chosen = {"column-question": "question", "column-choices": "choices", "column-answer": "answer", "set_title": "C"}
    chosen["split"] = "eval"
    finish(as_lead, as_lead.post(sent.url, chosen))
    assert Problem.objects.get().reference == "B"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"column-question": "no such column"}, "Found &#x27;no such column&#x27;, expected "),
        ({"column-question": ""}, "Found nothing, expected "),
        ({"set_title": "???"}, "Use at least one letter"),
        ({"set_title": ""}, "Found nothing, expected a text."),
    ],
)
def test_form_errors(as_lead, values, message):
    page = as_lead.post(send(as_lead).url, {**CHOSEN, **values})
    assert page.status_code == 422
    assert message in squeezed(page)
    assert not Problem.objects.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "found no questions"),
        (b"question\xff,answer\n", "byte 8"),
        (b'a,b\n"x\n', "is no CSV from here on"),
        (b"<script>,b\n1,2\n", "expected one of question"),
    ],
)
def test_files_that_hold_no_questions_say_so(as_lead, content, message):
    sent = send(as_lead, content).url
    page = as_lead.get(sent)
    assert page.status_code == 200
    assert message in squeezed(page)
    assert b"<script>,b" not in page.content
    posted = as_lead.post(sent, CHOSEN)
    assert posted.status_code == 422
    assert message in squeezed(posted)
    assert "expected none" not in squeezed(posted)


def test_somebody_else_cannot_see_it(as_lead, client, engineer, django_user_model):
    address = send(as_lead).url
    other = django_user_model.objects.create_superuser("root", password="a long enough password")
    client.force_login(other)
    assert client.get(address).status_code == 404
    client.force_login(engineer)
    assert client.get(address).status_code == 403
    assert client.post(address, CHOSEN).status_code == 403


def test_the_csrf_token_is_checked(as_lead, lead):
    address = send(as_lead).url
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(lead)
    assert strict.post(address, CHOSEN).status_code == 403


def test_markup_in_a_question_is_harmless(as_lead):
    sent = send(as_lead, b"question,answer\n<script>alert(1)</script> **bold**,1\n")
    text = squeezed(as_lead.get(sent.url))
    assert "<script>alert" not in text
    assert "<strong>bold</strong>" in text
