"""Rows of distilled data sets whose thoughts and answers stand in columns side by side, of one model or of several.

- s1K: `thinking_trajectories` (a list of one), `attempt`; s1K-1.1: `deepseek_thinking_trajectory`, `deepseek_attempt`,
  `deepseek_grade` and the same of Gemini
- OpenThoughts (metadata): `deepseek_reasoning`, `deepseek_solution`
- DeepSeek-R1 distilled in Chinese: `input`, `reasoning_content`, `content`, `score`
- medical-o1: `Question`, `Complex_CoT`, `Response`
"""

from dataclasses import dataclass, replace

from trajectories.core.completions.messages import words_of
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.plain_rows import read_plain
from trajectories.core.importers.row_scores import check_of
from trajectories.core.problems import ProblemError, describe


@dataclass(frozen=True, slots=True)
class Column:
    """Where the thoughts and the answer of one model are. `grade` is where its answer was judged, "" for nowhere;
    `model` is who wrote it, where the columns say that."""

    thoughts: str
    answer: str
    grade: str = ""
    model: str = ""


COLUMNS = (
    Column("deepseek_thinking_trajectory", "deepseek_attempt", "deepseek_grade", "deepseek"),
    Column("gemini_thinking_trajectory", "gemini_attempt", "gemini_grade", "gemini"),
    Column("thinking_trajectories", "attempt"),
    Column("deepseek_reasoning", "deepseek_solution", model="deepseek"),
    Column("Complex_CoT", "Response"),
    Column("reasoning_content", "content"),
)


def is_distilled(row: Row) -> bool:
    """Whether a row has thoughts and an answer in such columns."""
    return bool(_found(row)) and "messages" not in row and "role" not in row


def _found(row: Row) -> list[Column]:
    return [column for column in COLUMNS if column.thoughts in row and isinstance(row.get(column.answer), str)]


def read_distilled(row: Row) -> list[ForeignTrace]:
    """A trace for each model that answered. Raises ProblemError."""
    columns = _found(row)
    own = {name for column in COLUMNS for name in (column.thoughts, column.answer, column.grade)}
    rest = {name: value for name, value in row.items() if name not in own}
    traces: list[ForeignTrace] = []
    for column in columns:
        thoughts = row[column.thoughts]
        if thoughts is not None and not isinstance(thoughts, str | list):
            raise ProblemError(column.thoughts, f"found {describe(thoughts)}, expected text")
        told = {"model": column.model} if column.model and not row.get("model") else {}
        said = {"response": row[column.answer], "reasoning_content": words_of(thoughts)}
        [trace] = read_plain({**rest, **told, **said})
        graded = check_of("grade", row.get(column.grade)) if column.grade else []
        verdicts = (*trace.verdicts, *(replace(one, verifier=column.grade) for one in graded))
        traces.append(replace(trace, verdicts=verdicts, adds_verdicts=bool(verdicts)))
    return traces
