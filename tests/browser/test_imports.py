"""Imports as a person meets them: sent, watched, mended."""

import json

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.looks import looks_fine
from trajectories.models import Import, Problem, Trace
from trajectories.services.imports.jobs import import_next

WIDTHS = [1280, 390]


@pytest.fixture
def _own_folder(settings, tmp_path, transactional_db):
    settings.VAR_DIR = tmp_path
    factories.make_problem(name="sum-1", kind="numeric", statement="What is 2 + 2?", spec={}, reference="4")


def rows(*responses, **values):
    lines = [{"problem_id": "sum-1", "response": text, "model": "m-1", **values} for text in responses]
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


def choose(page, content, name="rows.jsonl"):
    page.goto("/traces/import/")
    page.set_input_files("#id_traces", {"name": name, "mimeType": "application/jsonl", "buffer": content})
    page.get_by_role("button", name="Import").click()


@pytest.mark.usefixtures("_own_folder")
def test_the_page_of_an_import_shows_its_result_without_a_reload(log_in, lead):
    page = log_in(lead)
    choose(page, rows("4", "5") + b"{}\n")
    expect(page.get_by_text("It waits for a worker.")).to_be_visible()
    import_next(job_id=Import.objects.get().pk)
    expect(page.get_by_role("heading", name="Nothing was imported")).to_be_visible()
    expect(page.get_by_role("row")).to_contain_text(["File", "line 3"])
    page.get_by_role("button", name="Import the good ones").click()
    expect(page.get_by_text("It waits for a worker.")).to_be_visible()
    import_next(job_id=Import.objects.latest("pk").pk)
    expect(page.get_by_role("heading", name="Imported", exact=True)).to_be_visible()
    page.get_by_role("link", name="m-1").click()
    expect(page.get_by_role("row")).to_have_count(3)


@pytest.mark.usefixtures("_own_folder")
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(log_in, lead, width):
    page = log_in(lead)
    page.set_viewport_size({"width": width, "height": 800})
    choose(page, rows("4") + b'{"problem_id": "' + b"x" * 300 + b'", "response": "4"}\n', name=f"{'long-' * 20}.jsonl")
    for part in (None, "refused"):
        if part:
            import_next(job_id=Import.objects.get().pk)
            expect(page.get_by_role("heading", name="Nothing was imported")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    page.goto("/imports/")
    expect(page.get_by_role("row")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.usefixtures("_own_folder")
def test_the_folders_of_a_folder_say_the_side(log_in, lead, tmp_path):
    for number, name in enumerate(("training", "evaluation")):
        (tmp_path / "ARC" / name).mkdir(parents=True)
        pair = {"input": [[number]], "output": [[5]]}
        (tmp_path / "ARC" / name / f"{name[0]}.json").write_text(json.dumps({"train": [pair], "test": [pair]}))
    page = log_in(lead)
    page.goto("/problems/import/")
    page.get_by_text("A whole folder instead").click()
    page.set_input_files("#id_folder", tmp_path / "ARC")
    expect(page.get_by_text("By their names: 1 training, 1 evaluation.")).to_be_visible()
    page.fill("#id_set_title", "Tasks of a folder")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("It waits for a worker.")).to_be_visible()
    import_next(job_id=Import.objects.get().pk)
    expect(page.get_by_role("heading", name="Imported", exact=True)).to_be_visible()
    sides = Problem.objects.filter(kind="arc").values_list("name", "split")
    assert dict(sides) == {"t": "train", "e": "eval"}


@pytest.mark.usefixtures("_own_folder")
@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_known_on_the_other_side_fits_the_screen(log_in, lead, width):
    known = [factories.make_problem(name=f"{'known-' * 20}{n}", kind="numeric", statement=f"{n}?") for n in range(12)]
    page = log_in(lead)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/problems/import/")
    lines = "".join(f"{json.dumps({'question': each.statement, 'answer': 1})}\n" for each in known)
    page.set_input_files("#id_tasks", {"name": "test.jsonl", "mimeType": "application/jsonl", "buffer": lines.encode()})
    expect(page.get_by_text("By their names: 0 training, 1 evaluation.")).to_be_visible()
    page.fill("#id_set_title", "Held back")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("The file's name says the split: eval.")).to_be_visible()
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("It waits for a worker.")).to_be_visible()
    import_next(job_id=Import.objects.get().pk)
    expect(page.get_by_text("12 of the file's problems are known on the other side")).to_be_visible()
    expect(page.get_by_text("2 more like these.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.usefixtures("_own_folder")
def test_rows_of_no_known_shape_are_looked_at_first(log_in, lead):
    page = log_in(lead)
    lines = [{"task": {"text": "What is 2 + 2?"}, "out": {"said": f"<think>Two and two.</think>{n}"}} for n in (4, 5)]
    page.goto("/traces/import/")
    content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    page.set_input_files("#id_traces", {"name": "rows.jsonl", "mimeType": "application/jsonl", "buffer": content})
    page.get_by_role("button", name="Look at the first rows").click()
    expect(page.get_by_text("No row has a shape that is known")).to_be_visible()
    page.get_by_label("Response of the model").select_option("out.said")
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_text("expected where the question stands").first).to_be_visible()
    page.get_by_label("Question").select_option("task.text")
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_text("all 2 would come in")).to_be_visible()
    looks_fine(page, "look")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("It waits for a worker.")).to_be_visible()
    import_next(job_id=Import.objects.get().pk)
    assert sorted(Trace.objects.values_list("answer", flat=True)) == ["4", "5"]


@pytest.mark.usefixtures("_own_folder")
def test_where_problems_go_is_asked_once_they_are_to_be_made(log_in, lead):
    page = log_in(lead)
    page.goto("/traces/import/")
    expect(page.get_by_label("Set for these problems")).to_be_hidden()
    page.get_by_label("Make the problems that are not here").check()
    expect(page.get_by_label("Set for these problems")).to_be_visible()
    expect(page.get_by_label("Side of these problems")).to_be_visible()
