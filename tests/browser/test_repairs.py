"""Editing a trace by keyboard: the difference beside it, nothing lost on the way, verified live."""

import uuid

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests import factories
from trajectories.core.prompts.repairs import Edits
from trajectories.models import Repair, Trace
from trajectories.selectors.traces import get_trace
from trajectories.services.traces.repairs import RepairDraft, submit_repair
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db(transaction=True)
WRONG = "def transform(grid):\n    return grid\n"


@pytest.fixture
def trace(transactional_db) -> Trace:
    return factories.make_trace(program=WRONG, answer=None, correctness="fail", reasoning="The rows stay as they are.")


def edit(page: Page, trace: Trace) -> None:
    page.goto(f"/traces/{trace.pk}/")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Difference")).to_be_visible()
    expect(page.locator("#id_part_0")).to_be_focused()


def write_program(page: Page) -> None:
    """From the words to the program, and a right one in its place."""
    page.keyboard.press("Tab")
    expect(page.locator("#id_program")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(factories.FLIP_PROGRAM)


def test_a_wrong_program_is_mended_by_keyboard_and_verified_on_the_page(log_in, curator: User, trace):
    page = log_in(curator)
    edit(page, trace)
    write_program(page)
    expect(page.locator("#repair-diff ins")).to_contain_text("row[::-1]")
    expect(page.locator("#repair-diff del")).to_contain_text("grid")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Not verified yet")).to_be_visible()
    child = Trace.objects.exclude(pk=trace.pk).get()
    expect(page).to_have_url(f"{page.url.split('/traces/')[0]}/traces/{child.pk}/")
    expect(page.locator("#trace-correctness")).to_contain_text("Unverified")
    verify_traces(trace_ids=[child.pk])
    expect(page.locator("#trace-correctness")).to_contain_text("Pass")
    expect(page.locator("#verdicts")).to_contain_text("Pass")
    # The draft ended with it.
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('repair:'))") == []
    page.goto(f"/traces/{trace.pk}/repair/")
    expect(page.locator("#id_program")).to_have_value(WRONG)


def test_a_reload_and_a_lost_connection_lose_nothing_and_double_nothing(log_in, curator: User, trace):
    page = log_in(curator)
    edit(page, trace)
    write_program(page)
    expect(page.locator("#repair-kept")).to_be_visible()
    page.reload()
    expect(page.locator("#repair-restored")).to_be_visible()
    expect(page.locator("#id_program")).to_have_value(factories.FLIP_PROGRAM)
    expect(page.locator("#repair-diff ins")).to_contain_text("row[::-1]")
    # The server stores it, and its answer is lost on the way.
    address = f"**/traces/{trace.pk}/repair/"

    def lose(route):
        if route.request.method == "POST" and "then" not in (route.request.post_data or ""):
            route.fetch(max_redirects=0)
            route.abort()
        else:
            route.continue_()

    page.route(address, lose)
    page.locator("#id_program").focus()
    page.keyboard.press("Control+Enter")
    page.wait_for_event("requestfailed")
    page.unroute(address)
    page.goto(f"/traces/{trace.pk}/repair/")
    expect(page.locator("#id_program")).to_have_value(factories.FLIP_PROGRAM)
    page.locator("#id_program").focus()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Not verified yet")).to_be_visible()
    assert Repair.objects.count() == 1


def test_what_somebody_else_did_meanwhile_is_told_and_the_words_stay(log_in, curator: User, lead: User, trace):
    page = log_in(curator)
    edit(page, trace)
    write_program(page)
    submit_repair(author=lead, trace=get_trace(trace.pk), draft=RepairDraft(Edits(program="x = 1")), key=uuid.uuid4())
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").first).to_contain_text("Somebody else has repaired this trace")
    expect(page.locator("#id_program")).to_have_value(factories.FLIP_PROGRAM)
    page.locator("#id_program").focus()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Not verified yet")).to_be_visible()
    assert Repair.objects.filter(original=trace).count() == 2


def test_200_kb_are_edited_without_a_stall(log_in, curator: User, transactional_db):
    trace = factories.make_trace(program="", reasoning="Many words, and then some more.\n\n" * 6_250)
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/repair/")
    page.locator("#id_part_0").focus()
    page.keyboard.press("Control+Home")
    # Between a key and the next frame: what a person feels.
    page.evaluate(
        """() => {
            window.slowest = 0;
            document.getElementById("id_part_0").addEventListener("keydown", () => {
                const start = performance.now();
                requestAnimationFrame(() => setTimeout(() => {
                    window.slowest = Math.max(window.slowest, performance.now() - start);
                }));
            });
        }"""
    )
    page.keyboard.type("First of all: ", delay=30)
    expect(page.locator("#repair-diff ins")).to_contain_text("First of all")
    slowest = page.evaluate("window.slowest")
    assert slowest < 1_000, f"{slowest:.0f} ms"
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Not verified yet")).to_be_visible()
    assert Repair.objects.get().trace.reasoning.body.startswith("First of all: Many words")
