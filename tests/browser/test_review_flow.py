"""Reviewing at speed in a browser: the next trace at once, the decision behind it, nothing lost, nothing doubled."""

import uuid

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from tests import factories
from tests.browser.paces import accept_by_one_key, press
from tests.worker import wait_for
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Review, ReviewLease, Trace
from trajectories.services.curation.reviews import submit_review

pytestmark = pytest.mark.django_db(transaction=True)
SUBMIT = "**/traces/*/review/**"


@pytest.fixture
def traces(transactional_db):
    """Four traces of one run, in the order in which they are read."""
    run, problem = factories.make_run(), factories.make_problem()
    return [factories.make_trace(run=run, problem=problem) for _ in range(4)][::-1]


class Held:
    """Requests that are kept back until the test lets them go."""

    def __init__(self, page: Page) -> None:
        self.page, self.routes, self.is_open = page, list[Route](), False
        page.route(SUBMIT, self.hold)

    def hold(self, route: Route) -> None:
        if self.is_open:
            route.continue_()
        else:
            self.routes.append(route)

    def wait(self) -> None:
        for _ in range(100):
            if self.routes:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("nothing was sent")

    def let_go(self) -> None:
        self.wait()
        self.is_open = True
        for route in self.routes:
            route.continue_()


def at(page: Page, trace: Trace) -> None:
    """Wait until this trace is on the screen, takes keys, and the one after it has been fetched."""
    expect(page.locator(f"#trace[data-trace='{trace.pk}']")).to_be_visible()
    expect(page.locator("[data-label-step=good]")).to_be_visible()
    expect(page.locator("body:not([aria-busy=true])")).to_be_attached()


def start(page: Page, trace: Trace) -> None:
    with page.expect_response("**/traces/next/**"):
        page.goto(f"/traces/{trace.pk}/?run={trace.run_id}")
    at(page, trace)


def toast(page: Page):
    return expect(page.locator("#toasts"))


def decided() -> list[tuple[int, str]]:
    return list(Review.objects.order_by("pk").values_list("trace", "decision"))


