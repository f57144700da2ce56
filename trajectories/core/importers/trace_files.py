"""Traces sampled elsewhere, one to a line of JSON: the shapes that are read, and what is taken from each.

- plain: {"problem_id" | "problem_hash" | "question", "response", "reasoning"?, "model"?, "temperature"?}; thoughts may
  have any of their names
- `sft-messages`: {"messages": [..., {"role": "assistant", ...}]}
- `full`, as Minicolumn exports it: {"problem": {...}, "trace": {...}}
- a submission of the ARC Prize, a document of its own (arc_submissions.py): one trace for each attempt at a task
- samples as lm-evaluation-harness logs them (lm_eval_rows.py)
- answers as they came from a provider, alone or in a line of a batch's output (batch_rows.py): chat completions,
  responses, messages of Anthropic, answers of Gemini; one trace for each alternative answer

Everything but `full` may name its problem in "problem_id", "problem_hash" or "question", in the row itself or in its
"meta" or "metadata"; a conversation without such names its problem by what the user said last.
"""

from collections.abc import Callable
from dataclasses import dataclass

from trajectories.core.importers.answer_rows import is_answer, read_answers
from trajectories.core.importers.arc_submissions import is_submitted, read_submitted
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.full_rows import is_full, read_full
from trajectories.core.importers.lm_eval_rows import is_logged, read_logged
from trajectories.core.importers.plain_rows import is_conversation, is_plain, read_conversation, read_plain
from trajectories.core.problems import ProblemError


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of rows. `is_one` says by its keys whether a row has it, `read` gives its traces, at least one; both
    raise ProblemError with the key that is wrong as path."""

    name: str
    is_one: Callable[[Row], bool]
    read: Callable[[Row], list[ForeignTrace]]


SHAPES = (
    Shape("submission", is_submitted, read_submitted),
    Shape("logged", is_logged, read_logged),
    Shape("full", is_full, read_full),
    Shape("answer", is_answer, read_answers),
    Shape("conversation", is_conversation, read_conversation),
    Shape("plain", is_plain, read_plain),
)
"""The first that a row has counts: a shape stands before those whose keys it has too."""


def shape_of(row: Row) -> Shape:
    """The shape that a row is read by. Raises ProblemError."""
    for shape in SHAPES:
        if shape.is_one(row):
            return shape
    raise ProblemError("", 'found no "response", "messages", "choices" or "trace", expected one of them')


def read_traces(row: Row) -> list[ForeignTrace]:
    """The traces of one row, at least one. Raises ProblemError with the key that is wrong as path."""
    return shape_of(row).read(row)
