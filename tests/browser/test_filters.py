"""The filters of the trace list in a real browser."""

import pytest
from playwright.sync_api import Route, expect

from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_rare_filters_are_one_key_away_and_stay_open_while_one_is_set(log_in, curator):
    run = factories.make_run()
    factories.make_trace(run=run)
    hinted = factories.make_trace(run=run, hinted=True)
    page = log_in(curator)
    page.goto("/traces/")
    choice = page.locator("#id_hinted")
    expect(page.locator(".trace-table tbody tr")).to_have_count(2)
    expect(choice).to_be_hidden()
    expect(page.locator(".more-filters summary kbd")).to_be_visible()  # the scripts have run
    page.keyboard.press("f")
    choice.select_option("only")
    expect(page.locator(".trace-table tbody tr")).to_have_count(1)
    expect(page.locator(".trace-table")).to_contain_text(f"trace {hinted.pk}")
    page.reload()
    expect(choice).to_be_visible()
    expect(choice).to_have_value("only")


def test_what_is_typed_before_the_scripts_are_there_filters_all_the_same(log_in, curator):
    run = factories.make_run()
    factories.make_trace(run=run)
    wrong = factories.make_trace(run=run, correctness="fail")
    page = log_in(curator)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/htmx*.js*", hold)
    page.goto("/traces/", wait_until="commit")
    page.locator("#id_correctness").click()
    page.get_by_role("group", name="Verdict").get_by_label("Fail").check()
    for route in held:
        route.continue_()
    expect(page.locator(".trace-table tbody tr")).to_have_count(1)
    expect(page.locator(".trace-table")).to_contain_text(f"trace {wrong.pk}")


def test_a_filter_takes_several_values_by_keys_alone(log_in, curator):
    for word in ("pass", "fail", "unscored"):
        factories.make_trace(correctness=word)
    page = log_in(curator)
    page.goto("/traces/")
    rows, menu = page.locator(".trace-table tbody tr"), page.locator("#id_correctness")
    expect(menu).to_have_text("Verdict: Any verdict")
    menu.focus()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
    expect(rows).to_have_count(2)
    expect(menu).to_have_text("Verdict: Pass + 1")
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(page.get_by_role("group", name="Verdict")).to_be_hidden()
    expect(page).to_have_url("/traces/?correctness=pass&correctness=fail")
    page.reload()
    expect(rows).to_have_count(2)
    expect(menu).to_have_text("Verdict: Pass + 1")
    page.get_by_role("link", name="Verdict: Fail or Pass").click()
    expect(rows).to_have_count(3)


def test_texts_are_searched_and_hits_are_marked(log_in, curator):
    factories.make_trace(reasoning="First rotate the grid.")
    factories.make_trace(reasoning="Mirror it.")
    page = log_in(curator)
    page.goto("/traces/")
    expect(page.locator(".input-icon kbd")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("rotated")
    expect(page.locator(".trace-table tbody tr")).to_have_count(1)
    expect(page.locator(".passage mark")).to_have_text("rotate")
    expect(page).to_have_url("/traces/?text=rotated")
    page.get_by_title("Take this filter away").click()
    expect(page.locator(".trace-table tbody tr")).to_have_count(2)


def test_rows_are_picked_tagged_and_found_by_their_tag(log_in, curator):
    one = factories.make_trace()
    factories.make_trace()
    page = log_in(curator)
    page.goto("/traces/")
    button = page.get_by_role("button", name="Do something with the chosen")
    expect(button).to_be_disabled()
    page.get_by_label(f"Choose trace {one.pk}").check()
    expect(page.get_by_text("1 of this page chosen.")).to_be_visible()
    button.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 trace")
    page.get_by_label("Tag").fill("Odd one")
    page.get_by_role("button", name="Tag them").click()
    expect(page.get_by_text("1 trace tagged “odd one”.")).to_be_visible()
    page.goto("/traces/?tag=odd+one")
    expect(page.locator(".trace-table tbody tr")).to_have_count(1)
    # All of them by one key, and back by another.
    expect(page.locator(".list-menus kbd").first).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_role("heading", level=1)).to_have_text("1 trace")
    expect(page.get_by_text("You put “odd one” on 1 trace")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("Undone for 1 trace.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 trace")
    page.goto("/traces/?tag=odd+one")
    expect(page.get_by_role("heading", name="No trace matches these filters")).to_be_visible()


def test_a_view_is_saved_and_opened_by_keys(log_in, curator):
    factories.make_trace(correctness="fail")
    factories.make_trace(correctness="pass")
    page = log_in(curator)
    page.goto("/traces/?correctness=fail&columns=cost")
    page.keyboard.press("v")
    page.get_by_placeholder("Name").fill("Wrong ones")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("The view “Wrong ones” is saved.")).to_be_visible()
    page.goto("/traces/")
    page.keyboard.press("v")
    page.get_by_role("link", name="Wrong ones").click()
    expect(page.locator(".trace-table tbody tr")).to_have_count(1)
    expect(page.get_by_role("columnheader", name="Cost")).to_be_visible()
    page.keyboard.press("v")
    page.get_by_role("link", name="Change views").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No views yet")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("The view “Wrong ones” is back.")).to_be_visible()
    expect(page.get_by_role("link", name="Wrong ones")).to_be_visible()


def test_a_wrong_range_is_told_beside_the_filters_and_mended_there(log_in, curator):
    factories.make_trace(output_tokens=7)
    page = log_in(curator)
    page.goto("/traces/?length_from=5")
    rows = page.locator(".trace-table tbody tr")
    expect(rows).to_have_count(1)
    last = page.locator("#id_length_to")
    last.fill("3")
    expect(page.get_by_text("Found 5 to 3, expected the lower one first.")).to_be_visible()
    last.fill("9")
    expect(page.get_by_text("expected the lower one first")).to_be_hidden()
    expect(rows).to_have_count(1)
