"""Reference answers as files have them: the answer out of a worked solution, and whether it is mathematics."""

import re

from trajectories.core.answers.marks import CutOff, find_boxes
from trajectories.core.answers.mathematics import read_form
from trajectories.core.answers.numbers import read_quantity
from trajectories.core.answers.values import read_reference

_GSM = re.compile(r"^[ \t]*####[ \t]*(\S[^\n]*)$", re.MULTILINE)
_INLINE_GSM = re.compile(r"####[ \t]*(\S[^\n]*)\s*\Z")
_CALCULATION = re.compile(r"<<[^<>\n]*>>")
_ORDINAL = re.compile(r"\d(?:st|nd|rd|th)\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d|[¼½¾⅓⅔⅛]")
_LATEX = re.compile(r"\\[A-Za-z{}%$!,(\[]|^\s*\$.*\$\s*\.?\s*$|\^|[√π∞≤≥∪∈±]", re.DOTALL)
_OPERATOR = re.compile(r"[+*/^=(√]|(?<=[\w)])\s*-\s*(?=[\w(])")
_TIMES = re.compile(r"\d[\d.]*[a-z]")
_LETTER = re.compile(r"\(\s?[^\W\d_]\s?\)")
"""A lone letter in brackets, as the right choice stands in a file that keeps the choices in the question."""

_CODE = re.compile(r"\d+(?:[-/.]\d+){2,}|\d{4}s|\d{3,}-\d{3,}(?:-\d+)*")
"""Dates, decades, telephone numbers, versions."""


def final_answer(text: str) -> str:
    """The answer that a reference text ends with: behind the last "####", in the last box, else all of it."""
    marked = _GSM.findall(text) or _INLINE_GSM.findall(text)
    if marked:
        return str(marked[-1]).strip()
    try:
        boxes = find_boxes(text)
    except CutOff:
        return text.strip()
    return text[boxes[-1].start : boxes[-1].end].strip() if boxes else text.strip()


def answer_of_solution(text: str) -> str:
    """The answer that a worked solution marks; "" where it marks none."""
    found = final_answer(text)
    return "" if found == text.strip() else found


def is_mathematics(text: str) -> bool:
    """Whether a reference is compared as mathematics where nothing is said of its kind.

    What may as well be a text is none: a noun behind a number, "1,23", a date, a lone letter, a chemical formula.
    """
    if read_reference(text) is None or _CODE.fullmatch(text.strip()) or _LETTER.fullmatch(text.strip()):
        return False
    quantity = read_quantity(text)
    if quantity is not None and (_DIGIT.search(text) is None or quantity.noun or _ORDINAL.search(text)):
        return False
    if quantity is not None:
        return _LATEX.search(text) is not None or re.search(r"(?<!\d)\d{1,3},\d{1,2}(?!\d)", text) is None
    if _LATEX.search(text):
        return True
    form = read_form(text)
    if form is None or form.shape == "written":
        return False
    if form.shape in ("tuple", "set", "interval", "union", "list", "assignments"):
        return bool(form.values) or form.shape == "assignments"
    if form.shape in ("equation", "number"):
        return _OPERATOR.search(text) is not None
    strong = _DIGIT.search(text) is not None or re.search(r"[(+^=]", text) is not None
    return strong and (_OPERATOR.search(text) is not None or _TIMES.fullmatch(text.strip()) is not None)
