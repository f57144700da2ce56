"""One form for answers that mean the same, so that samples can be grouped by what they answer."""

import re

from trajectories.core.grids import GridError, parse_grid
from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import task_of
from trajectories.core.records import JSON, ProblemKind, ProblemRecord, PublicProblem, TraceRecord
from trajectories.core.verifiers.answers import find_answer
from trajectories.core.verifiers.choice import read_choice
from trajectories.core.verifiers.numbers import read_quantity
from trajectories.core.verifiers.text import normalise

_PROGRAM = re.compile(r"```(?:python|py)?[ \t]*\r?\n(.*?)```", re.DOTALL)
_DIGIT_ROW = re.compile(r"[ \t]*\d(?:[ ,]{0,2}\d)*[ \t]*")
WHOLE_ANSWER = 200
"""A text of at most this many characters in which nothing marks an answer is the answer itself."""


def normal_answer(kind: str, spec: JSON, answer: JSON) -> JSON:
    """The answer in the form that equal answers share: numbers exactly, choices by letter, texts without case and dots.

    Grids, and whatever has no such form, stay as they are.
    """
    if answer is None or kind == ProblemKind.ARC:
        return answer
    if kind == ProblemKind.NUMERIC:
        found = read_quantity(answer)
        return answer if found is None else f"{found.value} {found.unit}".strip()
    if kind == ProblemKind.CHOICE:
        texts = [normalise(str(choice)) for choice in spec.get("choices") or ()]
        place = read_choice(answer, texts)
        return answer if place is None else chr(ord("A") + place)
    return normalise(answer) if isinstance(answer, str) else answer


def stated_answer(problem: ProblemRecord | PublicProblem, text: str) -> tuple[JSON, str]:
    """(answer, program) that a response gives, None and "" where it gives none.

    For ARC the program is the last block of Python with a `transform`, and without one the last grids are the answer,
    one per test input. For every other kind the answer is found by the rules of `answers`.
    """
    if problem.kind is ProblemKind.ARC:
        programs = [block for block in _PROGRAM.findall(text) if "def transform" in block]
        return (None, programs[-1]) if programs else (_last_grids(problem, text), "")
    found = find_answer(TraceRecord(None, "", text), number=problem.kind is ProblemKind.NUMERIC)
    if found is not None:
        return found.value, ""
    whole = text.strip()
    return (whole if 0 < len(whole) <= WHOLE_ANSWER else None), ""


def _last_grids(problem: ProblemRecord | PublicProblem, text: str) -> JSON:
    try:
        wanted = len(task_of(problem).test)
    except ProblemError:
        return None
    found = find_answer(TraceRecord(None, "", text), grid=True)
    if found is not None and isinstance(found.value, list):
        grids = found.value if _are_grids(found.value) else [found.value]
        return grids[-wanted:] if _are_grids(grids) and len(grids) >= wanted else None
    grids = _digit_grids(text)
    return grids[-wanted:] if len(grids) >= wanted else None


def _digit_grids(text: str) -> list[JSON]:
    """Grids written as rows of digits, in order."""
    grids: list[JSON] = []
    rows: list[list[int]] = []
    for line in [*text.splitlines(), ""]:
        if _DIGIT_ROW.fullmatch(line):
            rows.append([int(digit) for digit in line if digit.isdigit()])
            continue
        if rows and _are_grids([rows]):
            grids.append(rows)
        rows = []
    return grids


def _are_grids(values: JSON) -> bool:
    try:
        return bool(values) and all(parse_grid(value) is not None for value in values)
    except GridError:
        return False
