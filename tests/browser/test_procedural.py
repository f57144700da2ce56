"""The page of a family as a person turns its knobs, and the columns of a file of questions."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.scratchpads import scratchpad_trace
from trajectories.adapters.procedural import is_installed, shared_source
from trajectories.models import Import, Problem
from trajectories.services.imports.jobs import import_next
from trajectories.tasks.procedural import import_families


def overflow(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture
def _two_families(settings, tmp_path, monkeypatch, transactional_db):
    """Two families, described by the package as all would be."""
    settings.VAR_DIR = tmp_path
    source = shared_source()
    ask = source._ask
    names = ["chain_sum", "composite"]
    monkeypatch.setattr(source, "_ask", lambda do, *rest, **more: names if do == "names" else ask(do, *rest, **more))


def test_sums_are_made_and_a_right_answer_by_wrong_steps_is_marked_and_opens_as_a_queue(
    log_in, lead, settings, tmp_path, transactional_db
):
    settings.VAR_DIR = tmp_path
    page = log_in(lead)
    page.goto("/problems/procedural/addition/")
    expect(page.locator("#examples article")).to_have_count(3)
    expect(page.locator("#examples").get_by_text("<scratch>").first).to_be_visible()
    page.get_by_label("Max digits").fill("9")
    expect(page.get_by_role("alert")).to_contain_text("found 1 to 9 digits, expected 1 to 5")
    page.get_by_label("Max digits").fill("2")
    expect(page.locator("#examples article")).to_have_count(3)
    with page.expect_download() as file:
        page.get_by_role("button", name="Worked solutions").click()
    assert len(Path(file.value.path()).read_text().splitlines()) == 100
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("It waits for a worker.")).to_be_visible()
    import_next(job_id=Import.objects.get().pk)
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    trace = scratchpad_trace()
    page.goto(f"/traces/{trace.pk}/")
    expect(page.locator("#trace-correctness")).to_contain_text("wrong steps")
    marked = page.locator(".outline li:has(.sign-fault) a")
    expect(marked).to_have_count(1)
    marked.click()
    expect(page.locator("#step-2 .badge.fail")).to_contain_text("first wrong step")
    page.goto("/insights/audit/answer_not_steps/")
    expect(page.get_by_text("step 3 of 5 is wrong")).to_be_visible()
    page.get_by_role("button", name="Make a queue").click()
    expect(page.get_by_role("heading", name=re.compile("Audit: Answer right, steps wrong"))).to_be_visible()


@pytest.mark.skipif(not is_installed(), reason="reasoning-gym is not installed (make procedural)")
@pytest.mark.usefixtures("_two_families")
def test_knobs_change_the_preview_and_an_import_brings_it(log_in, lead):
    page = log_in(lead)
    page.goto("/problems/procedural/")
    import_families()
    expect(page.get_by_role("row")).to_have_count(4, timeout=60_000)
    expect(page.get_by_text("Must specify at least one dataset")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("chain")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?q=chain"))
    page.get_by_role("link", name="chain_sum").click()
    examples = page.locator("#examples article")
    expect(examples).to_have_count(3)
    page.get_by_label("Max terms").fill("1")
    expect(page.get_by_role("alert")).to_contain_text("max_terms must be >= min_terms")
    page.get_by_label("Max terms").fill("2")
    expect(examples).to_have_count(3)
    expect(page).to_have_url(re.compile("knob-max_terms=2"))
    expect(page).not_to_have_url(re.compile("csrf"))
    first = examples.first.locator("code").first.inner_text()
    page.get_by_label("Number of problems").fill("7")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("It waits for a worker.")).to_be_visible()
    import_next(job_id=Import.objects.get().pk)
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    assert Problem.objects.get(name="chain_sum-1-0").statement == first
    page.get_by_role("link", name="Procedural chain sum").click()
    expect(page.get_by_role("row")).to_have_count(len(Problem.objects.all()) + 1)
    page.get_by_role("link", name="chain_sum-1-0").click()
    expect(page.get_by_role("heading", name="Question")).to_be_visible()
    page.get_by_text("Expected answer").click()
    expect(page.locator("details code")).to_have_text(str(Problem.objects.get(name="chain_sum-1-0").reference))


@pytest.mark.skipif(not is_installed(), reason="reasoning-gym is not installed (make procedural)")
@pytest.mark.usefixtures("_two_families")
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_fit_the_screen(log_in, lead, width):
    page = log_in(lead)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/problems/procedural/")
    expect(page.get_by_role("heading", name="Making one problem of each family")).to_be_visible()
    import_families()
    expect(page.get_by_role("row")).to_have_count(4, timeout=60_000)
    assert overflow(page) == 0
    page.goto("/problems/procedural/chain_sum/?level=2")
    expect(page.get_by_label("Max terms")).to_have_value("4")
    assert overflow(page) == 0


CSV = "Problem text,solution,topic\nWhat is 2 + 2?,4,sums\nWhat is $x$ if $2x = 6$?,three,algebra\n"


@pytest.mark.parametrize("width", [1280, 390])
def test_columns_are_chosen_and_the_first_rows_follow(log_in, lead, settings, tmp_path, transactional_db, width):
    settings.VAR_DIR = tmp_path
    page = log_in(lead)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/problems/import/")
    page.get_by_label("ARC task files, zips of them, or one file of questions").set_input_files(
        [{"name": "sums.csv", "mimeType": "text/csv", "buffer": CSV.encode()}]
    )
    page.get_by_label("Problem set").fill("Sums")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is in sums.csv?")
    preview = page.locator("#question-preview")
    expect(preview).to_contain_text("expected one of question, problem, prompt")
    page.get_by_label("Question", exact=True).select_option("Problem text")
    expect(preview.locator("article")).to_have_count(2)
    expect(preview.locator("math").first).to_be_visible()
    page.get_by_label("Answer").select_option("solution")
    expect(preview).to_contain_text("three")
    page.get_by_label("Family").select_option("topic")
    expect(preview).to_contain_text("algebra")
    assert overflow(page) == 0
    page.get_by_label("Which split").select_option("train")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("It waits for a worker.")).to_be_visible()
    import_next(job_id=Import.objects.get().pk)
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    assert set(Problem.objects.values_list("kind", "reference", "family")) == {
        ("numeric", "4", "sums"),
        ("text", "three", "algebra"),
    }


@pytest.mark.skipif(not is_installed(), reason="reasoning-gym is not installed (make procedural)")
def test_how_far_a_scorer_is_trusted_fits_on_a_phone(settings, tmp_path, monkeypatch, transactional_db, log_in, lead):
    settings.VAR_DIR = tmp_path
    source = shared_source()
    ask = source._ask
    names = ["coin_flip", "spiral_matrix", "gsm_symbolic"]
    monkeypatch.setattr(source, "_ask", lambda do, *rest, **more: names if do == "names" else ask(do, *rest, **more))
    page = log_in(lead)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/problems/procedural/")
    import_families()
    expect(page.get_by_text("not scored")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("needs the sandbox")).to_be_visible()
    assert overflow(page) == 0
    page.get_by_role("link", name="spiral_matrix").click()
    expect(page.get_by_text("Scoring needs the sandbox.")).to_be_visible()
    assert overflow(page) == 0
