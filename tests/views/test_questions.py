"""A file of questions in the browser: sent, looked at column by column, imported."""

import gzip
import json
import tracemalloc
from itertools import islice

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import factories
from tests.imports import finish, latest
from tests.pages import squeezed
from trajectories.adapters.uploads import Document
from trajectories.models import Problem
from trajectories.services.problems.questions import QuestionOptions, read_question_documents

pytestmark = pytest.mark.django_db
ADDRESS = "/problems/import/"
CSV = b"Problem text,solution,topic\nWhat is 2 + 2?,4,sums\nWhat is $x$ if $2x = 6$?,3,algebra\nWho?,,people\n"
CHOSEN = {"column-question": "Problem text", "column-answer": "solution", "set_title": "Sums", "split": "train"}


@pytest.fixture
def as_lead(client, lead) -> Client:
    client.force_login(lead)
    return client


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def send(client, content=CSV, name="my sums.csv", **values):
    file = SimpleUploadedFile(name, content)
    return client.post(ADDRESS, {"tasks": [file], "set_title": "Sums", "split": "", **values})


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
    page = as_lead.get(send(as_lead, content).url)
    assert page.status_code == 200
    assert message in squeezed(page)
    assert b"<script>,b" not in page.content


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


QUESTIONS = b"question,answer\nOne?,1\n"


@pytest.mark.parametrize(
    ("name", "content", "values", "said"),
    [
        ("sums.csv", QUESTIONS, {}, "Neither the file's name nor a column says which split this is."),
        (
            "sums_test.csv",
            QUESTIONS,
            {},
            "The file's name says the split: <strong>eval</strong>.",
        ),
        ("train.csv", QUESTIONS, {}, "The file's name says the split: <strong>train</strong>."),
        ("train.csv", QUESTIONS, {"split": "eval"}, "All questions go to the split you chose: <strong>eval</strong>."),
        (
            "dev.csv",
            b"question,answer,split\nOne?,1,train\n",
            {},
            "The column <code>split</code> says the split of each question; "
            "a row that says nothing goes to <strong>eval</strong>.",
        ),
    ],
)
def test_the_side_is_shown_before_anything_is_imported(as_lead, name, content, values, said):
    text = " ".join(squeezed(as_lead.get(send(as_lead, content, name, **values).url)).split())
    assert said in text
    assert sum(map(text.count, ("says which split", "says the split", "split you chose"))) == 1


def test_the_rows_shown_are_of_the_side_that_was_chosen_before(as_lead):
    page = as_lead.get(send(as_lead, QUESTIONS, "train.csv", split="eval").url)
    assert [item.split for item in page.context["preview"].first] == ["eval"]
    address = send(as_lead, QUESTIONS, "train.csv", split="eval").url.split("?")[0]
    chosen = {"column-question": "question", "column-answer": "answer", "split": ""}
    page = as_lead.get(address, chosen, headers={"HX-Request": "true"})
    assert [item.split for item in page.context["preview"].first] == ["train"]
    assert b"The file's name says" in page.content


SOLVED = (
    b'{"question": "How many?", "answer": "8 x 9\\n#### 72"}\n{"question": "And now?", "answer": "None.\\n#### 0"}\n'
)


def test_what_a_file_looks_like_is_shown_and_can_be_changed(as_lead):
    address = send(as_lead, SOLVED, "nuts.jsonl").url.split("?")[0]
    page = as_lead.get(address)
    assert "Read as <strong>GSM8K</strong>: the answer is what stands behind the last ####" in squeezed(page)
    assert '<option value="" selected>GSM8K, as its columns look</option>' in squeezed(page)
    shown = {"column-question": "question", "column-answer": "answer", "shown_layout": "gsm8k", "layout": "plain"}
    changed = as_lead.get(address, shown, headers={"HX-Request": "true"})
    text = squeezed(changed)
    assert "Read by its columns alone, though they look like GSM8K." in text
    assert 'id="column-fields" hx-swap-oob="true"' in text
    assert '<input type="hidden" name="shown_layout" value="plain"' in text
    same = as_lead.get(address, {**shown, "shown_layout": "plain"}, headers={"HX-Request": "true"})
    assert b"hx-swap-oob" not in same.content
    odd = as_lead.get(address, {**shown, "layout": "squad"})
    assert odd.status_code == 422
    assert "Found &#x27;squad&#x27;, expected " in squeezed(odd)


def test_columns_of_another_layout_are_left_aside(as_lead):
    content = b"Question,Correct Answer,Incorrect Answer 1\nWhich?,x,y\n"
    address = send(as_lead, content, "test.csv").url.split("?")[0]
    page = as_lead.get(address)
    assert page.context["preview"].mapping == {
        "question": "Question",
        "choices": "choices",
        "answer": "right choice",
    }
    plain = {
        "layout": "plain",
        "shown_layout": "gpqa",
        "column-question": "Question",
        "column-choices": "choices",
        "column-answer": "right choice",
        "set_title": "W",
    }
    changed = as_lead.get(address, plain)
    assert changed.status_code == 200
    assert changed.context["preview"].mapping == {"question": "Question"}
    assert b"No column has an answer" in changed.content


def test_what_is_chosen_is_what_is_imported(as_lead):
    sent = send(as_lead, SOLVED, "nuts.jsonl")
    chosen = {"column-question": "question", "column-answer": "answer", "set_title": "Nuts", "shown_layout": "plain"}
    posted = as_lead.post(sent.url, {**chosen, "layout": "plain", "kind": "text", "split": "eval"})
    finish(as_lead, posted)
    assert latest().options["layout"] == "plain"
    assert latest().options["kind"] == "text"
    assert list(Problem.objects.order_by("pk").values_list("kind", "reference", "split")) == [
        ("text", "8 x 9\n#### 72", "eval"),
        ("text", "None.\n#### 0", "eval"),
    ]


