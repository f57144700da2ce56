"""The page of a trace tells thoughts and answer apart."""

import re

import pytest
from django.urls import reverse

from tests import factories
from trajectories.core.completions.messages import read_message
from trajectories.core.completions.parts import build_completion, parts_to_json

pytestmark = pytest.mark.django_db


def trace_of(message, **values):
    completion = build_completion(read_message(message))
    fields = {"program": "", "steps": [], **values}
    return factories.make_trace(reasoning=completion.text, parts=parts_to_json(completion.parts), **fields)


def sections(client, trace):
    """What the page shows: ("thoughts" or "answer", the text) in order."""
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    body = page[page.index('aria-label="Steps"') : page.index('id="prompt"')]
    found = re.findall(r'<details class="thoughts".*?</details>|<div class="card">.*?</div></div>', body, re.DOTALL)
    words = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part)).strip() for part in found]
    kinds = ["thoughts" if "data-thoughts" in part else "answer" for part in found]
    return list(zip(kinds, words, strict=True))


def test_a_text_without_steps_is_shown_part_by_part(client, curator):
    client.force_login(curator)
    trace = trace_of({"content": "It is 4.", "reasoning_content": "Two twos."})
    assert sections(client, trace) == [("thoughts", "Thoughts 9 characters Two twos."), ("answer", "It is 4.")]


def test_thoughts_that_were_cut_off_say_that_there_is_no_answer(client, curator):
    client.force_login(curator)
    ((kind, words),) = sections(client, trace_of({"content": "<think>so \\boxed{4}, but"}))
    assert kind == "thoughts"
    assert "cut off in here: no answer" in words


def test_steps_of_thoughts_fold_and_those_of_the_answer_do_not(client, curator):
    client.force_login(curator)
    steps = [
        {"kind": "text", "title": "Thinking", "body": "", "depth": 0, "data": {}, "part": "thinking"},
        {"kind": "text", "title": "Twos", "body": "Two twos.", "depth": 1, "data": {}, "part": "thinking"},
        {"kind": "text", "title": "It is 4", "body": "It is 4.", "depth": 0, "data": {}},
    ]
    trace = trace_of({"content": "It is 4.", "reasoning_content": "Two twos."}, steps=steps)
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    folded = re.search(r'<details class="thoughts".*?</details>', page, re.DOTALL)[0]
    assert ['id="step-0"' in folded, 'id="step-1"' in folded, 'id="step-2"' in folded] == [True, True, False]
    assert page.index("</details>") < page.index("Answer</h3>") < page.index('id="step-2"')
    assert page.count('data-key="z"') == 1


def test_long_thoughts_come_in_groups_that_hold_no_answer(client, curator):
    client.force_login(curator)
    thought = {"kind": "text", "title": "T", "body": "x" * 2000, "depth": 1, "data": {}, "part": "thinking"}
    said = {"kind": "text", "title": "S", "body": "It is 4.", "depth": 0, "data": {}}
    trace = trace_of({"content": "It is 4.", "reasoning_content": "x"}, steps=[*[thought] * 14, said])
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert page.count("data-thoughts") == 1
    group = client.get(reverse("trace_steps", args=[trace.pk, 14])).content.decode()
    assert 'id="step-14"' in group
    assert "thinking" not in group


def test_a_trace_without_thoughts_looks_as_before(client, curator):
    client.force_login(curator)
    trace = factories.make_trace()
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert "data-thoughts" not in page
    assert "Answer</h3>" not in page


def test_what_an_older_reader_had_dropped_is_shown(client, curator):
    client.force_login(curator)
    trace = factories.make_trace(program="", parts=[{"kind": "thinking", "text": "Lost and found."}])
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert page.index("Lost and found.") < page.index('id="step-0"')


def test_a_thousand_parts_are_drawn_as_a_hundred(client, curator):
    client.force_login(curator)
    trace = trace_of({"content": "".join(f"<think>t{n}</think>s{n} " for n in range(1000))})
    shown = sections(client, trace)
    assert len(shown) == 101
    assert "s999" in shown[-1][1]


def test_signs_inside_a_step_are_shown_as_detected_and_code_has_none(client, curator):
    steps = [
        {
            "kind": "text",
            "title": "First idea",
            "body": "It is a mirror. Wait, that doesn't fit.",
            "depth": 0,
            "data": {},
        },
        {"kind": "reflection", "title": "Check", "body": "Wait, let me see.", "depth": 1, "data": {}},
        {"kind": "program", "title": "Program", "body": "# Wait, what if\nx = 1", "depth": 0, "data": {}},
    ]
    trace = factories.make_trace(steps=steps)
    client.force_login(curator)
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert page.count("reflection, detected") == 1  # a step of the kind itself needs no mark
    assert "Detected: reflection, 1 time, first “Wait”" in page
    assert 'data-depth="1"' in page
