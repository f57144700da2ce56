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


def test_no_term_is_explained_twice():
    terms = re.findall(r"^\| ([\w -]+) \| ", text("docs/glossary.md"), re.MULTILINE)
    assert sorted(set(terms) - {"term"}) == sorted(each for each in terms if each != "term")
