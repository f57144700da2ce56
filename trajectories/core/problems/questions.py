"""Questions with short answers, one to a line of JSONL or a row of CSV: numeric, multiple choice, or text."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from string import ascii_uppercase
from typing import Any

from trajectories.core.answers.references import answer_of_solution, final_answer, is_mathematics
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.arc_files import show, split_of
from trajectories.core.problems.documents import check_json, check_text, decode_text, lines_of, parse_json_text
from trajectories.core.records import JSON, ProblemKind, ProblemRecord, PublicProblem

COLUMNS: dict[str, tuple[str, ...]] = {
    "question": ("question", "problem", "prompt", "input", "query"),
    "answer": ("answer", "final_answer", "expected_answer", "target", "label", "output"),
    "choices": ("choices", "options"),
    "kind": ("kind",),
    "solution": ("solution", "rationale"),
    "family": ("family", "category", "subject", "topic", "type"),
    "difficulty": ("difficulty", "level"),
    "split": ("split",),
    "name": ("name", "id", "problem_id", "task_id", "unique_id", "uuid"),
    "match": ("match",),
    "examples": ("examples",),
    "tests": ("tests",),
    "function": ("function", "entry_point"),
}
"""What a question may have, and the column names it is looked for under, best first."""
MATCHES = ("normalised", "exact", "regex", "json")
"""How a text is held against its reference; the first where nothing is said."""
KINDS = (ProblemKind.NUMERIC, ProblemKind.CHOICE, ProblemKind.TEXT)
SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("eval", "evaluation", "test", "validation", "valid", "val", "dev"), "eval"),
}
SUFFIXES = frozenset({".jsonl", ".csv"})
MAX_COLUMNS = 256
"""Column names in one file: a page that asks what is in which column lists them all, a dozen times over."""
MAX_ROWS = 500_000
"""Rows and lines of one file: so many can be looked through while somebody waits for a task to end."""
MAX_NAME = 200
MAX_FAMILY = 100
LARGEST = 1e300
YES, NO = ["yes", "true"], ["no", "false"]
"""What a reference that is true or false accepts."""

_LEVEL = re.compile(r"level\s*(\d+(?:\.\d+)?|\?)", re.IGNORECASE)
_LETTERS = re.compile(r"[A-Za-z](?:\s*(?:,|;|&|\band\b)\s*[A-Za-z])+")
_NUMBER = re.compile(r"[-+]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?([eE][-+]?\d+)?")

Row = Mapping[str, Any]
"""Column name to an unchecked JSON value; in CSV every value is text."""


ASKS_FOR, PROGRAM = "asks_for", "program"
"""What a public spec says of a problem that is judged by tests, which are not public."""


def asks_for_program(problem: PublicProblem | ProblemRecord) -> bool:
    """Whether the answer is a program that has to pass tests."""
    return "tests" in problem.spec or problem.spec.get(ASKS_FOR) == PROGRAM


def question_text(problem: PublicProblem) -> str:
    """The statement, with its choices as letters."""
    choices = problem.spec.get("choices") if problem.kind is ProblemKind.CHOICE else None
    if not isinstance(choices, list | tuple):
        return problem.statement.strip()
    lettered = (f"{letter}. {choice}" for letter, choice in zip(ascii_uppercase, choices, strict=False))
    return "\n".join([problem.statement.strip(), "", *lettered])


def is_questions(name: str) -> bool:
    """Whether a file's name says that it holds questions."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def read_rows(data: bytes, file: str) -> Iterator[tuple[int, Row | ProblemError]]:
    """The rows of a .csv or .jsonl file with the line each ends on; a row that cannot be read is a ProblemError.

    One row at a time, so that many small ones take no more memory than few. Raises ProblemError where the whole file
    cannot be read.
    """
    text = decode_text(data)
    lines = max(text.count("\n"), text.count("\r"))
    if lines > MAX_ROWS:
        raise ProblemError("", f"found {lines:,} lines in one file, expected at most {MAX_ROWS:,}; part it")
    return _csv_rows(text) if PurePosixPath(file).suffix.lower() == ".csv" else _jsonl_rows(text)


