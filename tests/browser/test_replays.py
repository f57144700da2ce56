"""Walking through a replay with the keyboard."""

import pytest
from playwright.sync_api import expect

from tests.factories import make_trace
from tests.views.test_replays import PROGRAM, replayed

WHERE = "[data-replay-where]"


@pytest.fixture
def replay(log_in, curator, problem):
    trace = make_trace(problem=problem, program=PROGRAM)
    replayed(trace)
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    page.keyboard.press(".")
    page.wait_for_selector("[data-ready]")
    return page


def drawing(page) -> list[tuple[str, str, int]]:
    """What is drawn of the grids: the kind of each path, the label, and how far it goes."""
    paths = page.locator("[data-replay-grids] svg path")
    return paths.evaluate_all(
        "all => all.map(each => [each.className.baseVal, each.closest('svg').ariaLabel, each.getTotalLength()])"
    )


def test_line_grid_and_changed_cells_move_together(replay):
    assert "/replay/" in replay.url
    expect(replay.locator(WHERE)).to_have_text("Statement 1 of 9: line 5")
    expect(replay.locator(".code-line[aria-current]")).to_have_attribute("id", "line-5")
    for _ in range(4):
        replay.keyboard.press("ArrowRight")
    expect(replay.locator(WHERE)).to_have_text("Statement 5 of 9: line 6, run 2")
    replay.keyboard.press("ArrowLeft")
    expect(replay.locator(WHERE)).to_have_text("Statement 4 of 9: line 7")
    expect(replay.locator(".code-line[aria-current]")).to_have_attribute("id", "line-7")
    expect(replay.get_by_role("img", name="out: 2 by 2 grid, 4 colours, 2 cells changed")).to_be_visible()
    assert replay.url.endswith("step=4")
    # What the script draws is what the server draws.
    drawn = drawing(replay)
    replay.reload()
    replay.wait_for_selector("[data-ready]")
    assert drawn == drawing(replay)
    expect(replay.get_by_role("img", name="out: 2 by 2 grid, 4 colours, 2 cells changed")).to_be_visible()
    replay.keyboard.press("Home")
    expect(replay.locator(WHERE)).to_have_text("Statement 1 of 9: line 5")


def test_it_plays_to_its_end_and_stops(replay):
    replay.get_by_role("slider", name="Statement").focus()
    replay.keyboard.press("End")
    expect(replay.locator(WHERE)).to_have_text("Statement 9 of 9: line 8")
    replay.keyboard.press("ArrowLeft")
    replay.keyboard.press("ArrowLeft")
    replay.keyboard.press("Escape")
    play = replay.get_by_role("button", name="Play")
    play.focus()
    replay.keyboard.press("Enter")
    expect(replay.locator(WHERE)).to_have_text("Statement 9 of 9: line 8")
    expect(play).to_have_attribute("aria-pressed", "false")


def test_a_line_of_the_program_leads_to_its_next_run(replay):
    runs = replay.get_by_role("link", name="Go to a run of line 7")
    runs.click()
    expect(replay.locator(WHERE)).to_have_text("Statement 4 of 9: line 7")
    runs.click()
    expect(replay.locator(WHERE)).to_have_text("Statement 7 of 9: line 7, run 2")


def test_the_main_function_alone_and_another_pair(replay):
    replay.get_by_role("link", name="Main function only").click()
    replay.wait_for_selector("[data-ready]")
    expect(replay.locator(WHERE)).to_have_text("Statement 1 of 7: line 5")
    replay.get_by_role("link", name="Pair 2").click()
    replay.wait_for_selector("[data-ready]")
    expect(replay.get_by_role("img", name="out: 1 by 2 grid").first).to_be_visible()
