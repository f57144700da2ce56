"""All samples of a problem on one screen, by keyboard alone: keep the best, reject the rest, undo, go on."""

import uuid

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.paces import press
from tests.queues import queue_of
from tests.worker import wait_for
from trajectories.core.identity import content_hash
from trajectories.models import Assignment, Problem, Queue, QueueSkip, Review, Trace

pytestmark = pytest.mark.django_db(transaction=True)


def asked(name: str) -> Problem:
    return factories.make_problem(name=name, kind="numeric", spec={}, statement="How many?", reference="12")


def sample(run, problem, answer: str, tokens: int, **values) -> Trace:
    return factories.make_trace(
        run=run,
        problem=problem,
        answer=answer,
        answer_hash=content_hash(answer),
        output_tokens=tokens,
        reasoning=f"It is {answer} because of {tokens} reasons.",
        steps=[],
        program=None,
        **values,
    )


@pytest.fixture
def problems(transactional_db) -> list[list[Trace]]:
    """Two problems: one with answers 12 (three times), 13 (twice) and 14, one with two samples."""
    run, first, second = (
        factories.make_run(),
        factories.make_problem(name="first"),
        factories.make_problem(name="second"),
    )
    answers = [("12", 50), ("12", 20), ("12", 90), ("13", 30), ("13", 40), ("14", 10)]
    return [
        [sample(run, first, answer, tokens) for answer, tokens in answers],
        [sample(run, second, "1", 1), sample(run, second, "2", 2)],
    ]


@pytest.fixture
def queue(lead, problems) -> Queue:
    return queue_of(lead, problems[0], by_problem=True, item_order=Queue.Order.PROBLEM)


def at(page: Page, name: str) -> None:
    """Wait until this problem is on the screen and takes keys."""
    expect(page.locator(".group-page h1")).to_have_text(name)
    expect(page.locator("#group-tally")).to_be_visible()
    expect(page.locator("body:not([aria-busy=true])")).to_be_attached()


def start(page: Page, queue, name: str) -> None:
    with page.expect_response(lambda response: "next/?but=" in response.url):
        page.goto(f"/queues/{queue.pk}/next/")
    at(page, name)


def decided() -> dict[int, tuple[str, str]]:
    rows = Review.objects.filter(superseded_by=None).values_list("trace", "decision", "reason")
    return {trace: (word, reason) for trace, word, reason in rows}


def test_the_best_is_kept_and_the_rest_rejected_by_two_keys_and_all_of_it_undone_by_one(
    log_in, curator, queue, problems
):
    page = log_in(curator)
    start(page, queue, "first")
    # The shortest of the commonest answer stands for it, and is there to be read.
    expect(page.locator("#group-reading")).to_contain_text("It is 12 because of 20 reasons.")
    press(page, "1")
    expect(page.locator("#group-tally")).to_have_text("Keeps 1, rejects 5 of 6")
    press(page, "Enter")
    at(page, "second")
    expect(page.locator("#review-count")).to_contain_text("6 by you")
    traces = problems[0]
    best = traces[1].pk
    assert decided() == {
        trace.pk: ("accept", "") if trace.pk == best else ("reject", "Not the best sample") for trace in traces
    }
    press(page, "u")
    at(page, "first")
    expect(page.get_by_text("Your decisions on 6 samples are undone.")).to_be_visible()
    # What was said is there again, to be changed.
    expect(page.locator("#group-tally")).to_have_text("Keeps 1, rejects 5 of 6")
    assert {word for word, _ in decided().values()} == {"withdraw"}
    assert set(Assignment.objects.filter(item__trace__in=traces).values_list("state", flat=True)) == {"leased"}


