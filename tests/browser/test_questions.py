"""A file of questions in the browser: what it looks like, changed, and the side asked for; and what nobody matches."""

import json

import pytest
from playwright.sync_api import expect

from tests import factories
from trajectories.models import Import, Problem
from trajectories.services.imports.jobs import import_next

WIDTHS = [1280, 390]
GSM8K = [
    {"question": "A box holds 8 rows of 9 nuts. How many nuts?", "answer": "8 x 9 = <<8*9=72>>72 nuts.\n#### 72"},
    {"question": "A shop earns 1,000 a day for 2 days. How much?", "answer": "2 * 1000 = 2000\n#### 2,000"},
]
MIXED = [{"question": f"{number}?", "answer": f"{number} apples" if number % 3 else number} for number in range(40)]


@pytest.fixture
def _own_folder(settings, tmp_path, transactional_db):
    settings.VAR_DIR = tmp_path


def send(page, rows, name):
    content = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    page.goto("/problems/import/")
    page.set_input_files("#id_tasks", {"name": name, "mimeType": "application/jsonl", "buffer": content})
    page.fill("#id_set_title", "Sums")
    page.get_by_role("button", name="Import").click()


def is_as_wide_as_the_screen(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.usefixtures("_own_folder")
@pytest.mark.parametrize("width", WIDTHS)
def test_what_a_file_looks_like_can_be_changed_and_its_side_is_asked_for(log_in, lead, width):
    page = log_in(lead)
    page.set_viewport_size({"width": width, "height": 800})
    send(page, GSM8K, "nuts.jsonl")
    preview = page.locator("#question-preview")
    expect(preview).to_contain_text("Read as GSM8K: the answer is what stands behind the last ####")
    expect(page.get_by_label("Read as")).to_have_value("")
    page.get_by_label("Read as").select_option("gpqa")
    expect(preview).to_contain_text("Read as GPQA")
    expect(preview).to_contain_text("2 of 2 rows cannot be read")
    page.get_by_label("Read as").select_option("plain")
    expect(preview).to_contain_text("Read by its columns alone, though they look like GSM8K.")
    expect(page.locator("#id_column-answer")).to_have_value("answer")
    page.get_by_label("Compared as").select_option("text")
    expect(preview).to_contain_text("2 of 2 answers would be compared as text")
    page.get_by_label("Compared as").select_option("")
    expect(preview).not_to_contain_text("compared as text")
    assert is_as_wide_as_the_screen(page)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a split: neither the file's name nor a column says")
    page.get_by_label("Which split").select_option("eval")
    expect(preview).to_contain_text("All questions go to the split you chose: eval.")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("It waits for a worker.")).to_be_visible()
    import_next(job_id=Import.objects.get().pk)
    expect(page.get_by_role("heading", name="Imported", exact=True)).to_be_visible()
    assert set(Problem.objects.values_list("reference", "split")) == {("72", "eval"), ("2,000", "eval")}


@pytest.mark.usefixtures("_own_folder")
def test_how_many_answers_would_be_compared_as_text(log_in, lead):
    page = log_in(lead)
    send(page, MIXED, "train.jsonl")
    expect(page.locator("#question-preview")).to_contain_text("26 of 40 answers would be compared as text")


@pytest.mark.usefixtures("_own_folder")
@pytest.mark.parametrize("width", WIDTHS)
def test_references_that_nobody_matches_lead_to_their_samples(log_in, curator, width):
    misread = factories.make_problem_set(title="Misread")
    for number in range(60):
        problem = factories.make_problem(
            name=f"misread-{number}", kind="text", statement="What?", spec={}, reference="B" * 80, problem_set=misread
        )
        for answer in ("17", "17", "a long answer " * 20):
            factories.make_trace(
                problem=problem, run=None, answer=answer, program="", steps=[], correctness="fail", instruction=None
            )
    page = log_in(curator)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/problems/")
    page.get_by_role("link", name="References").click()
    expect(page.get_by_text("60 of 60 sampled (100%)")).to_be_visible()
    assert is_as_wide_as_the_screen(page)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("row")).to_have_count(11)
    page.get_by_role("link", name="2 of 3").first.click()
    expect(page.get_by_role("heading", name="Samples with this output")).to_be_visible()
