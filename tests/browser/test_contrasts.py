"""Comparing two traces from the keyboard."""

from playwright.sync_api import expect

from tests.factories import make_trace
from tests.views.test_contrasts import step


def test_two_samples_are_compared_in_two_clicks_and_a_group_is_walked(log_in, curator, problem):
    left = make_trace(problem=problem, answer=[[[0]]], steps=[step("Then three is red.")])
    group = [make_trace(problem=problem, steps=[step(f"Then {n} is red.")]) for n in range(3)]
    page = log_in(curator)
    page.goto(f"/problems/{problem.pk}/")
    page.get_by_role("link", name=f"Compare trace {left.pk} with another").click()
    page.get_by_role("link", name=f"Compare traces {left.pk} and {group[1].pk}").click()
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    expect(page.locator("del")).to_have_text("three ")
    page.keyboard.press("]")
    expect(page.get_by_text("3 of 3 with this answer")).to_be_visible()
    expect(page.locator("ins")).to_have_text("0 ")
    page.keyboard.press("[")
    expect(page.get_by_text("2 of 3 with this answer")).to_be_visible()
    page.keyboard.press("[")
    expect(page.get_by_text("1 of 3 with this answer")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator(".compared-head").first).to_contain_text(f"Trace {group[2].pk}")


def test_from_a_trace_another_is_chosen(log_in, curator, problem):
    left, right = make_trace(problem=problem), make_trace(problem=problem)
    page = log_in(curator)
    page.goto(f"/traces/{left.pk}/")
    page.keyboard.press("=")
    page.get_by_role("link", name=f"#{right.pk}").click()
    expect(page).to_have_title(f"Traces {left.pk} and {right.pk} · Minicolumn")


def test_further_differences_come_when_they_are_reached(log_in, curator, problem):
    one, other = ([step(f"{side} {n}", f"Step {n}") for n in range(45)] for side in ("left", "right"))
    left, right = make_trace(problem=problem, steps=one), make_trace(problem=problem, steps=other)
    page = log_in(curator)
    page.goto(f"/traces/compare/?left={left.pk}&right={right.pk}")
    for last in (19, 39, 44):
        page.locator(f"#difference-{last}").scroll_into_view_if_needed()
    expect(page.locator(".compared-row")).to_have_count(45)
