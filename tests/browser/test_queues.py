"""The curation screen of a queue by keyboard alone: at speed, nothing lost, nothing doubled, nobody overwritten."""

import time

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, Route, expect

from tests.browser.paces import accept_by_one_key, press
from tests.queues import item_of, make_traces, queue_of
from tests.worker import wait_for
from trajectories.core.curation.schemas import DecisionSchema, StepMode
from trajectories.models import Assignment, QueueFlag, QueueItem, QueueSkip, QueueWork, Review
from trajectories.services.curation.queues import steer_queue

pytestmark = pytest.mark.django_db(transaction=True)
DECIDE = "**/queues/*/items/*/decide/**"
NEXT = "**/queues/*/next/**"


@pytest.fixture
def traces(transactional_db):
    """Four traces, in the order in which they are handed out."""
    return make_traces(4)[::-1]


@pytest.fixture
def queue(lead, traces):
    return queue_of(lead, traces)


def at(page: Page, trace) -> None:
    """Wait until this trace is on the screen and takes keys."""
    expect(page.locator(f"#trace[data-trace='{trace.pk}']")).to_be_visible()
    expect(page.locator("[data-needs-script][hidden]:not(#accept-next)")).to_have_count(0)
    expect(page.locator("body:not([aria-busy=true])")).to_be_attached()


def start(page: Page, queue, trace) -> None:
    with page.expect_response(lambda response: "next/?but=" in response.url):
        page.goto(f"/queues/{queue.pk}/next/")
    at(page, trace)


def decided() -> list[tuple[int, str]]:
    return list(Review.objects.order_by("pk").values_list("trace", "decision"))


def test_a_queue_is_worked_through_by_keys_alone(log_in, curator, lead):
    schema = DecisionSchema(reasons=("wrong_answer", "Units"), scores=("Clarity", "Rigour"), tags=("neat",))
    traces = make_traces(5)[::-1]
    queue = queue_of(lead, traces, schema=schema, guidelines="Go by **this**.")
    page = log_in(curator)
    start(page, queue, traces[0])
    # Two scores, a tag and a step, then accept: each is one key.
    press(page, "4", "5", "t", "j", "g", "a", "Enter")
    at(page, traces[1])
    press(page, "w", "Enter")
    at(page, traces[2])
    press(page, "m")
    expect(page.locator("#id_flag")).to_be_focused()
    page.keyboard.type("Does this count?")
    press(page, "Escape", "s")
    at(page, traces[3])
    press(page, "q")
    expect(page.locator(".guidelines strong")).to_be_visible()
    press(page, "x", "c")
    page.keyboard.type("Wrong units in the end.")
    press(page, "Control+Enter")
    # A rejection without a reason is refused where one stands, and nothing is lost.
    expect(page.get_by_role("alert")).to_contain_text("a rejection needs one")
    at(page, traces[3])
    expect(page.locator("#id_comment")).to_have_value("Wrong units in the end.")
    press(page, "Escape", "i", "Enter")
    at(page, traces[4])
    press(page, "u")
    expect(page.get_by_text("Your decision on this trace is undone.")).to_be_visible()
    at(page, traces[3])
    expect(page.locator("#id_comment")).to_have_value("Wrong units in the end.")
    press(page, "Enter")
    at(page, traces[4])
    press(page, "3", "3", "a", "Enter")
    expect(page.get_by_role("heading", name="Only what you skipped is left")).to_be_visible()
    expect(page.get_by_text("4 decided, 2 accepted")).to_be_visible()
    press(page, "j")
    at(page, traces[2])
    press(page, "2", "2", "a", "Enter")
    expect(page.get_by_role("heading", name="Every trace has its reviews")).to_be_visible()

    first = Review.objects.get(trace=traces[0])
    assert (first.scores, first.tags, first.step_labels) == ({"Clarity": 4, "Rigour": 5}, ["neat"], {"0": "good"})
    assert decided() == [
        (traces[0].pk, "accept"),
        (traces[1].pk, "reject"),
        (traces[3].pk, "reject"),
        (traces[3].pk, "withdraw"),
        (traces[3].pk, "reject"),
        (traces[4].pk, "accept"),
        (traces[2].pk, "accept"),
    ]
    assert Review.objects.get(trace=traces[1]).reason == "wrong_answer"
    assert Review.objects.filter(trace=traces[3]).latest("pk").reason == "Units"
    assert QueueFlag.objects.get().note == "Does this count?"
    assert not QueueSkip.objects.exists()
    assert QueueWork.objects.get().done_count == 5
    assert all(seconds and seconds > 0 for seconds in Assignment.objects.values_list("seconds", flat=True))


