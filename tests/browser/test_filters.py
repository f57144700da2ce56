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
    choice = page.get_by_label("Hinted")
    expect(page.locator(".trace-table tbody tr")).to_have_count(2)
    expect(choice).to_be_hidden()
    expect(page.locator("summary kbd")).to_be_visible()  # the scripts have run
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
    hinted = factories.make_trace(run=run, hinted=True)
    page = log_in(curator)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/htmx*.js*", hold)
    page.goto("/traces/", wait_until="commit")
    page.get_by_label("Hinted").select_option("only", force=True)
    for route in held:
        route.continue_()
    expect(page.locator(".trace-table tbody tr")).to_have_count(1)
    expect(page.locator(".trace-table")).to_contain_text(f"trace {hinted.pk}")