def test_the_next_trace_is_shown_before_the_server_has_answered(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    held = Held(page)
    press(page, "a", "4", "Enter")
    at(page, traces[1])
    assert page.url.endswith(f"/traces/{traces[1].pk}/?run={traces[1].run_id}")
    expect(page).to_have_title(f"Trace {traces[1].pk}: {traces[1].problem.name} · Minicolumn")
    held.wait()
    assert decided() == []
    # What is entered meanwhile stays when the answer comes.
    press(page, "c")
    page.keyboard.type("a thought")
    held.let_go()
    expect(page.get_by_text("1 of 4 reviewed by you")).to_be_visible()
    expect(page.get_by_role("button", name=f"Undo accept of {traces[0].pk}")).to_be_visible()
    expect(page.locator("#id_comment")).to_have_value("a thought")
    assert decided() == [(traces[0].pk, "accept")]
    assert Review.objects.get().score == 4


def test_decisions_go_in_one_after_another_while_the_server_is_slow(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    held = Held(page)
    with page.expect_response("**/traces/next/**"):
        press(page, "a", "Enter")
    at(page, traces[1])
    press(page, "w", "Enter")
    at(page, traces[2])
    held.let_go()
    expect(page.get_by_text("2 of 4 reviewed by you")).to_be_visible()
    assert decided() == [(traces[0].pk, "accept"), (traces[1].pk, "reject")]


def test_without_a_connection_the_decision_waits_and_goes_in_once(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    page.route(SUBMIT, lambda route: route.abort())
    press(page, "a", "Enter")
    at(page, traces[1])
    toast(page).to_contain_text("A decision is not stored yet: no connection to the server.")
    page.unroute(SUBMIT)
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("1 of 4 reviewed by you")).to_be_visible()
    toast(page).not_to_contain_text("not stored yet")
    assert decided() == [(traces[0].pk, "accept")]


def test_a_connection_lost_after_the_server_has_stored_it_doubles_nothing(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])

    def answer_nobody(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(SUBMIT, answer_nobody)
    press(page, "a", "Enter")
    toast(page).to_contain_text("not stored yet")
    wait_for(Review.objects.exists, "the review")
    page.unroute(SUBMIT)
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("1 of 4 reviewed by you")).to_be_visible()
    assert decided() == [(traces[0].pk, "accept")]


def test_what_could_not_be_sent_goes_in_from_whatever_page_comes_next(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    page.route(SUBMIT, lambda route: route.fulfill(status=503))
    press(page, "a", "Enter")
    toast(page).to_contain_text("the server answered with error 503")
    page.unroute(SUBMIT)
    page.goto("/")
    wait_for(Review.objects.exists, "the review")
    assert decided() == [(traces[0].pk, "accept")]


def test_who_is_logged_out_is_told_and_loses_nothing(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    page.context.clear_cookies(name="sessionid")
    press(page, "a", "Enter")
    toast(page).to_contain_text("you are logged out")
    assert decided() == []
    log_in(curator).goto("/")
    wait_for(Review.objects.exists, "the review")


def test_a_page_that_is_older_than_the_login_says_so_and_its_decision_waits_for_a_reload(
    log_in, curator, traces, live_app
):
    page = log_in(curator)
    start(page, traces[0])
    # As after a login in another window.
    page.context.add_cookies([{"name": "csrftoken", "value": "x" * 32, "url": live_app.url}])
    press(page, "a", "Enter")
    toast(page).to_contain_text("this page is older than your login")
    assert decided() == []
    page.get_by_role("button", name="Reload").click()
    wait_for(Review.objects.exists, "the review")
    assert decided() == [(traces[0].pk, "accept")]


def test_a_refused_decision_says_why_and_its_text_is_kept(log_in, curator, lead, traces):
    page = log_in(curator)
    start(page, traces[0])
    submit_review(reviewer=lead, trace=traces[0], draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    press(page, "l", "c")
    page.keyboard.type("It guesses.")
    press(page, "Control+Enter")
    at(page, traces[1])
    toast(page).to_contain_text(f"Trace {traces[0].pk} is not decided: Somebody else has decided on this trace")
    assert Review.objects.count() == 1
    page.get_by_role("link", name=f"Back to trace {traces[0].pk}").click()
    at(page, traces[0])
    expect(page.get_by_text("Your draft is back.")).to_be_visible()
    expect(page.locator("#id_comment")).to_have_value("It guesses.")
    expect(page.locator("[name=reason][value=lucky]")).to_be_checked()
    with page.expect_response(SUBMIT):
        press(page, "Enter")
    toast(page).to_contain_text("is decided differently: lena accepted it, you rejected it.")
    page.get_by_role("link", name=f"Look at trace {traces[0].pk}").click()
    expect(page.locator("#trace h1 ~ .badge", has_text="disputed")).to_be_visible()
    expect(page.get_by_text("Your draft is back.")).to_be_hidden()


def test_a_double_click_is_one_decision(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    press(page, "a")
    page.get_by_role("button", name="Submit and next").first.dblclick()
    at(page, traces[1])
    expect(page.get_by_text("1 of 4 reviewed by you")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert decided() == [(traces[0].pk, "accept")]


def test_a_burst_of_keys_decides_nothing_that_was_not_seen(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    page.evaluate("""for (const key of ["a", "Enter", "a", "Enter", "a", "Enter"])
        document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}))""")
    at(page, traces[1])
    expect(page.get_by_text("1 of 4 reviewed by you")).to_be_visible()
    expect(page.locator("[name=decision][value=accept]")).not_to_be_checked()
    assert decided() == [(traces[0].pk, "accept")]


def test_back_leads_to_the_trace_with_the_decision(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    press(page, "a", "Enter")
    at(page, traces[1])
    expect(page.get_by_text("1 of 4 reviewed by you")).to_be_visible()
    page.go_back()
    at(page, traces[0])
    expect(page.get_by_text("You said accept")).to_be_visible()
    page.go_forward()
    at(page, traces[1])
    assert decided() == [(traces[0].pk, "accept")]


def test_back_before_the_decision_is_stored_shows_it_as_soon_as_it_is(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    page.route(SUBMIT, lambda route: route.abort())
    press(page, "a", "Enter")
    at(page, traces[1])
    toast(page).to_contain_text("not stored yet")
    page.go_back()
    at(page, traces[0])
    expect(page.get_by_text("Your draft is back.")).to_be_visible()
    page.unroute(SUBMIT)
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("You said accept")).to_be_visible()
    assert decided() == [(traces[0].pk, "accept")]


def test_undo_waits_for_the_decision_that_is_on_its_way(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    with page.expect_response(SUBMIT):
        press(page, "w", "Shift+Enter")
    at(page, traces[0])
    press(page, "s")
    at(page, traces[1])
    held = Held(page)
    press(page, "a", "Enter")
    at(page, traces[2])
    press(page, "u")
    held.let_go()
    expect(page.get_by_text("Your decision on this trace is undone.")).to_be_visible()
    at(page, traces[1])
    assert decided() == [(traces[0].pk, "reject"), (traces[1].pk, "accept"), (traces[1].pk, "withdraw")]


def test_one_key_accepts_and_goes_on_for_who_has_chosen_it(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    expect(page.get_by_role("button", name="Accept and next")).to_be_hidden()
    accept_by_one_key(page)
    press(page, "3", "a")
    at(page, traces[1])
    expect(page.get_by_text("1 of 4 reviewed by you")).to_be_visible()
    assert (decided(), Review.objects.get().score) == ([(traces[0].pk, "accept")], 3)
    # It is remembered, and a rejection still takes its two keys.
    start(page, traces[1])
    press(page, "w", "Enter")
    at(page, traces[2])
    press(page, "a")
    at(page, traces[3])
    expect(page.get_by_text("3 of 4 reviewed by you")).to_be_visible()
    assert [word for _, word in decided()] == ["accept", "reject", "accept"]


def test_skipping_is_at_once_too_and_the_skipped_trace_is_free(log_in, curator, traces):
    page = log_in(curator)
    start(page, traces[0])
    with page.expect_response("**/traces/next/**"):
        press(page, "s")
    at(page, traces[1])
    wait_for(lambda: not ReviewLease.objects.filter(trace=traces[0]).exists(), "the skipped trace to be let go")
    wait_for(lambda: ReviewLease.objects.filter(trace=traces[2]).exists(), "the one ahead to be leased")
    assert ReviewLease.objects.count() == 2


def test_what_one_curator_looks_at_comes_to_nobody_else_until_they_leave(log_in, curator, traces, browser, live_app):
    other = User.objects.create_user("zoe", password="a long enough password")
    other.groups.set(curator.groups.all())
    page = log_in(curator)
    page.goto(f"/traces/next/?run={traces[0].run_id}")
    at(page, traces[0])
    wait_for(lambda: ReviewLease.objects.filter(holder=curator).count() == 2, "the one ahead to be leased")
    context = browser.new_context(base_url=live_app.url)
    try:
        elsewhere = context.new_page()
        elsewhere.goto("/login/")
        elsewhere.get_by_label("Username").fill("zoe")
        elsewhere.get_by_label("Password").fill("a long enough password")
        elsewhere.get_by_role("button", name="Log in").click()
        expect(elsewhere.get_by_text("zoe", exact=True)).to_be_visible()
        elsewhere.goto(f"/traces/next/?run={traces[0].run_id}")
        at(elsewhere, traces[2])
        elsewhere.goto(f"/traces/{traces[0].pk}/")
        expect(elsewhere.get_by_text("carl is looking at this trace now.")).to_be_visible()
        page.goto("/")
        wait_for(lambda: not ReviewLease.objects.filter(holder=curator).exists(), "the traces to be let go")
        elsewhere.goto(f"/traces/next/?run={traces[0].run_id}")
        at(elsewhere, traces[0])
    finally:
        context.close()
