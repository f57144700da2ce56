"""Lists that are open while traces come: what somebody looks at, has chosen or has the focus in stays as it is."""

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.boxes import box_of
from trajectories.models import Trace

pytestmark = pytest.mark.django_db(transaction=True)

ROW = "#traces tbody tr"


@pytest.fixture
def run(transactional_db):
    run, problem = factories.make_run(), factories.make_problem(name="mirror")
    for _ in range(30):
        factories.make_trace(run=run, problem=problem)
    return run


def come(run, count: int = 1) -> list[Trace]:
    problem = Trace.objects.filter(run=run).first().problem
    return [factories.make_trace(run=run, problem=problem) for _ in range(count)]


def look(page: Page) -> None:
    """Ask for what has come now, as the list does every five seconds by itself."""
    page.evaluate("htmx.trigger('#traces-newer', 'every')")


@pytest.fixture
def list_page(log_in, run, lead) -> Page:
    page = log_in(lead)
    # What the list asks by itself would come between the steps of a test.
    page.clock.install()
    page.goto(f"/traces/?run={run.pk}&columns=verdict")
    expect(page.locator(ROW)).to_have_count(30)
    return page


def test_traces_that_come_go_above_and_leave_place_choice_and_focus(list_page, run):
    page = list_page
    box = page.locator("input[name=pick]").nth(20)
    box.check()
    link = page.locator("a.row-target").nth(20)
    link.focus()
    link.evaluate("link => link.scrollIntoView({block: 'center'})")
    was = box_of(link)["y"]
    new = come(run, 3)
    page.clock.fast_forward(5_000)
    expect(page.locator(ROW)).to_have_count(33)
    assert [row.get_attribute("value") for row in page.locator("input[name=pick]").all()[:4]] == [
        *(str(trace.pk) for trace in reversed(new)),
        str(new[0].pk - 1),
    ]
    kept = page.locator("a.row-target").nth(23)
    expect(kept).to_be_focused()
    assert abs(box_of(kept)["y"] - was) <= 1
    expect(page.locator("input[name=pick]").nth(23)).to_be_checked()
    expect(page.locator("[data-picked]")).to_have_text("1 of this page chosen.")
    # The links of a row that came are those of the list.
    assert page.locator("a.row-target").first.get_attribute("href") == f"/traces/{new[-1].pk}/?run={run.pk}"
    (another,) = come(run)
    page.clock.fast_forward(5_000)
    expect(page.locator("input[name=pick]").first).to_have_value(str(another.pk))
    expect(page.locator("[data-newer]")).to_have_count(1)


def test_nothing_is_asked_for_while_nobody_looks(list_page, run):
    page = list_page
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => window.isAway ?? true, configurable: true})")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    come(run)
    page.clock.fast_forward(20_000)
    page.evaluate("window.isAway = false")
    assert not [url for url in asked if "part=newer" in url]
    page.clock.fast_forward(5_000)
    expect(page.locator(ROW)).to_have_count(31)


def test_an_empty_list_fills_and_a_list_in_another_order_stays(log_in, lead):
    page = log_in(lead)
    page.clock.install()
    page.goto("/traces/")
    expect(page.get_by_role("heading", name="No traces yet")).to_be_visible()
    factories.make_trace()
    page.clock.fast_forward(5_000)
    expect(page.locator(ROW)).to_have_count(1)
    page.goto("/traces/?order=oldest")
    expect(page.locator("[data-newer]")).to_have_count(0)
