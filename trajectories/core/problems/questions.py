"""Questions with short answers, one to a row of a file: numeric, multiple choice, or text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_uppercase

from trajectories.core.answers.references import answer_of_solution, final_answer, is_mathematics
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_json, check_text
from trajectories.core.problems.kinds import ASKS_FOR, PROGRAM, QUESTIONS, choices_of
from trajectories.core.problems.question_choices import read_choices_of
from trajectories.core.problems.question_files import Row
from trajectories.core.problems.question_values import is_nothing, read_json, read_text
from trajectories.core.problems.sides import said_side
from trajectories.core.records import JSON, ProblemKind, ProblemRecord, PublicProblem

MATCHES = ("normalised", "exact", "regex", "json")
"""How a text is held against its reference; the first where nothing is said."""
SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("eval", "evaluation", "test", "validation", "valid", "val", "dev"), "eval"),
}
NO_SIDE = "found nothing that says train or eval, in the row or in the name of the file; choose a split for the file"
MAX_NAME = 200
MAX_FAMILY = 100
LARGEST = 1e300
LONGEST_BARE = 40
WORDED = ("level", "difficulty")
YES, NO = ["yes", "true"], ["no", "false"]
"""What a reference that is true or false accepts."""

_LEVEL = re.compile(r"level\s*(\d+(?:\.\d+)?|\?)", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?([eE][-+]?\d+)?")


def asks_for_program(problem: PublicProblem | ProblemRecord) -> bool:
    """Whether the answer is a program that has to pass tests."""
    return "tests" in problem.spec or problem.spec.get(ASKS_FOR) == PROGRAM


def question_text(problem: PublicProblem) -> str:
    """The statement, with its choices as letters."""
    choices = choices_of(problem.kind, problem.spec)
    if not choices:
        return problem.statement.strip()
    lettered = (f"{letter}. {choice}" for letter, choice in zip(ascii_uppercase, choices, strict=False))
    return "\n".join([problem.statement.strip(), "", *lettered])


@dataclass(frozen=True, slots=True)
class Told:
    """What whoever imports a file says of all its questions; "" where each row says it, or is looked at.

    `split` and `kind` overrule the rows. `otherwise` is the side of a row that says nothing in a file whose name says
    nothing: where that is "" too, such a row is a fault.
    """

    split: str = ""
    kind: str = ""
    otherwise: str = ""


def read_question(row: Row, mapping: Mapping[str, str], name: str, told: Told, file: str = "") -> ProblemRecord:
    """One plain row as a problem; `name` is used where the row has none.

    The reference of a choice is its letter, or the letters of all right ones; of the other kinds the answer's text, or
    the texts that are accepted; of a question without answer None. A worked solution is left out: its answer counts.
    Raises ProblemError with the column as path.
    """
    values = {field: row.get(column) for field, column in mapping.items()}
    question = read_text(values.get("question"), mapping["question"])
    if question is None:
        raise ProblemError(mapping["question"], "found nothing, expected a question")
    matching = _matching(values, mapping)
    said = told.kind or read_text(values.get("kind"), mapping.get("kind", ""))
    if matching:
        if said not in (None, "text"):
            where = mapping.get("kind", "kind")
            raise ProblemError(where, f"found {describe(said)}, expected text beside a match or tests")
        kind, answer = ProblemKind.TEXT, _verified_reference(values, mapping, matching)
    else:
        kind, answer, matching = _asked(values, mapping, said)
    return ProblemRecord(
        kind=kind,
        name=_short(values.get("name"), mapping.get("name", ""), MAX_NAME) or name,
        statement=question,
        spec=matching,
        reference=answer,
        split=_side(values.get("split"), mapping.get("split", ""), told, file),
        family=_short(values.get("family"), mapping.get("family", ""), MAX_FAMILY),
        difficulty=_difficulty(values.get("difficulty"), mapping.get("difficulty", "")),
    )


def _asked(values: Row, mapping: Mapping[str, str], said: str | None) -> tuple[ProblemKind, JSON, dict[str, JSON]]:
    """Kind, reference and spec of a question whose answer is compared by its kind."""
    value, column = values.get("answer"), mapping.get("answer", "")
    asked = _kind_said(said, mapping)
    choices = read_choices_of(values.get("choices"), mapping.get("choices", ""))
    if asked is ProblemKind.CHOICE or (asked is None and choices is not None):
        if choices is None:
            raise ProblemError(mapping.get("choices", "choices"), "found nothing, expected a list of choices")
        letters = None if is_nothing(value) else choices.letters(value, column)
        many = {"many": True} if isinstance(letters, list) else {}
        return ProblemKind.CHOICE, letters, {"choices": list(choices.texts), **many}
    accepted = _accepted(value, column)
    if isinstance(accepted, list):
        if asked is ProblemKind.NUMERIC:
            raise ProblemError(column, f"found {describe(value)}, expected one number")
        return asked or ProblemKind.TEXT, accepted, {}
    looks = asked in (None, ProblemKind.NUMERIC)  # for a number in what may be a worked solution
    text = final_answer(accepted) if accepted is not None and looks else accepted
    if text is None:
        solution = read_text(values.get("solution"), mapping.get("solution", ""))
        text = (answer_of_solution(solution) or _bare(solution)) if solution else None
    found = ProblemKind.NUMERIC if text and is_mathematics(text) else ProblemKind.TEXT
    return asked or found, text, {}


def _bare(solution: str) -> str | None:
    """A solution that is no more than its answer (s1K); None for one in words."""
    return solution if len(solution) <= LONGEST_BARE and is_mathematics(solution) else None


def _kind_said(said: str | None, mapping: Mapping[str, str]) -> ProblemKind | None:
    """The kind by its name; None where nothing is said."""
    if said is None:
        return None
    kind = next((kind for kind in QUESTIONS if kind.value == said.lower()), None)
    if kind is None:
        names = ", ".join(QUESTIONS)
        raise ProblemError(mapping.get("kind", "kind"), f"found {describe(said)}, expected one of {names}")
    return kind


def _accepted(value: JSON, column: str) -> str | list[str] | None:
    """The answer's text, or all texts that are accepted: of a list, of a value and its aliases, of true or false."""
    if isinstance(value, bool):
        return list(YES if value else NO)
    if isinstance(value, dict) and isinstance(value.get("aliases"), list) and "value" in value:
        value = [value["value"], *value["aliases"]]
    if not isinstance(value, list):
        return read_text(value, column)
    if not value or not all(isinstance(entry, str) and entry.strip() for entry in value):
        raise ProblemError(column, f"found {describe(value)}, expected text, a number or a list of accepted texts")
    texts = list(dict.fromkeys(check_text(entry.strip(), column) for entry in value))
    return texts[0] if len(texts) == 1 else texts