def test_one_key_a_trace_and_a_held_key_decides_nothing_unseen(log_in, curator, queue, traces):
    page = log_in(curator)
    page.goto(f"/queues/{queue.pk}/next/")
    accept_by_one_key(page)
    start(page, queue, traces[0])
    page.evaluate("""for (let count = 0; count < 20; count += 1) document.body.dispatchEvent(
        new KeyboardEvent("keydown", {key: "a", repeat: count > 0, bubbles: true, cancelable: true}))""")
    at(page, traces[1])
    expect(page.locator("#review-count")).to_contain_text("1 by you")
    assert decided() == [(traces[0].pk, "accept")]
    press(page, "a")
    at(page, traces[2])
    expect(page.locator("#review-count")).to_contain_text("2 by you")
    assert len(decided()) == 2


def test_a_double_click_is_one_decision(log_in, curator, queue, traces):
    page = log_in(curator)
    start(page, queue, traces[0])
    press(page, "a")
    page.get_by_role("button", name="Submit and next").first.dblclick()
    at(page, traces[1])
    expect(page.locator("#review-count")).to_contain_text("1 by you")
    assert decided() == [(traces[0].pk, "accept")]


def test_a_connection_lost_after_the_server_has_stored_it_doubles_nothing(log_in, curator, queue, traces):
    page = log_in(curator)
    start(page, queue, traces[0])

    def answer_nobody(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(DECIDE, answer_nobody)
    press(page, "a", "Enter")
    at(page, traces[1])
    expect(page.locator("#toasts")).to_contain_text("A decision is not stored yet: no connection to the server.")
    wait_for(Review.objects.exists, "the review")
    page.unroute(DECIDE)
    page.get_by_role("button", name="Send now").click()
    expect(page.locator("#review-count")).to_contain_text("1 by you")
    assert decided() == [(traces[0].pk, "accept")]
    assert QueueItem.objects.get(trace=traces[0]).done_count == 1


def test_a_skip_without_a_connection_goes_in_later_too(log_in, curator, queue, traces):
    page = log_in(curator)
    start(page, queue, traces[0])
    page.route("**/skip/**", lambda route: route.abort())
    press(page, "s")
    at(page, traces[1])
    expect(page.locator("#toasts")).to_contain_text("not stored yet")
    page.unroute("**/skip/**")
    page.get_by_role("button", name="Send now").click()
    wait_for(QueueSkip.objects.exists, "the skip")
    assert Assignment.objects.get(item__trace=traces[0]).state == "open"


def test_a_queue_paused_under_ones_hands_takes_what_is_on_the_screen_and_says_so(log_in, curator, lead, queue, traces):
    page = log_in(curator)
    start(page, queue, traces[0])
    steer_queue(actor=lead, queue=queue, verb="pause")
    press(page, "a", "Enter")
    at(page, traces[1])
    press(page, "w", "Enter")
    expect(page.get_by_role("heading", name="The queue is paused")).to_be_visible()
    assert decided() == [(traces[0].pk, "accept"), (traces[1].pk, "reject")]
    steer_queue(actor=lead, queue=queue, verb="resume")
    press(page, "j")
    at(page, traces[2])


def test_back_leads_to_the_item_with_the_decision_and_changing_it_is_one_review_of_it(log_in, curator, queue, traces):
    page = log_in(curator)
    start(page, queue, traces[0])
    press(page, "a", "Enter")
    at(page, traces[1])
    expect(page.locator("#review-count")).to_contain_text("1 by you")
    page.go_back()
    at(page, traces[0])
    expect(page.get_by_text("Submitting again replaces it")).to_be_visible()
    press(page, "l", "Enter")
    wait_for(lambda: len(decided()) == 2, "the change")
    item = item_of(queue, traces[0])
    assert (item.done_count, QueueWork.objects.get().done_count) == (1, 1)


def test_after_an_undo_the_one_that_was_on_the_screen_comes_next_however_late_it_is_asked_for(
    log_in, curator, queue, traces
):
    page = log_in(curator)
    start(page, queue, traces[0])
    with page.expect_response(lambda response: "next/?but=" in response.url):
        press(page, "a", "Enter")
        at(page, traces[1])
    expect(page.locator("#review-count")).to_contain_text("1 by you")

    def answer_late(route: Route) -> None:
        # What the page lets go of meanwhile is heard first.
        time.sleep(1)
        route.continue_()

    page.route(NEXT, answer_late)
    press(page, "u")
    at(page, traces[0])
    press(page, "w", "Enter")
    at(page, traces[1])


def test_two_people_at_once_never_get_the_same_item(log_in, curator, queue, traces, browser, live_app):
    other = User.objects.create_user("zoe", password="a long enough password")
    other.groups.set(curator.groups.all())
    page = log_in(curator)
    start(page, queue, traces[0])
    client = Client()
    client.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    context = browser.new_context(base_url=live_app.url)
    try:
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_app.url}])
        elsewhere = context.new_page()
        start(elsewhere, queue, traces[2])
        press(elsewhere, "a", "Enter")
        at(elsewhere, traces[3])
        elsewhere.goto(f"/queues/{queue.pk}/items/{item_of(queue, traces[0]).pk}/")
        expect(elsewhere.get_by_role("heading", name="This item needs no review of yours")).to_be_visible()
        press(page, "a", "Enter")
        at(page, traces[1])
        wait_for(lambda: len(decided()) == 2, "both decisions")
        # Who leaves gives back at once what they had.
        page.goto("/")
        press_next = item_of(queue, traces[1])
        wait_for(lambda: Assignment.objects.get(item=press_next).state == "open", "the item to be free")
    finally:
        context.close()


