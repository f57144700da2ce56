"""Drawing LaTeX as MathML, whole or not at all: a formula that would lose a part is shown as its source.

The converter (latex2mathml) drops what it does not know without a word: the name of an environment, the columns of
`aligned`, the position of outer lines. What it drops is either put back here or found, and then the source is shown.
Browsers draw neither `menclose` nor lines of tables by themselves; css/mathematics.css does it by attribute and class.
"""

import html
import re
from collections import Counter
from xml.etree import ElementTree

from latex2mathml.converter import convert

FORMULA_CHARACTERS = 2_000
"""Longer formulas are shown as their source: reading them takes the converter more than linear time."""

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_ENVIRONMENTS = {
    *("array", "align*", "split", "cases", "smallmatrix", "equation*"),
    *("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix"),
}
"""What the converter draws as it should."""

_SAME_AS = {
    "align": "align*",  # the converter would number the lines of each formula from 1
    "equation": "equation*",
    "aligned": "split",
    "dcases": "cases",
    "flalign": "align*",
    "flalign*": "align*",
    "alignat": "align*",
    "alignat*": "align*",
    "alignedat": "split",
}
"""Environments that look like another one which the converter knows."""

_COLUMNS = {
    **dict.fromkeys(("gather", "gather*", "gathered", "multline", "multline*"), "c"),
    **dict.fromkeys(("eqnarray", "eqnarray*"), "rcl"),
}
"""Environments that are an array of columns aligned so."""

_COUNTED = ("alignat", "alignat*", "alignedat")
"""Environments with the number of their columns as an argument, which nothing is drawn of."""

_NO_LINES = re.compile(r"\\(?:nonumber|notag)(?![a-zA-Z])|\\label\{[^{}]*\}|\\require\{[^{}]*\}")
_DEFINES = re.compile(r"\\(?:(?:re)?new(?:command|environment)|providecommand|DeclareMathOperator|[egx]?def|let)\b")
_BORDER = re.compile(r"\\(begin|end)\{([a-zA-Z]+\*?)\}")
_ARRAY = re.compile(r"\\begin\{array\}(?:\[[tcb]\])?\{([^{}]*)\}(\s*\\hline)?")
_LAST_LINE = re.compile(r"\\\\\s*\\hline\s*\\end\{array\}")


def draw_formula(source: str, *, display: bool) -> str:
    """MathML of a LaTeX formula without its delimiters, the source kept as `alttext`; else the source as code.

    `display` draws it as a block. The result is not sanitised. Never raises.
    """
    as_written = f"<code>{html.escape(source)}</code>"
    if len(source) > FORMULA_CHARACTERS or _DEFINES.search(source):
        return as_written
    prepared = _prepare(source)
    if prepared is None:
        return as_written
    try:
        root = ElementTree.fromstring(convert(prepared, display="block" if display else "inline"))
    except Exception:  # the converter raises whatever its parser stumbles over: recursion, index and own errors
        return as_written
    if _lost_something(root) or not _draw_lines(root, source):
        return as_written
    root.set("alttext", source.strip())
    return _written(root)


def _prepare(source: str) -> str | None:
    """The formula in the environments that the converter knows; None where one of them is unknown or not closed."""
    open_ones: list[str] = []
    for kind, name in _BORDER.findall(source):
        if kind == "begin":
            open_ones.append(name)
        elif not open_ones or open_ones.pop() != name:
            return None
        if name not in _ENVIRONMENTS and name not in _SAME_AS and name not in _COLUMNS:
            return None
    if open_ones:
        return None
    counted = "|".join(re.escape(name) for name in _COUNTED)
    text = re.sub(rf"(\\begin\{{(?:{counted})\}})\s*\{{\d+\}}", r"\1", _NO_LINES.sub("", source))
    text = _BORDER.sub(_known_border, text)
    text = _ARRAY.sub(lambda found: f"\\begin{{array}}{{{found[1].replace(' ', '').strip('|')}}}", text)
    return _LAST_LINE.sub(r"\\end{array}", text)


def _known_border(found: re.Match[str]) -> str:
    kind, name = found.groups()
    if name in _COLUMNS:
        return f"\\begin{{array}}{{{_COLUMNS[name]}}}" if kind == "begin" else r"\end{array}"
    return f"\\{kind}{{{_SAME_AS.get(name, name)}}}"


def _lost_something(root: ElementTree.Element) -> bool:
    """Whether the converter passed on what it does not know: a command, a column mark, a new line, half a table."""
    for element in root.iter():
        text = element.text or ""
        if "\\" in text or (_tag(element) == "mi" and text == "&") or element.get("linebreak"):
            return True
    return False


def _draw_lines(root: ElementTree.Element, source: str) -> bool:
    """Put the lines of tables on their cells, as the classes lr (right), lb (below), ll and lt (outer left and top).

    False where the tables drawn are not those of the source, so that their lines cannot be told.
    """
    tables = [element for element in root.iter() if _tag(element) == "mtable"]
    kinds = [name for kind, name in _BORDER.findall(source) if kind == "begin"]
    drawn = [name for name in kinds if name not in ("equation", "equation*")]
    if len(drawn) + source.count(r"\substack") != len(tables):
        return False
    outer = _outer_lines(source)
    if any(outer.values()) and len(tables) > 1:
        return False
    for table in tables:
        columns = (table.attrib.pop("columnlines", "") or "none").split()
        rows = (table.attrib.pop("rowlines", "") or "none").split()
        for row_number, row in enumerate(table):
            for number, cell in enumerate(row):
                _add_lines(cell, {"lr": _solid(columns, number), "lb": _solid(rows, row_number)})
        _add_outer(table, outer)
    return True


def _outer_lines(source: str) -> Counter[str]:
    """Which sides of an array have a line around the whole of it."""
    sides: Counter[str] = Counter()
    for found in _ARRAY.finditer(source):
        columns = found[1].replace(" ", "")
        sides["ll"] += columns.startswith("|")
        sides["lr"] += len(columns) > 1 and columns.endswith("|")
        sides["lt"] += found[2] is not None
    sides["lb"] += len(_LAST_LINE.findall(source))
    return sides


def _add_outer(table: ElementTree.Element, outer: Counter[str]) -> None:
    rows = list(table)
    for number, row in enumerate(rows):
        cells = list(row)
        for place, cell in enumerate(cells):
            sides = {"ll": place == 0, "lr": place == len(cells) - 1, "lt": number == 0, "lb": number == len(rows) - 1}
            _add_lines(cell, {side: there and outer[side] > 0 for side, there in sides.items()})


def _solid(lines: list[str], number: int) -> bool:
    return number < len(lines) and lines[number] != "none"


def _add_lines(cell: ElementTree.Element, sides: dict[str, bool]) -> None:
    names = {*(cell.get("class") or "").split(), *(side for side, there in sides.items() if there)}
    if names:
        cell.set("class", " ".join(sorted(names)))


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _written(root: ElementTree.Element) -> str:
    """The tree as text, without prefixes of its namespace."""
    for element in root.iter():
        element.tag = _tag(element)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
