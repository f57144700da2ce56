"""Thoughts on the page of a trace: they fold, stay as they were left, and keys still walk through what is shown."""

import json

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.test_walk import press, wait_for_scripts

pytestmark = pytest.mark.django_db(transaction=True)

THOUGHTS = "Two and two.\n\nWait, is that 4?"
SAID = "It is 4.\n\nSo the answer is 4."


def step(title, depth=0, **part):
    body = f"{title}." if title != "Thinking" else ""
    return {"kind": "text", "title": title, "body": body, "depth": depth, "data": {}, **part}


STEPS = [
    step("Thinking", part="thinking"),
    step("Two and two", 1, part="thinking"),
    step("Wait, is that 4", 1, part="thinking"),
    step("It is 4"),
    step("So the answer is 4"),
]


@pytest.fixture
def traces(transactional_db):
    run = factories.make_run()
    text = f"{THOUGHTS}\n\n{SAID}"
    parts = [
        {"kind": "thinking", "start": 0, "end": len(THOUGHTS)},
        {"kind": "content", "start": len(THOUGHTS) + 2, "end": len(text)},
    ]
    problem = factories.make_problem(kind="numeric", statement="Two plus two?", spec={}, reference="4")
    fields = {"run": run, "problem": problem, "program": "", "answer": "4", "reasoning": text, "parts": parts}
    return [factories.make_trace(steps=STEPS, **fields) for _ in range(2)]


def current(page):
    return page.locator(".step.current").get_attribute("data-step")


def test_folded_thoughts_stay_folded_on_the_next_trace(log_in, curator, traces):
    page = log_in(curator)
    page.goto(f"/traces/{traces[1].pk}/?run={traces[1].run_id}")
    wait_for_scripts(page)
    expect(page.locator("#step-1")).to_be_visible()
    press(page, "z")
    expect(page.locator("#step-1")).to_be_hidden()
    expect(page.locator("#step-3")).to_be_visible()
    press(page, "a", "Enter")
    expect(page.locator(f"#trace[data-trace='{traces[0].pk}']")).to_be_visible()
    expect(page.locator("details[data-thoughts]")).not_to_have_attribute("open", "")
    page.reload()
    wait_for_scripts(page)
    expect(page.locator("#step-1")).to_be_hidden()
    page.locator("details[data-thoughts] > summary").click()
    expect(page.locator("#step-1")).to_be_visible()
    page.reload()
    wait_for_scripts(page)
    expect(page.locator("#step-1")).to_be_visible()


def test_keys_pass_over_what_is_folded_and_the_outline_opens_it(log_in, curator, traces):
    page = log_in(curator)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"/traces/{traces[0].pk}/")
    wait_for_scripts(page)
    press(page, "j", "j")
    assert current(page) == "1"
    press(page, "z", "j")
    assert current(page) == "3"
    press(page, "j", "j", "k")
    assert current(page) == "3"
    press(page, "k")
    assert current(page) == "3", "above it all is folded"
    page.locator("[data-outline='2']").click()
    expect(page.locator("#step-2")).to_be_visible()
    assert current(page) == "2"
    page.evaluate("document.addEventListener('htmx:load', () => { document.body.dataset.came = 'yes'; })")
    expect(page.locator("body[data-came]")).to_be_attached()
    assert page.locator("#step-2").is_visible(), "verdicts that are asked for again fold nothing"
    press(page, "b")
    assert json.loads(page.locator("[name=step_labels]").input_value()) == {"2": "bad"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_thoughts_look_other_than_the_answer_on_every_screen(log_in, curator, traces, width, scheme):
    page = log_in(curator)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"/traces/{traces[0].pk}/")
    look = "element => getComputedStyle(element).color"
    thought, said = (page.locator(f"#step-{index}").evaluate(look) for index in (1, 3))
    assert thought != said
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.get_by_role("heading", name="Answer", exact=True)).to_be_visible()