def test_two_windows_of_one_person_do_not_overwrite_each_other(log_in, curator, queue, traces):
    page = log_in(curator)
    start(page, queue, traces[0])
    second = page.context.new_page()
    second.goto(page.url)
    at(second, traces[0])
    press(page, "a", "Shift+Enter")
    expect(page.get_by_text("Submitting again replaces it")).to_be_visible()
    second.keyboard.press("l")
    second.keyboard.press("Shift+Enter")
    expect(second.get_by_role("alert")).to_contain_text("You have decided on this item in another window.")
    expect(second.locator("[name=reason][value=lucky]")).to_be_checked()
    assert decided() == [(traces[0].pk, "accept")]
    second.keyboard.press("Shift+Enter")
    wait_for(lambda: len(decided()) == 2, "the second decision")
    second.close()


def test_a_lease_that_ran_out_and_went_to_somebody_else_keeps_the_text(log_in, curator, lead, queue, traces):
    page = log_in(curator)
    start(page, queue, traces[0])
    Assignment.objects.filter(item__trace=traces[0]).update(reviewer=lead)
    press(page, "l", "c")
    page.keyboard.type("It guesses.")
    press(page, "Control+Enter")
    at(page, traces[1])
    expect(page.locator("#toasts")).to_contain_text("This item went back to the others while you were away")
    assert decided() == []
    page.goto(f"/traces/{traces[0].pk}/")
    expect(page.locator("#id_comment")).to_have_value("It guesses.")


def test_the_first_wrong_step_settles_those_before_it(log_in, curator, lead, traces):
    queue = queue_of(lead, traces, schema=DecisionSchema(steps=StepMode.FIRST_ERROR))
    page = log_in(curator)
    start(page, queue, traces[0])
    press(page, "j", "j", "b", "w", "Enter")
    wait_for(Review.objects.exists, "the review")
    assert Review.objects.get().step_labels == {"0": "good", "1": "bad"}


def test_what_is_being_fetched_while_the_page_is_left_is_nobodys(log_in, curator, queue, traces):
    page = log_in(curator)

    def leased() -> int:
        page.wait_for_timeout(20)  # what the page asks for is answered by this thread
        return Assignment.objects.filter(state="leased").count()

    # The server has handed the item out; the page is left before it hears of it.
    page.route("**/next/?but=*", lambda route: route.fetch())
    page.goto(f"/queues/{queue.pk}/next/")
    wait_for(lambda: leased() == 2, "the next one to be handed out")
    page.goto("/")
    wait_for(lambda: leased() == 0, "both to be let go of")
    page.unroute_all()
    page.goto(f"/queues/{queue.pk}/next/")
    at(page, traces[0])
