"""Which column of a file of questions is what: as chosen, as the file's layout has it, or by the usual names."""

from collections.abc import Mapping, Sequence

from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc_files import show
from trajectories.core.problems.layout_rows import Layout
from trajectories.core.problems.question_files import Row
from trajectories.core.problems.question_values import is_nothing

COLUMNS: dict[str, tuple[str, ...]] = {
    "question": ("question", "problem", "prompt", "input", "query", "question_stem"),
    "answer": (
        *("answer", "final_answer", "expected_answer", "correct_answer", "answerkey", "ground_truth", "gold"),
        *("target", "label", "output"),
    ),
    "choices": ("choices", "options"),
    "kind": ("kind",),
    "solution": ("solution", "rationale"),
    "family": ("family", "category", "subject", "topic", "type"),
    "difficulty": ("difficulty", "level"),
    "split": ("split",),
    "name": ("name", "id", "problem_id", "task_id", "unique_id", "uuid", "question_id"),
    "match": ("match",),
    "examples": ("examples",),
    "tests": ("tests",),
    "function": ("function", "entry_point"),
}
"""What a question may have, and the column names it is looked for under, best first."""
LOOSE = frozenset({"target", "label", "output"})
"""Column names that mean the answer only where no better one says it: elsewhere they often mean something else."""


def choose_columns(columns: Sequence[str], chosen: Mapping[str, str], layout: Layout | None = None) -> dict[str, str]:
    """Which column each field of a file is read from, as far as all rows are alike; fields without one are left out.

    A field chosen as "" is read from nowhere. Raises ProblemError for a chosen field or column that does not exist,
    and where there is no question.
    """
    for field, column in chosen.items():
        if field not in COLUMNS:
            raise ProblemError(field, f"is no field of a question, expected one of {', '.join(COLUMNS)}")
        if column and column not in columns:
            raise ProblemError(column, f"found no such column, expected one of {', '.join(map(show, columns[:20]))}")
    return columns_of_row(dict.fromkeys(columns), chosen, layout)


def columns_of_row(row: Row, chosen: Mapping[str, str], layout: Layout | None = None) -> dict[str, str]:
    """Which column each field is read from in one row: rows of one file may have different columns.

    Raises ProblemError where there is none for the question.
    """
    mapping = find_columns(row, chosen, layout)
    if "question" not in mapping:
        raise ProblemError("", f"found no column for the question, expected one of {', '.join(COLUMNS['question'])}")
    return mapping


def find_columns(row: Row, chosen: Mapping[str, str], layout: Layout | None = None) -> dict[str, str]:
    """The columns that are found in a row, be there one for the question or not.

    A chosen column that the row does not have at all is looked for by the usual names; of several columns with usual
    names the first that holds something counts.
    """
    by_lower = {column.lower(): column for column in reversed(list(row))}
    mapping = {field: column for field, column in chosen.items() if not column or column in row}
    for preferred in (layout.columns if layout is not None else {}, COLUMNS):
        for field, names in preferred.items():
            if field not in mapping and (usual := _usual(row, names, by_lower, set(mapping.values()))):
                mapping[field] = usual
    return {field: column for field, column in mapping.items() if column}


def _usual(row: Row, names: Sequence[str], by_lower: Mapping[str, str], taken: set[str]) -> str:
    """The column among those of usual names that counts; "" where there is none."""
    there = [by_lower[name] for name in names if name in by_lower and by_lower[name] not in taken]
    strict = [column for column in there if column.lower() not in LOOSE] or there
    told = (column for columns in (strict, there) for column in columns if not is_nothing(row[column]))
    return next(told, strict[0] if strict else "")
