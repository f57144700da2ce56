"""What a trace's page says of the answer that was verified."""

import re

import pytest
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from trajectories.models import PendingVerification, Trace
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db

TESTS = {
    "function": "double",
    "tests": [{"arguments": [1], "expected": 2}, {"arguments": ["<b>"], "expected": "<b><b>"}],
}


def verified(text, *, kind="numeric", reference=None, spec=None, program="") -> Trace:
    problem = factories.make_problem(kind=kind, spec=spec or {}, reference=reference)
    trace = factories.make_trace(problem=problem, answer=None, program=program, reasoning=text)
    PendingVerification.objects.create(trace=trace)
    assert verify_traces(trace_ids=[trace.pk]) == 1
    return trace


def page(client, curator, trace) -> str:
    client.force_login(curator)
    return squeezed(client.get(reverse("trace_detail", args=[trace.pk])))


@pytest.mark.parametrize(
    ("values", "marked", "words"),
    [
        ({"reference": "42", "text": "so 41, no, it is 42.0"}, "42.0", "found as the last result that the text gives"),
        ({"reference": r"\sqrt{12}", "text": r"thus \boxed{2\sqrt{3}}"}, r"2\sqrt{3}", r"found in the last \boxed{}"),
        (
            {"kind": "choice", "reference": "B", "spec": {"choices": ["a cat", "a dog"]}, "text": "Answer: a dog"},
            "a dog",
            "found behind the last “answer”",
        ),
        (
            {"kind": "text", "reference": "Paris", "text": "<answer>Rome</answer>"},
            "Rome",
            "found between &lt;answer&gt; and &lt;/answer&gt;",
        ),
        ({"kind": "text", "reference": "a+", "spec": {"match": "regex"}, "text": "Answer: aaa"}, "aaa", "a+"),
        (
            {"kind": "text", "reference": {"a": 1}, "spec": {"match": "json"}, "text": 'Answer: {"a": 1}'},
            "{&quot;a&quot;: 1}",
            '<dt>Expected</dt><dd><code class="answer-box">{&quot;a&quot;: 1}</code>',
        ),
    ],
)
def test_the_answer_is_marked_where_it_was_found(client, curator, values, marked, words):
    shown = page(client, curator, verified(**values))
    assert f"<mark>{marked}</mark>" in shown
    assert words in shown


def test_what_a_choice_was_read_as_and_what_was_expected(client, curator):
    spec = {"choices": ["a cat", "a dog"]}
    shown = page(client, curator, verified("Answer: a cat", kind="choice", reference="B", spec=spec))
    assert '<dt>Answer</dt><dd><code class="answer-box">A</code>' in shown
    assert "<mark>a cat</mark>" in shown
    assert '<dt>Expected</dt><dd><code class="answer-box">B</code>' in shown


def test_no_answer_is_said(client, curator):
    shown = page(client, curator, verified("I do not know.", kind="text", reference="Paris"))
    assert "no answer found" in shown
    assert "No answer was found outside of the thoughts" in shown
    assert "<mark>" not in shown


def test_hostile_answers_stay_text(client, curator):
    text = "Answer: <script>alert(1)</script>\u202e"
    shown = page(client, curator, verified(text, kind="text", reference="Paris"))
    assert "<script>alert" not in shown
    assert "<mark>&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_a_long_text_is_cut_around_its_answer(client, curator):
    text = "long ago " * 50 + "\nAnswer: 7\n" + "then more " * 50
    shown = page(client, curator, verified(text, reference="7"))
    excerpt = shown.partition('class="found-place">')[2].partition("</q>")[0]
    assert "<mark>7</mark>" in excerpt
    assert excerpt.startswith("…")
    assert excerpt.endswith("…")
    assert len(excerpt) < 250


def test_each_unit_test_is_a_row(client, curator):
    program = "def double(value):\n    return value * 2 if value == 1 else 7\n"
    shown = page(client, curator, verified("It doubles.", kind="text", spec=TESTS, program=program))
    rows = shown.partition('class="table evidence-tests"')[2].partition("</table>")[0]
    assert rows.count("<tr>") == 3
    assert "[&quot;&lt;b&gt;&quot;]" in rows
    assert "&lt;b&gt;&lt;b&gt;" in rows
    assert rows.count(">wrong<") == 1


def test_arc_grids_are_drawn_and_not_written(client, curator):
    trace = factories.make_trace()
    PendingVerification.objects.create(trace=trace)
    verify_traces(trace_ids=[trace.pk])
    assert '<dl class="evidence"' not in page(client, curator, trace)


@pytest.mark.parametrize(("predicted", "shown"), [([[9, 8], [7, 7]], "2 × 2"), (None, "No output")])
def test_an_output_without_a_reference_answer_is_drawn_by_itself(client, curator, problem, predicted, shown):
    pair = {"index": 0, "match": None, "status": "returned", "predicted": predicted, "expected": None, "message": "?"}
    trace = factories.make_trace(problem=problem, run=None, correctness="unscored")
    factories.make_verdict(trace=trace, outcome="unscored", evidence={"pairs": [pair], "right": 0, "of": 0})
    client.force_login(curator)
    page = squeezed(client.get(reverse("trace_detail", args=[trace.pk])))
    figure = page.split('class="pair-row"')[1].split("</figure>")[1]
    assert "predicted" in figure
    assert shown in figure


def test_the_badge_of_a_verdict_asserts_nothing_that_its_outcome_denies(client, curator):
    client.force_login(curator)
    page = squeezed(client.get(reverse("trace_detail", args=[verified("<answer>5</answer>", reference="7").pk])))
    assert "<strong>Number</strong>" in page
    assert "Number right" not in page
    page = squeezed(client.get(reverse("trace_detail", args=[verified("<answer>7</answer>", reference="7").pk])))
    assert '<span class="visually-hidden">Pass: </span>' in page


def test_headings_for_tasks_do_not_stand_above_answers_to_questions(client, curator):
    trace = verified("<answer>7</answer>", reference="7")
    instruction = factories.make_instruction(title="Number, step by step", view="", suits="chat")
    Trace.objects.filter(pk=trace.pk).update(instruction=instruction)
    client.force_login(curator)
    for address in (reverse("trace_list"), reverse("problem_detail", args=[trace.problem_id])):
        page = squeezed(client.get(address))
        body = page[page.index("<thead>") :]
        assert "Training pairs" not in body
        assert "Number, step by step" in body
        assert "<dt></dt>" not in page
    factories.make_trace(train_passed=1, train_total=2)
    page = squeezed(client.get(reverse("trace_list")))
    assert re.search(r"<th[^>]*>(?:<a[^>]*>)?Training pairs", page)
