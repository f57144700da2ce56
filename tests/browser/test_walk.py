"""The whole way of a curator and an engineer in a real browser: read, review by keys, export, download, compare."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.paces import press
from tests.worker import wait_for
from trajectories.core.identity import canonical_json
from trajectories.models import Review, Trace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(transactional_db):
    """A run with three traces of one problem, verified."""
    run, problem, instruction = factories.make_run(title="Demo"), factories.make_problem(), factories.make_instruction()
    for number in range(3):
        reasoning = f"Number {number}: die Zeilen werden gespiegelt → fertig."
        trace = factories.make_trace(run=run, problem=problem, instruction=instruction, reasoning=reasoning)
        pairs = [{"index": 0, "match": "right", "predicted": [[9, 8, 7]], "expected": [[9, 8, 7]], "message": "right"}]
        factories.make_verdict(trace=trace, evidence={"pairs": pairs, "right": 1, "of": 1})
    return run


def newest(run) -> Trace:
    return Trace.objects.filter(run=run).order_by("-pk").first()


def open_first(page: Page, run) -> Trace:
    page.goto(f"/traces/?run={run.pk}")
    trace = newest(run)
    page.get_by_role("link", name=trace.problem.name).first.click()
    expect(page.locator(f"#trace[data-trace='{trace.pk}']")).to_be_visible()
    wait_for_scripts(page)
    return trace


def wait_for_scripts(page: Page) -> None:
    """Keys work once the scripts have run; they are what shows the buttons that need them."""
    expect(page.locator("[data-label-step=good]")).to_be_visible()


def standing_review(trace) -> Review | None:
    return Review.objects.filter(trace=trace).order_by("-pk").first()


def test_log_in_open_a_run_accept_export_download_and_compare(page, run, lead, celery_worker_process, tmp_path):
    page.goto("/")
    page.get_by_label("Username").fill("lena")
    page.get_by_label("Password").fill("a long enough password")
    press(page, "Enter")
    expect(page.get_by_text("lena", exact=True)).to_be_visible()
    trace = open_first(page, run)
    press(page, "a", "5", "Enter")
    expect(page.get_by_text("1 of 3 reviewed")).to_be_visible()
    review = standing_review(trace)
    assert (review.decision, review.score, review.reviewer) == ("accept", 5, lead)
    page.goto(f"/traces/?run={run.pk}")
    page.get_by_text("Actions", exact=True).click()
    page.get_by_role("button", name="Export accepted").click()
    download_link = page.get_by_role("link", name="Download")
    expect(download_link).to_be_visible(timeout=60_000)
    with page.expect_download() as started:
        download_link.click()
    path = tmp_path / "rows.jsonl"
    started.value.save_as(path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    reply = f"{trace.reasoning.body}\n\n```python\n{trace.program.body}```\n"
    assert trace.prompt.body == canonical_json([{"role": "user", "content": "Find the rule."}])
    assert rows == [
        {"messages": [{"role": "user", "content": "Find the rule."}, {"role": "assistant", "content": reply}]}
    ]


def test_every_key_of_the_decision_form(log_in, run, curator):
    page = log_in(curator)
    trace = open_first(page, run)
    press(page, "j", "g", "j", "b")
    expect(page.locator("#step-1")).to_contain_class("kind-subtask current")
    press(page, "k")
    expect(page.locator("#step-0")).to_contain_class("kind-observation current")
    press(page, "2", "x")
    expect(page.get_by_label("Invalid reasoning")).to_be_visible()
    press(page, "i", "d")
    expect(page.locator("html")).to_have_attribute("data-digits", "on")
    press(page, "c")
    page.keyboard.type("ax 12 s: keys are letters here")
    press(page, "Control+Enter")
    expect(page.get_by_text("1 of 3 reviewed")).to_be_visible()
    review = standing_review(trace)
    assert (review.decision, review.reason, review.score) == ("reject", "wrong_reasoning", 2)
    assert review.comment == "ax 12 s: keys are letters here"
    assert review.step_labels == {"0": "good", "1": "bad"}
    assert review.seconds > 0


def test_one_key_rejects_with_its_reason_and_a_click_elsewhere_changes_nothing(log_in, run, curator):
    page = log_in(curator)
    trace = open_first(page, run)
    page.locator("h1").click()
    press(page, "w")
    expect(page.locator("[name=decision][value=reject]")).to_be_checked()
    expect(page.locator("html")).to_have_attribute("data-digits", "off")
    press(page, "Enter")
    expect(page.get_by_text("1 of 3 reviewed")).to_be_visible()
    review = standing_review(trace)
    assert (review.decision, review.reason) == ("reject", "wrong_answer")


def test_rejecting_without_a_reason_is_refused_on_the_spot(log_in, run, curator):
    page = log_in(curator)
    trace = open_first(page, run)
    press(page, "x", "Enter")
    expect(page.get_by_role("alert")).to_contain_text("a rejection needs one")
    expect(page.locator("[name=decision][value=reject]")).to_be_checked()
    assert standing_review(trace) is None


def test_enter_goes_on_shift_enter_stays_s_skips_and_u_undoes(log_in, run, curator):
    page = log_in(curator)
    first = open_first(page, run)
    press(page, "a", "Shift+Enter")
    expect(page.get_by_text("You said accept")).to_be_visible()
    expect(page.locator(f"#trace[data-trace='{first.pk}']")).to_be_visible()
    press(page, "s")
    second, third = Trace.objects.filter(run=run, pk__lt=first.pk).order_by("-pk")
    expect(page.locator(f"#trace[data-trace='{second.pk}']")).to_be_visible()
    assert page.url.endswith(f"/traces/{second.pk}/?run={run.pk}")
    press(page, "a", "Enter")
    expect(page.locator(f"#trace[data-trace='{third.pk}']")).to_be_visible()
    press(page, "u")
    expect(page.get_by_text("Your decision on this trace is undone.")).to_be_visible()
    expect(page.locator(f"#trace[data-trace='{second.pk}']")).to_be_visible()
    second.refresh_from_db()
    assert second.decision == ""


def test_the_next_trace_is_there_before_it_is_asked_for(log_in, run, curator):
    page = log_in(curator)
    keys = list(Trace.objects.filter(run=run).order_by("-pk").values_list("pk", flat=True))
    with page.expect_response("**/traces/next/**"):
        open_first(page, run)
    press(page, "a", "Enter")
    expect(page.locator(f"#trace[data-trace='{keys[1]}']")).to_be_visible()
    expect(page).to_have_title(re.compile(f"Trace {keys[1]}"))
    expect(page.get_by_text("1 of 3 reviewed")).to_be_visible()
    press(page, "w", "Enter")
    expect(page.locator(f"#trace[data-trace='{keys[2]}']")).to_be_visible()
    expect(page.get_by_text("2 of 3 reviewed")).to_be_visible()
    assert Review.objects.filter(trace=keys[1], decision="reject").exists()


def test_when_nothing_is_left_the_page_says_so_and_leads_on(log_in, run, lead):
    page = log_in(lead)
    open_first(page, run)
    for reviewed in range(3):
        expect(page.get_by_text(f"{reviewed} of 3 reviewed")).to_be_visible()
        press(page, "a", "Enter")
    expect(page.get_by_role("heading", name="Nothing left to review here")).to_be_visible()
    expect(page.get_by_role("link", name="Make a release")).to_be_visible()


def test_a_held_key_reviews_no_trace_that_was_not_seen(log_in, run, curator):
    page = log_in(curator)
    open_first(page, run)
    page.keyboard.down("a")
    page.keyboard.down("Enter")
    for _ in range(5):
        page.keyboard.down("a")
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    page.keyboard.up("a")
    expect(page.get_by_text("1 of 3 reviewed")).to_be_visible()
    assert Review.objects.count() == 1


def test_a_draft_survives_leaving_the_page_and_ends_with_the_submission(log_in, run, curator):
    page = log_in(curator)
    trace = open_first(page, run)
    press(page, "a", "c")
    page.keyboard.type("half a thought")
    page.goto("/traces/")
    page.goto(f"/traces/{trace.pk}/?run={run.pk}")
    expect(page.get_by_text("Your draft is back.")).to_be_visible()
    expect(page.locator("#id_comment")).to_have_value("half a thought")
    wait_for_scripts(page)
    press(page, "Enter")
    wait_for(lambda: standing_review(trace), "the review")
    # The draft ends when the page hears that the review is in: it shows the next trace then.
    expect(page.locator(f"#trace:not([data-trace='{trace.pk}'])")).to_be_visible()
    page.goto(f"/traces/{trace.pk}/?run={run.pk}")
    expect(page.get_by_text("You said accept")).to_be_visible()
    expect(page.get_by_text("Your draft is back.")).to_be_hidden()


def test_raw_text_is_one_key_away_and_keeps_the_decision(log_in, run, curator):
    page = log_in(curator)
    trace = open_first(page, run)
    press(page, "a", "r")
    expect(page.locator(".raw-text")).to_have_text(trace.reasoning.body)
    expect(page.locator("[name=decision][value=accept]")).to_be_checked()
    press(page, "r")
    expect(page.locator("#step-0")).to_be_visible()


def test_bodies_of_a_long_trace_arrive_when_they_come_into_sight(log_in, run, curator):
    steps = [
        {"kind": "text", "title": f"Thought {number}", "body": f"Body {number}. " * 40, "depth": 0, "data": {}}
        for number in range(500)
    ]
    trace = factories.make_trace(run=run, steps=steps)
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    expect(page.locator("#step-99 h3")).to_have_text("Thought 99")
    expect(page.locator("#step-499")).to_have_count(0)
    page.locator("[data-outline='499']").click()
    expect(page.locator("#step-499 .rendered")).to_contain_text("Body 499.")


def test_hostile_text_runs_nothing_and_loads_nothing(log_in, run, curator):
    evil = "<script>window.owned = 1</script> ![x](https://evil.example/p.png) <img src=https://evil.example/q.png>"
    step = {"kind": "<b>", "title": f"</h3>{evil}", "body": evil, "depth": 10**9, "data": {"grids": [evil]}}
    trace = factories.make_trace(run=run, steps=[step], reasoning=evil, program=evil, answer=[evil], facts={evil: evil})
    page = log_in(curator)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/traces/{trace.pk}/")
    expect(page.locator("#step-0")).to_contain_text("<script>window.owned")
    assert page.evaluate("window.owned") is None
    assert not [address for address in asked if "evil" in address]
    page.goto("/traces/")
    assert page.evaluate("window.owned") is None


def test_reviewing_works_without_javascript(browser, browser_context_args, log_in, run, curator):
    cookies = log_in(curator).context.cookies()
    context = browser.new_context(**{**browser_context_args, "java_script_enabled": False})
    context.add_cookies(cookies)
    page = context.new_page()
    trace = newest(run)
    page.goto(f"/traces/{trace.pk}/?run={run.pk}")
    page.get_by_role("button", name="Submit and next").first.click()
    expect(page.get_by_role("alert")).to_contain_text("press a to accept, x to reject")
    page.get_by_label("Accept", exact=True).check(force=True)
    page.get_by_role("button", name="Submit and next").first.click()
    expect(page.get_by_text("1 of 3 reviewed")).to_be_visible()
    context.close()
    assert standing_review(trace).decision == "accept"
    assert Path(page.url).name == f"?run={run.pk}"
