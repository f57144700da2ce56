"""What a curator sees of a trace without scrolling."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import factories
from tests.boxes import box_of
from tests.factories import FLIP_PROGRAM

pytestmark = pytest.mark.django_db(transaction=True)

RIGHT = {"index": 0, "match": "right", "predicted": [[9, 8, 7]], "expected": [[9, 8, 7]], "message": "right"}
WRONG = {"index": 1, "match": "wrong_cells", "predicted": [[9, 8, 7]], "expected": [[9, 8, 6]], "message": "1 wrong"}


def step(title, body, kind="text"):
    return {"kind": kind, "title": title, "body": body, "depth": 0, "data": {}}


@pytest.fixture
def trace(transactional_db):
    code = f"```python\n{FLIP_PROGRAM}```"
    steps = [step("Look", "Rows are mirrored."), step("Code", code), step("Program", code, "program")]
    return factories.make_trace(problem=factories.make_problem(), steps=steps)


def give_verdicts(trace, outcome, pair):
    for verifier in ("arc_test", "arc_train", "arc_answer"):
        factories.make_verdict(
            trace=trace,
            verifier=verifier,
            outcome=outcome,
            message="" if outcome == "pass" else "1 of 3 cells wrong",
            engine="bubblewrap 0.8.0 / CPython 3.11.7",
            evidence={"pairs": [RIGHT, pair], "right": 1, "of": 2},
        )


def test_the_reasoning_of_a_right_trace_begins_above_the_fold(log_in, curator, trace):
    give_verdicts(trace, "pass", RIGHT)
    page = log_in(curator)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"/traces/{trace.pk}/")
    assert box_of(page.locator("#step-0"))["y"] < 400
    assert page.locator(".verdict-badge").first.get_attribute("title").startswith("Pass, version 1, bubblewrap")
    expect(page.locator("#verdict-details .grid-figure, #verdict-details svg").first).to_be_hidden()
    page.locator("#verdict-details summary").first.click()
    expect(page.locator("#verdict-details .pair-case").first).to_be_visible()


def test_what_is_wrong_is_unfolded_and_what_is_right_is_not(log_in, curator, trace):
    give_verdicts(trace, "fail", WRONG)
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    table = page.locator("#verdicts > .pair-table").first
    expect(table.locator("> .pair-case")).to_have_count(1)
    expect(table.locator("> .pair-case")).to_be_visible()
    expect(table.locator("details .pair-case").first).to_be_hidden()


def test_a_program_is_shown_once(log_in, curator, trace):
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    expect(page.locator("#step-2")).to_contain_text("The same program as in step 2.")
    expect(page.locator("pre:visible", has_text="def transform")).to_have_count(1)
    page.locator("#program summary").click()
    expect(page.locator("#program-source")).to_be_visible()


def test_code_that_does_not_fit_is_reached_and_scrolled_by_keyboard(log_in, curator, transactional_db):
    steps = [step("Short", "```python\nx = 1\n```"), step("Wide", f"```python\nx = {list(range(200))}\n```")]
    trace = [factories.make_trace(program="", answer=None, steps=steps) for _ in range(3)][1]
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    short, wide = (page.locator(f"#step-{number} pre") for number in (0, 1))
    expect(wide).to_have_attribute("tabindex", "0")
    expect(short).not_to_have_attribute("tabindex", "0")
    wide.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#step-1 pre').scrollLeft > 0")
    # The same key leads to the next trace elsewhere.
    assert page.url.endswith(f"/traces/{trace.pk}/")
    faults = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [each["id"] for each in faults if each["impact"] in ("serious", "critical")] == []