def test_an_import_without_a_side_is_asked_for_one(as_lead):
    sent = send(as_lead, QUESTIONS, "sums.csv")
    chosen = {"column-question": "question", "column-answer": "answer", "set_title": "Sums"}
    refused = as_lead.post(sent.url, chosen)
    assert refused.status_code == 422
    assert "Choose a split: neither the file&#x27;s name nor a column says" in squeezed(refused)
    finish(as_lead, as_lead.post(sent.url, {**chosen, "split": "eval"}))
    assert Problem.objects.get().split == "eval"


def test_a_row_that_says_nothing_of_its_side_asks_for_one_too(as_lead):
    content = b"question,answer,split\nOne?,1,test\nTwo?,2,\n"
    sent = send(as_lead, content, "sums.csv")
    assert b"Not every row says its split" in as_lead.get(sent.url).content
    chosen = {"column-question": "question", "column-answer": "answer", "column-split": "split", "set_title": "Sums"}
    assert as_lead.post(sent.url, chosen).status_code == 422
    finish(as_lead, as_lead.post(send(as_lead, content, "dev.csv").url, chosen))
    assert dict(Problem.objects.values_list("statement", "split")) == {"One?": "eval", "Two?": "eval"}


def test_a_row_beyond_those_looked_at_without_a_side_is_a_fault(as_lead):
    rows = [f"{number}?,{number},{'train' if number < 1001 else ''}" for number in range(1002)]
    sent = send(as_lead, "\n".join(["question,answer,split", *rows]).encode(), "sums.csv")
    chosen = {"column-question": "question", "column-answer": "answer", "column-split": "split", "set_title": "Sums"}
    page = finish(as_lead, as_lead.post(sent.url, chosen))
    assert latest().state == "refused"
    assert "line 1003 split" in squeezed(page)
    assert "choose a split for the file" in squeezed(page)
    assert not Problem.objects.exists()


def test_what_is_compared_as_text_and_what_cannot_be_read_is_counted(as_lead):
    rows = [{"question": f"{number}?", "answer": f"{number} <apples>"} for number in range(10)]
    rows += [{"question": "", "answer": "1"}] * 3
    content = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    text = " ".join(squeezed(as_lead.get(send(as_lead, content, "train.jsonl").url)).split())
    assert "10 of 10 answers would be compared as text" in text
    assert "“0 &lt;apples&gt;”" in text
    assert "3 of 13 rows cannot be read, such as:" in text
    assert "<strong>line 11 question</strong>: found nothing, expected a question" in text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.json", b'[{"question": "One?", "answer": 1}]'),
        ("train.jsonl.gz", gzip.compress(b'{"question": "One?", "answer": 1}', mtime=0)),
        ("train.json.gz", gzip.compress(b'{"data": [{"question": "One?", "answer": 1}]}', mtime=0)),
        ("train.tsv", b"question\tanswer\nOne?\t1\n"),
    ],
)
def test_lists_tables_and_packed_files(as_lead, name, content):
    sent = send(as_lead, content, name)
    assert "/problems/import/" in sent.url
    assert as_lead.get(sent.url).context["preview"].first[0].reference == "1"
    posted = as_lead.post(sent.url, {"column-question": "question", "column-answer": "answer", "set_title": "One"})
    finish(as_lead, posted)
    problem = Problem.objects.get()
    assert (problem.name, problem.reference, problem.split) == (f"train-{2 if 'tsv' in name else 1}", "1", "train")


def test_rows_of_one_file_may_have_columns_of_their_own(as_lead):
    rows = [
        {"question": "A?", "choices": ["x", "y"], "answer": "B"},
        {"question": "B?", "options": ["x", "y"], "answer": "B"},
        {"problem": "C?", "answer": "3"},
    ]
    content = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    sent = send(as_lead, content, "train.jsonl")
    suggested = as_lead.get(sent.url).context["preview"].mapping
    chosen = {f"column-{field}": column for field, column in suggested.items()}
    finish(as_lead, as_lead.post(sent.url, {**chosen, "set_title": "Mixed"}))
    assert list(Problem.objects.order_by("pk").values_list("kind", "reference")) == [
        ("choice", "B"),
        ("choice", "B"),
        ("numeric", "3"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.jsonl", b"{}\n{}\n", "found an object without any key, expected a question"),
        (
            "nul.csv",
            b"\0question,answer\nOne?,1\n",
            "the column \\x00question</strong>: found a NUL character",
        ),
        ("half.jsonl", b'{"question": "One?", "\\ud800": "1"}\n', "found half of a surrogate pair, expected text"),
    ],
)
def test_columns_that_no_page_can_show_are_told(as_lead, name, content, told):
    address = send(as_lead, content, name).url
    page = as_lead.get(address)
    assert page.status_code == 200
    assert told in squeezed(page)
    assert not Problem.objects.exists()


def test_a_file_of_many_small_rows_is_read_one_row_at_a_time(as_lead, tmp_path):
    """All of them at once would take a hundred times the memory of the file."""
    document = Document("many.jsonl", lambda: b'{"question": "a"}\n' * 20_000, lambda: b"")
    tracemalloc.start()
    try:
        reading = read_question_documents([document], options=QuestionOptions(split="train"))
        assert [item.kind for item in islice(reading, 3)] == ["text"] * 3
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 3_000_000