def _jsonl_rows(text: str) -> Iterator[tuple[int, Row | ProblemError]]:
    columns: set[str] = set()
    for number, line in enumerate(lines_of(text), 1):
        if not line.strip():
            continue
        try:
            value = parse_json_text(line)
            if not isinstance(value, dict):
                raise ProblemError("", f"found {describe(value)}, expected an object")
            _check_columns(len(value))
            _check_names(value.keys() - columns)
        except ProblemError as fault:
            yield number, ProblemError(fault.path.removeprefix("line 1 "), fault.detail)
        else:
            columns.update(value)
            _check_columns(len(columns), " in all rows so far")
            yield number, value


def _check_columns(count: int, where: str = "") -> None:
    """Raise ProblemError for more columns than anyone can choose from."""
    if count > MAX_COLUMNS:
        raise ProblemError("", f"found {count:,} columns{where}, expected at most {MAX_COLUMNS}; leave out the others")


def _check_names(columns: Iterable[str]) -> None:
    """Raise ProblemError for the name of a column that no page can show and no database hold."""
    for column in columns:
        check_text(column, f"the column {show(column)}")


def _csv_rows(text: str) -> Iterator[tuple[int, Row | ProblemError]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        _check_columns(len(header))
        _check_names(header)
        if len(set(header)) != len(header):
            yield 1, ProblemError("", "found a column name twice in the header, expected different names")
            return
        for cells in reader:
            if cells and len(cells) != len(header):
                detail = f"found {len(cells)} cells, expected {len(header)} as in the header"
                yield reader.line_num, ProblemError("", detail)
            elif cells:
                yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as fault:
        yield reader.line_num, ProblemError("", f"is no CSV from here on ({fault})")


def choose_columns(columns: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Which column each field is read from: as `chosen`, else by the usual names; fields without one are left out.

    A field chosen as "" is read from nowhere. Raises ProblemError for a chosen field or column that does not exist,
    and where there is no question.
    """
    for field, column in chosen.items():
        if field not in COLUMNS:
            raise ProblemError(field, f"is no field of a question, expected one of {', '.join(COLUMNS)}")
        if column and column not in columns:
            raise ProblemError(column, f"found no such column, expected one of {', '.join(map(show, columns[:20]))}")
    mapping = dict(chosen)
    by_lower = {column.lower(): column for column in reversed(columns)}
    for field, names in COLUMNS.items():
        usual = next((by_lower[name] for name in names if name in by_lower), None)
        if field not in mapping and usual is not None and usual not in mapping.values():
            mapping[field] = usual
    mapping = {field: column for field, column in mapping.items() if column}
    if "question" not in mapping:
        raise ProblemError("", f"found no column for the question, expected one of {', '.join(COLUMNS['question'])}")
    return mapping


def read_question(row: Row, mapping: Mapping[str, str], name: str, split: str | None, file: str) -> ProblemRecord:
    """One row as a problem; `name` is used where the row has none. Without `split`, the row's or the file's path rules.

    The reference of a choice is its letter, or the letters of all right ones; of the other kinds the answer's text, or
    the texts that are accepted; of a question without answer None. A worked solution is left out: its answer counts.
    Raises ProblemError with the column as path.
    """
    values = {field: row.get(column) for field, column in mapping.items()}
    question = _text(values.get("question"), mapping["question"])
    if question is None:
        raise ProblemError(mapping["question"], "found nothing, expected a question")
    choices = _choices(values.get("choices"), mapping.get("choices", ""))
    judged = _judged_by(values, mapping)
    said = _text(values.get("kind"), mapping.get("kind", ""))
    if judged:
        if said not in (None, "text"):
            raise ProblemError(mapping["kind"], f"found {describe(said)}, expected text beside a match or tests")
        kind, answer = ProblemKind.TEXT, _reference_text(values, mapping, judged)
    else:
        kind, answer, judged = _asked(values, mapping, said, choices)
    row_split = _split(values.get("split"), mapping.get("split", ""))
    return ProblemRecord(
        kind=kind,
        name=_short(values.get("name"), mapping.get("name", ""), MAX_NAME) or name,
        statement=question,
        spec=judged,
        reference=answer,
        split=split or row_split or split_of(file),
        family=_short(values.get("family"), mapping.get("family", ""), MAX_FAMILY),
        difficulty=_difficulty(values.get("difficulty"), mapping.get("difficulty", "")),
    )


def _asked(
    values: Row, mapping: Mapping[str, str], said: str | None, choices: list[str]
) -> tuple[ProblemKind, JSON, dict[str, JSON]]:
    """Kind, reference and spec of a question whose answer is compared by its kind."""
    value, column = values.get("answer"), mapping.get("answer", "")
    if (said is None and choices) or str(said).lower() == ProblemKind.CHOICE:
        kind = _kind(said, None, choices, mapping)
        by_text = _are_numbers(values.get("choices"))
        letters = None if _is_nothing(value) else _letters(value, choices, column, by_text=by_text)
        many = {"many": True} if isinstance(letters, list) else {}
        return kind, letters, {"choices": choices, **many}
    accepted = _accepted(value, column)
    if isinstance(accepted, list):
        kind = _kind(said or ProblemKind.TEXT.value, None, choices, mapping)
        if kind is ProblemKind.NUMERIC:
            raise ProblemError(column, f"found {describe(value)}, expected one number")
        return kind, accepted, {}
    text = None if accepted is None else accepted if str(said).lower() == ProblemKind.TEXT else final_answer(accepted)
    if text is None:
        solution = _text(values.get("solution"), mapping.get("solution", ""))
        text = (answer_of_solution(solution) or None) if solution else None
    return _kind(said, text, choices, mapping), text, {}


def _is_nothing(value: JSON) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _accepted(value: JSON, column: str) -> str | list[str] | None:
    """The answer's text, or all texts that are accepted: of a list, of a value and its aliases, of true or false."""
    if isinstance(value, bool):
        return list(YES if value else NO)
    if isinstance(value, dict) and isinstance(value.get("aliases"), list) and "value" in value:
        value = [value["value"], *value["aliases"]]
    if not isinstance(value, list):
        return _text(value, column)
    if not value or not all(isinstance(entry, str) and entry.strip() for entry in value):
        raise ProblemError(column, f"found {describe(value)}, expected text, a number or a list of accepted texts")
    texts = list(dict.fromkeys(check_text(entry.strip(), column) for entry in value))
    return texts[0] if len(texts) == 1 else texts


def _judged_by(values: Row, mapping: Mapping[str, str]) -> dict[str, JSON]:
    """The parts of a text problem's spec that say how its answers are judged: nothing for normalised text."""
    spec: dict[str, JSON] = {}
    match = _text(values.get("match"), mapping.get("match", ""))
    if match is not None and match.lower() not in MATCHES:
        raise ProblemError(mapping["match"], f"found {describe(match)}, expected one of {', '.join(MATCHES)}")
    if match is not None and match.lower() != MATCHES[0]:
        spec["match"] = match.lower()
    for field in ("examples", "tests"):
        if field == "examples" and spec.get("match") != "regex":
            continue
        value = values.get(field)
        if isinstance(value, str):
            value = _json(value, mapping[field]) if value.strip() else None
        if value is None:
            continue
        if not isinstance(value, list) or not value:
            raise ProblemError(mapping[field], f"found {describe(value)}, expected a list of at least one entry")
        check_json(value, mapping[field])
        spec[field] = value
    function = _text(values.get("function"), mapping.get("function", ""))
    if "tests" in spec and function is not None:
        spec["function"] = function
    return spec


def _reference_text(values: Row, mapping: Mapping[str, str], judged: Mapping[str, JSON]) -> JSON:
    """The reference of a text problem; where JSON is compared, its value."""
    value, column = values.get("answer"), mapping.get("answer", "")
    if judged.get("match") != "json" or value is None:
        return _text(value, column)
    value = _json(value, column) if isinstance(value, str) and value.strip() else value
    check_json(value, column)
    return value


def _json(text: str, column: str) -> JSON:
    try:
        return parse_json_text(text)
    except ProblemError as fault:
        raise ProblemError(column, fault.detail) from fault


def _text(value: JSON, column: str) -> str | None:
    """Text or a number as text; None where there is nothing."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ProblemError(column, f"found {describe(value)}, expected text or a number")
    return check_text(value.strip() if isinstance(value, str) else json.dumps(value), column)


def _short(value: JSON, column: str, longest: int) -> str:
    text = _text(value, column) or ""
    if len(text) > longest:
        raise ProblemError(column, f"found {len(text)} characters, expected at most {longest}")
    return text


def _kind(said: str | None, answer: str | None, choices: list[str], mapping: Mapping[str, str]) -> ProblemKind:
    """The kind as said; else choice where there are choices, numeric where the answer is mathematics, else text."""
    if said is None:
        if choices:
            return ProblemKind.CHOICE
        return ProblemKind.NUMERIC if answer and is_mathematics(answer) else ProblemKind.TEXT
    kind = next((kind for kind in KINDS if kind.value == said.lower()), None)
    if kind is None:
        raise ProblemError(mapping["kind"], f"found {describe(said)}, expected one of {', '.join(KINDS)}")
    if kind is ProblemKind.CHOICE and not choices:
        raise ProblemError(mapping.get("choices", "choices"), "found nothing, expected a list of choices")
    return kind


def _choices(value: JSON, column: str) -> list[str]:
    """A list of texts, an object of texts by letter, or in CSV either as JSON or texts parted by "|"."""
    if isinstance(value, str):
        text = value.strip()
        value = _json(text, column) if text[:1] in ("[", "{") else text.split("|") if text else None
    if value is None:
        return []
    entries = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(entries, list) or not 2 <= len(entries) <= len(ascii_uppercase):
        raise ProblemError(column, f"found {describe(value)}, expected 2 to {len(ascii_uppercase)} choices")
    texts = [_text(entry, f"{column}[{index}]") for index, entry in enumerate(entries)]
    if None in texts or len(set(texts)) != len(texts):
        raise ProblemError(column, "found an empty choice or the same one twice, expected different texts")
    return [text for text in texts if text is not None]


def _are_numbers(choices: JSON) -> bool:
    """Whether choices are numbers themselves, so that a number as the answer may be one of them."""
    entries = list(choices.values()) if isinstance(choices, dict) else choices
    return isinstance(entries, list) and any(isinstance(entry, int | float) for entry in entries)


def _letters(value: JSON, choices: list[str], column: str, *, by_text: bool) -> str | list[str]:
    """The letter of the right choice, or the letters of all right ones where several are."""
    if isinstance(value, bool):
        raise ProblemError(column, f"found {describe(value)}, expected a letter or a choice's text")
    if isinstance(value, str) and value.strip() not in choices and _LETTERS.fullmatch(value.strip()):
        value = re.findall(r"\b[A-Za-z]\b", value)
    if not isinstance(value, list):
        return _letter(value, choices, column, by_text=by_text)
    letters = sorted({_letter(entry, choices, column, by_text=by_text) for entry in value})
    if not letters:
        raise ProblemError(column, f"found {describe(value)}, expected the letters of the right choices")
    return letters


def _letter(value: JSON, choices: list[str], column: str, *, by_text: bool) -> str:
    """The letter of the right choice, from its letter, its text, or (a JSON number) its index from 0.

    A number counts by its text where the choices are numbers too; where it is an index besides, it is a fault.
    """
    answer = _text(value, column) or ""
    answer = answer if answer in choices else final_answer(answer)
    is_index = isinstance(value, int) and 0 <= value < len(choices)
    found = {choices.index(answer)} if answer in choices and (by_text or not is_index) else set()
    if is_index:
        found.add(value)
    bare = answer.strip("()[]. ")
    if len(bare) == 1 and bare.upper() in ascii_uppercase[: len(choices)]:
        found.add(ascii_uppercase.index(bare.upper()))
    if len(found) != 1:
        last = ascii_uppercase[len(choices) - 1]
        raise ProblemError(column, f"found {describe(value)}, expected one letter from A to {last} or a choice's text")
    return ascii_uppercase[found.pop()]


def _split(value: JSON, column: str) -> str | None:
    text = _text(value, column)
    if text is not None and text.lower() not in SPLITS:
        raise ProblemError(column, f"found {describe(text)}, expected train or eval")
    return None if text is None else SPLITS[text.lower()]


def _difficulty(value: JSON, column: str) -> dict[str, float]:
    """Numbers by name; a lone number is the "level"."""
    if isinstance(value, str):
        text = value.strip()
        level = _LEVEL.fullmatch(text)
        text = level[1].replace("?", "") if level is not None else text
        value = _json(text, column) if text[:1] == "{" or _NUMBER.fullmatch(text) else text or None
        # A column of that name may hold anything (RACE: "high"); one named for difficulty may not.
        value = None if isinstance(value, str) and column.lower() == "level" else value
    if value is None:
        return {}
    levels = value if isinstance(value, dict) else {"level": value}
    for name, level in levels.items():
        if isinstance(level, bool) or not isinstance(level, int | float) or abs(level) > LARGEST:
            raise ProblemError(column, f"found {describe(level)}, expected a number")
        check_text(name, column)
    return {name: float(level) for name, level in levels.items()}
