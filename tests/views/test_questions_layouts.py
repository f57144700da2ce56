"""What a file of questions looks like, and which side its rows go to: shown before anything is imported."""

import gzip
import json
import tracemalloc
from itertools import islice

import pytest

from tests.imports import finish, latest
from tests.pages import squeezed
from tests.questions import send
from trajectories.adapters.uploads import Document
from trajectories.models import Problem
from trajectories.services.problems.questions import QuestionOptions, read_question_documents

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


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
