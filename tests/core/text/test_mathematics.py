import re
from xml.etree import ElementTree

import pytest

from trajectories.core.text.mathematics import FORMULA_CHARACTERS, draw_formula

AS_SOURCE = re.compile(r"<code>.*</code>", re.DOTALL)


def tree(source, *, display=False):
    drawn = draw_formula(source, display=display)
    assert drawn.startswith("<math"), drawn
    return ElementTree.fromstring(drawn)


def words(root):
    return "".join(root.itertext())


@pytest.mark.parametrize("name", ["aligned", "align", "align*", "split", "alignat*", "flalign", "alignedat"])
def test_aligned_lines_become_rows_whatever_the_environment_is_called(name):
    count = "{2}" if "at" in name else ""
    root = tree(rf"\begin{{{name}}}{count} x &= 40 + 2 \\ &= 42 \end{{{name}}}")
    assert len(root.findall(".//mtr")) == 2
    assert words(root) == "x=40+2=42"


@pytest.mark.parametrize("name", ["gather", "gather*", "gathered", "multline*", "eqnarray"])
def test_lines_without_alignment_become_rows_too(name):
    root = tree(rf"\begin{{{name}}} a = 1 \\ b = 2 \end{{{name}}}")
    assert len(root.findall(".//mtr")) == 2
    assert words(root) == "a=1b=2"


@pytest.mark.parametrize(
    ("source", "notation"),
    [
        (r"\boxed{42}", "box"),
        (r"\cancel{x}", "updiagonalstrike"),
        (r"\bcancel{x}", "downdiagonalstrike"),
        (r"\xcancel{x}", "updiagonalstrike downdiagonalstrike"),
        (r"\sout{x}", "horizontalstrike"),
    ],
)
def test_boxes_and_strikes_are_kept(source, notation):
    assert tree(source).find(".//menclose").get("notation") == notation


def lines_of(source):
    return [[cell.get("class") for cell in row] for row in tree(source).iter("mtr")]


def test_lines_between_columns_and_rows_are_at_their_cells():
    drawn = lines_of(r"\begin{array}{c|cc} a & b & c \\ \hline d & e & f \\ g & h & i \end{array}")
    assert drawn == [["lb lr", "lb", "lb"], ["lr", None, None], ["lr", None, None]]


def test_a_frame_is_around_the_table_and_moves_no_line_within():
    drawn = lines_of(r"\begin{array}{|c|c c|} \hline a & b & c \\ d & e & f \\ \hline \end{array}")
    assert drawn == [["ll lr lt", "lt", "lr lt"], ["lb ll lr", "lb", "lb lr"]]


@pytest.mark.parametrize(
    "source",
    [
        r"\unknown{5} + 1",
        r"\begin{tikzpicture} x \end{tikzpicture}",
        r"\begin{align} x &= 1",
        r"\end{align} x",
        r"3 & 4",
        r"a \\ b",
        r"\multicolumn{2}{c}{x}",
        r"\text{see \foo}",
        r"\begin{array}{|c|} a \end{array} + \begin{array}{c} b \end{array}",
        r"\left(",
        "x" * (FORMULA_CHARACTERS + 1),
        "{" * 900,
    ],
)
def test_what_would_lose_a_part_is_shown_as_its_source(source):
    assert AS_SOURCE.fullmatch(draw_formula(source, display=False))


def test_what_defines_commands_is_not_expanded():
    """A few definitions of one another could grow without end."""
    assert AS_SOURCE.fullmatch(draw_formula(r"\newcommand{\two}{2} \two", display=False))


def test_marks_that_draw_nothing_are_no_loss():
    assert words(tree(r"x = 1 \nonumber \label{eq:one}")) == "x=1"


def test_the_source_is_kept_for_who_copies():
    assert tree(r" \frac{1}{2} ", display=True).attrib == {"display": "block", "alttext": r"\frac{1}{2}"}