def _matching(values: Row, mapping: Mapping[str, str]) -> dict[str, JSON]:
    """The parts of a text problem's spec that say how its answers are verified: nothing for normalised text."""
    spec: dict[str, JSON] = {}
    match = read_text(values.get("match"), mapping.get("match", ""))
    if match is not None and match.lower() not in MATCHES:
        raise ProblemError(mapping["match"], f"found {describe(match)}, expected one of {', '.join(MATCHES)}")
    if match is not None and match.lower() != MATCHES[0]:
        spec["match"] = match.lower()
    for field in ("examples", "tests"):
        if field == "examples" and spec.get("match") != "regex":
            continue
        value = values.get(field)
        if isinstance(value, str):
            value = read_json(value, mapping[field]) if value.strip() else None
        if value is None:
            continue
        if not isinstance(value, list) or not value:
            raise ProblemError(mapping[field], f"found {describe(value)}, expected a list of at least one entry")
        check_json(value, mapping[field])
        spec[field] = value
    function = read_text(values.get("function"), mapping.get("function", ""))
    if "tests" in spec and function is not None:
        spec["function"] = function
    return spec


def _verified_reference(values: Row, mapping: Mapping[str, str], matching: Mapping[str, JSON]) -> JSON:
    """The reference of a text problem; where JSON is compared, its value."""
    value, column = values.get("answer"), mapping.get("answer", "")
    if matching.get("match") != "json" or value is None:
        return read_text(value, column)
    value = read_json(value, column) if isinstance(value, str) and value.strip() else value
    check_json(value, column)
    return value


def _short(value: JSON, column: str, longest: int) -> str:
    text = read_text(value, column) or ""
    if len(text) > longest:
        raise ProblemError(column, f"found {len(text)} characters, expected at most {longest}")
    return text


def _side(value: JSON, column: str, told: Told, file: str) -> str:
    """The side of a question: as told, else as its row says, else as its file's name does."""
    text = read_text(value, column)
    said = None if text is None else SPLITS.get(text.lower()) or said_side(text)
    if text is not None and said is None:
        raise ProblemError(column, f"found {describe(text)}, expected train or eval")
    side = told.split or said or said_side(file) or told.otherwise
    if not side:
        raise ProblemError(column or "split", NO_SIDE)
    return side


def _difficulty(value: JSON, column: str) -> dict[str, float]:
    """Numbers by name; a lone number is the "level"."""
    if isinstance(value, str):
        text = value.strip()
        level = _LEVEL.fullmatch(text)
        text = level[1].replace("?", "") if level is not None else text
        value = read_json(text, column) if text[:1] == "{" or _NUMBER.fullmatch(text) else text or None
        # Columns of these names hold words too (RACE: "high", OlympiadBench: "Competition"), which no scale has.
        value = None if isinstance(value, str) and column.lower() in WORDED else value
    if value is None:
        return {}
    levels = value if isinstance(value, dict) else {"level": value}
    for name, level in levels.items():
        if isinstance(level, bool) or not isinstance(level, int | float) or abs(level) > LARGEST:
            raise ProblemError(column, f"found {describe(level)}, expected a number")
        check_text(name, column)
    return {name: float(level) for name, level in levels.items()}