def test_single_samples_reasons_and_answers_are_marked_by_keys(log_in, curator, queue, problems):
    page = log_in(curator)
    start(page, queue, "first")
    # Unfold the first answer, keep its second sample, and the only one of the third answer.
    press(page, "ArrowRight")
    expect(page.locator(".sample")).to_have_count(3)
    press(page, "j", "j")
    expect(page.locator(".sample.current")).to_contain_text("50 tokens")
    expect(page.locator("#group-reading")).to_contain_text("It is 12 because of 50 reasons.")
    press(page, "a", "ArrowLeft")
    expect(page.locator(".sample").first).not_to_be_visible()
    # Reject the second answer for a reason of its own: with the cursor on it the reason is about it.
    press(page, "j", "x", "w", "ArrowDown", "a")
    expect(page.locator("#answer-3")).to_have_class("answer current")
    expect(page.locator("#group-tally")).to_have_text("Keeps 2, rejects 4 of 6")
    # The reason for the rest.
    press(page, "l", "c")
    page.keyboard.type("Two will do.")
    press(page, "Control+Enter")
    at(page, "second")
    wait_for(lambda: len(decided()) == 6, "all decisions")
    one, two, three, four, five, six = problems[0]
    assert decided() == {
        one.pk: ("accept", ""),
        two.pk: ("reject", "lucky"),
        three.pk: ("reject", "lucky"),
        four.pk: ("reject", "wrong_answer"),
        five.pk: ("reject", "wrong_answer"),
        six.pk: ("accept", ""),
    }
    assert set(Review.objects.values_list("comment", flat=True)) == {"Two will do."}
    # Marks are taken back by the same key, and nothing marked decides nothing.
    press(page, "1")
    expect(page.locator("#group-tally")).to_have_text("Keeps 1, rejects 1 of 2")
    press(page, "1")
    expect(page.locator("#group-tally")).to_have_text("Nothing is marked of 2")
    press(page, "Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing is marked.")
    assert len(decided()) == 6
    press(page, "0", "Enter")
    expect(page.get_by_role("heading", name="Every trace has its reviews")).to_be_visible()
    assert [word for word, _ in sorted(decided().values())].count("accept") == 2


def test_a_draft_a_skip_and_going_back(log_in, curator, queue, problems):
    page = log_in(curator)
    start(page, queue, "first")
    press(page, "ArrowRight")
    expect(page.locator(".sample")).to_have_count(3)
    press(page, "j", "x")
    page.reload()
    at(page, "first")
    expect(page.get_by_text("Your draft is back.")).to_be_visible()
    expect(page.locator("#group-tally")).to_have_text("Keeps 0, rejects 6 of 6")
    press(page, "ArrowRight")
    expect(page.locator(".sample").first.get_by_label("Reject")).to_be_checked()
    press(page, "s")
    at(page, "second")
    wait_for(lambda: QueueSkip.objects.count() == 6, "the skips")
    press(page, "2", "Shift+Enter")
    expect(page.get_by_role("heading", name="Your decisions")).to_be_visible()
    expect(page.locator("#answer-2 [data-mark=best]")).to_be_checked()
    # Decided anew it is still one review of each.
    press(page, "1", "2", "Shift+Enter")
    wait_for(lambda: Review.objects.count() == 4, "the change")
    assert sorted(word for word, _ in decided().values()) == ["accept", "reject"]


def test_what_is_not_stored_yet_goes_in_later_as_a_whole(log_in, curator, queue, problems):
    page = log_in(curator)
    start(page, queue, "first")
    page.route("**/problems/*/decide/**", lambda route: route.abort())
    press(page, "1", "Enter")
    at(page, "second")
    expect(page.locator("#toasts")).to_contain_text("A decision is not stored yet")
    assert not Review.objects.exists()
    page.unroute("**/problems/*/decide/**")
    page.get_by_role("button", name="Send now").click()
    wait_for(lambda: Review.objects.count() == 6, "all decisions")


def test_what_somebody_else_took_meanwhile_is_said_and_nothing_is_stored(log_in, curator, lead, queue, problems):
    page = log_in(curator)
    start(page, queue, "first")
    taken = Assignment.objects.filter(item__trace=problems[0][0])
    taken.update(reviewer=lead, token=uuid.uuid4())
    press(page, "1", "Enter")
    at(page, "second")
    expect(page.locator("#toasts")).to_contain_text("Problem first is not decided: 1 of these 6 samples went back")
    assert not Review.objects.exists()


def test_a_hundred_samples_are_few_nodes_and_quick_keys(log_in, curator, lead):
    run, problem = factories.make_run(), asked("many")
    for number in range(100):
        sample(run, problem, str(number % 12), 1000 - number)
    queue = queue_of(lead, list(Trace.objects.filter(run=run)), by_problem=True)
    page = log_in(curator)
    page.goto(f"/queues/{queue.pk}/next/")
    at(page, "many")
    expect(page.locator(".answer")).to_have_count(12)
    expect(page.locator("#group-reading h2")).to_be_visible()
    # Folded, samples are no nodes.
    assert page.locator(".sample").count() == 0
    assert page.evaluate("document.querySelectorAll('*').length") < 1500
    milliseconds = page.evaluate("""async () => {
        const start = performance.now();
        for (let count = 0; count < 20; count += 1) {
            for (const key of [count % 2 ? "k" : "j", "a"]) {
                document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
            }
        }
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        return (performance.now() - start) / 40;
    }""")
    assert milliseconds < 50
    press(page, "1", "Enter")
    expect(page.get_by_role("heading", name="Every trace has its reviews")).to_be_visible()
    assert Review.objects.count() == 100
