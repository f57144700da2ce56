"""One form for answers that mean the same, so that samples can be grouped by what they answer."""

import re
from dataclasses import dataclass

from trajectories.core.grids import GridError, parse_grid
from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import task_of
from trajectories.core.problems.questions import asks_for_program
from trajectories.core.records import JSON, AnswerPlace, ProblemKind, ProblemRecord, PublicProblem, TraceRecord
from trajectories.core.verifiers.answers import find_answer, whole_text
from trajectories.core.verifiers.choice import read_choice
from trajectories.core.verifiers.numbers import read_quantity
from trajectories.core.verifiers.text import normalise

_PROGRAM = re.compile(r"```(?:python|py)?[ \t]*\r?\n(.*?)```", re.DOTALL)
_DIGIT_ROW = re.compile(r"[ \t]*\d(?:[ ,]{0,2}\d)*[ \t]*")
WHOLE_ANSWER = 200
"""A text of at most this many characters in which nothing marks an answer is the answer itself."""


def normal_answer(kind: str, spec: JSON, answer: JSON) -> JSON:
    """The answer in the form that equal answers share: numbers exactly, choices by letter, texts without case and dots.

    Grids, and whatever has no such form, stay as they are; a list without a single grid is no answer.
    """
    if kind == ProblemKind.ARC and isinstance(answer, list | tuple) and all(grid is None for grid in answer):
        return None
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


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What a response gives: its answer with the place in the response, or its program."""

    answer: JSON = None
    program: str = ""
    place: AnswerPlace | None = None


def read_answer(problem: ProblemRecord | PublicProblem, text: str) -> ReadAnswer:
    """The answer or program that a response gives.

    For ARC the program is the last block of Python with a `transform`, and without one the last grids are the answer,
    one per test input. For problems with tests the last block of Python is the program, whatever it defines. For every
    other kind the answer is found by the rules of `answers`.
    """
    if problem.kind is ProblemKind.ARC:
        programs = [block for block in _PROGRAM.findall(text) if "def transform" in block]
        return ReadAnswer(program=programs[-1]) if programs else _last_grids(problem, text)
    if asks_for_program(problem):
        programs = _PROGRAM.findall(text)
        return ReadAnswer(program=programs[-1] if programs else "")
    found = find_answer(TraceRecord(None, "", text), number=problem.kind is ProblemKind.NUMERIC)
    found = found or whole_text(text, WHOLE_ANSWER)
    return ReadAnswer() if found is None else ReadAnswer(found.value, place=found.place())


def _last_grids(problem: ProblemRecord | PublicProblem, text: str) -> ReadAnswer:
    try:
        wanted = len(task_of(problem).test)
    except ProblemError:
        return ReadAnswer()
    found = find_answer(TraceRecord(None, "", text), grid=True)
    if found is not None and isinstance(found.value, list):
        grids = found.value if _are_grids(found.value) else [found.value]
        fits = _are_grids(grids) and len(grids) >= wanted
        return ReadAnswer(grids[-wanted:], place=found.place()) if fits else ReadAnswer()
    placed = _digit_grids(text)[-wanted:]
    if len(placed) < wanted:
        return ReadAnswer()
    place = AnswerPlace("last grid", placed[0][1], placed[-1][2])
    return ReadAnswer([rows for rows, _, _ in placed], place=place)


def _digit_grids(text: str) -> list[tuple[JSON, int, int]]:
    """Grids written as rows of digits, in order, with their start and end."""
    grids: list[tuple[JSON, int, int]] = []
    rows: list[list[int]] = []
    start = end = place = 0
    for line in [*text.splitlines(keepends=True), ""]:
        row = line.splitlines()[0] if line.splitlines() else ""
        if _DIGIT_ROW.fullmatch(row):
            start = start if rows else place
            rows.append([int(digit) for digit in row if digit.isdigit()])
            end = place + len(row)
        else:
            if rows and _are_grids([rows]):
                grids.append((rows, start, end))
            rows = []
        place += len(line)
    return grids


def _are_grids(values: JSON) -> bool:
    try:
        return bool(values) and all(parse_grid(value) is not None for value in values)
    except GridError:
        return False
