"""docs/architecture.md and docs/glossary.md say where things are: they must be there."""

import re
import subprocess
import sys

import pytest

from tests.architecture.test_files import ROOT, text

NAMED = sorted(set(re.findall(r"`((?:\w+/)+(?:\w+\.py)?)`", text("docs/glossary.md"))))


def test_the_pictures_are_what_the_imports_are():
    code = "import sys; sys.path.insert(0, 'docs'); import draw_rooms; sys.stdout.write(draw_rooms.drawn())"
    drawn = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert drawn.stdout == text("docs/architecture.md"), "run `python docs/draw_rooms.py`"


def test_the_glossary_names_places():
    assert len(NAMED) > 40


@pytest.mark.parametrize("name", NAMED)
def test_what_the_glossary_names_is_there(name):
    assert (ROOT / "trajectories" / name).exists()


ROWS = [tuple(row.strip("| ").split(" | ")) for row in text("docs/glossary.md").splitlines() if row.startswith("| ")]
TERMS = [row for row in ROWS if row[0] != "term"]


def test_no_term_is_explained_twice():
    terms = [row[0] for row in TERMS]
    assert len(terms) == len(set(terms)) > 100


@pytest.mark.parametrize("row", TERMS, ids=lambda row: row[0])
def test_a_term_is_explained_in_one_sentence_with_its_place(row):
    _, meaning, place = row
    assert ". " not in meaning
    assert not meaning.endswith(".")
    assert place.startswith("`")


@pytest.mark.parametrize("layer", ["core", "services"])
def test_every_room_is_the_place_of_a_term(layer):
    rooms = {path.name for path in (ROOT / "trajectories" / layer).iterdir() if (path / "__init__.py").exists()}
    assert rooms <= {name.split("/")[1] for name in NAMED if name.startswith(f"{layer}/")}


RECIPES = {part.split("\n")[0]: part for part in text("docs/recipes.md").split("\n### ")[1:]}


def test_there_is_a_recipe_for_everything_that_is_added_often():
    kinds = (
        "verifier",
        "strategy",
        "exporter",
        "importer",
        "kind of job",
        "kind of problem",
        "family of problems that is shipped",
        "trainer",
        "operation of the API",
    )
    assert [name.partition(" ")[2] for name in RECIPES] == list(kinds)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_touches_at_most_four_files_which_are_there(name):
    steps = re.findall(r"^\d\. (.*)", RECIPES[name], re.MULTILINE)
    assert 2 <= len(steps) <= 4
    files = [match[1] for step in steps if (match := re.match(r"`([\w/.]+)`", step))]
    assert len(files) >= 2
    for file in files:
        assert file.count("NAME") or (ROOT / file).exists(), file
    examples = re.findall(r"`(\w+\.py)` is (?:a short|an) example", RECIPES[name])
    home = (ROOT / files[0]).parent
    assert all((home / example).exists() for example in examples)
