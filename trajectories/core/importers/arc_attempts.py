"""Results of arc-agi-benchmarking: a file for each task, a list of what was attempted at each of its test inputs.

[{"attempt_1": {"answer": grid, "correct": true, "metadata": {"model", "choices", "usage", "cost", "task_id",
"pair_index"}}, "attempt_2": ... or null}, ...]: a trace for each attempt at the task, with answers to all its test
inputs; there may be more than two attempts.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath
from typing import Any

from trajectories.core.completions.messages import read_message, said_in, thoughts_of
from trajectories.core.completions.parts import GAP
from trajectories.core.completions.usage import read_usage
from trajectories.core.importers.arc_submissions import attempt_text, read_grid
from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.row_fields import read_key, temperature_of, text_at
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, FinishReason, Usage

MARK = "arc_attempts"
"""The key of a row that holds the attempts at one task: a list with one object per test input."""

ATTEMPTS = ("attempt_1", "attempt_2")
ATTEMPT = re.compile(r"attempt_\d{1,4}")
MOST_PAIRS = 100


def is_results(value: JSON) -> bool:
    """Whether a document is the file of one task: a list of objects with attempts."""
    return isinstance(value, list) and any(
        isinstance(pair, Mapping) and any(name in pair for name in ATTEMPTS) for pair in value
    )


def results_row(value: JSON, file: str) -> dict[str, JSON]:
    """The row of such a document; the task is named by its metadata, else by the file."""
    told = (_meta(pair.get(name)).get("task_id") for pair in value if isinstance(pair, Mapping) for name in ATTEMPTS)
    task = next((task for task in told if isinstance(task, str) and task), "")
    return {"problem_id": task or PurePosixPath(file.replace("\\", "/")).stem, MARK: value}


def is_attempted(row: Row) -> bool:
    """Whether a row is the attempts at one task."""
    return MARK in row


def read_attempted(row: Row) -> list[ForeignTrace]:
    """A trace for each attempt that was made. Raises ProblemError."""
    pairs = row[MARK]
    if not isinstance(pairs, list) or not pairs or len(pairs) > MOST_PAIRS:
        raise ProblemError("", f"found {describe(pairs)}, expected a list with one object per test input")
    for index, pair in enumerate(pairs):
        if not isinstance(pair, Mapping):
            raise ProblemError(
                f"[{index}]", f"found {describe(pair)}, expected an object with {' and '.join(ATTEMPTS)}"
            )
    names = dict.fromkeys((*ATTEMPTS, *sorted(name for pair in pairs for name in pair if ATTEMPT.fullmatch(str(name)))))
    tried = [(int(name.partition("_")[2]), _placed(pairs, name)) for name in names]
    made = [_trace(row, number, found) for number, found in tried if any(found)]
    if not made:
        raise ProblemError("", "found no attempt at any test input, expected one")
    return made


def _placed(pairs: Sequence[Row], name: str) -> list[Row | None]:
    """One attempt at each test input, by the place that its metadata states; else by its own. Raises ProblemError."""
    placed: list[Row | None] = [None] * _count(pairs)
    for index, pair in enumerate(pairs):
        attempt = pair.get(name)
        if attempt is None:
            continue
        if isinstance(attempt, list | str):  # a grid and no more, as in older files
            attempt = {"answer": attempt}
        if not isinstance(attempt, Mapping):
            raise ProblemError(f"[{index}].{name}", f"found {describe(attempt)}, expected an object with an answer")
        at = _meta(attempt).get("pair_index", index)
        if type(at) is not int or not 0 <= at < len(placed) or placed[at] is not None:
            found = describe(at) if type(at) is not int or not 0 <= at < len(placed) else f"{at} twice"
            where = f"[{index}].{name}.metadata.pair_index"
            raise ProblemError(where, f"found {found}, expected each from 0 to {len(placed) - 1} once")
        placed[at] = attempt
    return placed


def _count(pairs: Sequence[Row]) -> int:
    """How many test inputs there are: a file may lack those at which nothing was attempted, and so the first."""
    stated = [
        _meta(pair.get(name)).get("pair_index") for pair in pairs for name in pair if ATTEMPT.fullmatch(str(name))
    ]
    return max([len(pairs), *(at + 1 for at in stated if type(at) is int and at < MOST_PAIRS)])


def _trace(row: Row, number: int, attempts: Sequence[Row | None]) -> ForeignTrace:
    grids = [None if attempt is None else read_grid(attempt.get("answer")) for attempt in attempts]
    told = [_message(attempt) for attempt in attempts if attempt is not None]
    thoughts = GAP.join(thought for thought, _ in told if thought)
    # Where the file does not keep the model's words, the grids are all there is.
    words = GAP.join(said for _, said in told if said) or attempt_text(grids)
    metas = [_meta(attempt) for attempt in attempts if attempt is not None]
    checked = [attempt.get("correct") for attempt in attempts if attempt is not None]
    known = [value for value in checked if isinstance(value, bool)]
    score = sum(known) / len(attempts) if known else None
    by = "arc-agi-benchmarking correct"
    return ForeignTrace(
        problem=read_key(row, ""),
        messages=(),
        response=check_text(words, f"attempt_{number}"),
        thinking=check_text(thoughts, f"attempt_{number}"),
        model=next((text_at(meta, "model") for meta in metas if meta.get("model")), text_at(row, "model")),
        temperature=next((temperature_of(kwargs) for kwargs in map(_kwargs, metas) if kwargs.get("temperature")), 0.0),
        finish_reason=FinishReason.STOP if words.strip() else FinishReason.EMPTY,
        usage=sum((_usage(meta) for meta in metas), Usage()),
        cost=_cost(metas),
        answer=grids,
        facts={"attempt": number},
        verdicts=tuple(read_score(by, score, {"correct": checked})) if score is not None else (),
        adds_verdicts=True,
    )


def _meta(attempt: Any) -> Mapping[str, Any]:
    found = attempt.get("metadata") if isinstance(attempt, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _kwargs(meta: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings that an attempt was sampled with."""
    found = meta.get("kwargs")
    return found if isinstance(found, Mapping) else {}


def _message(attempt: Row) -> tuple[str, str]:
    """Thoughts and words of the call that an attempt was."""
    meta = _meta(attempt)
    choices = meta.get("choices")
    last = choices[-1] if isinstance(choices, list) and choices and isinstance(choices[-1], Mapping) else {}
    message = last.get("message")
    pieces = read_message(message) if isinstance(message, Mapping) else ()
    summary = meta.get("reasoning_summary")
    return thoughts_of(pieces) or (summary if isinstance(summary, str) else ""), said_in(pieces)


def _usage(meta: Mapping[str, Any]) -> Usage:
    counted = read_usage(meta.get("usage"))
    return counted.usage if counted else Usage()


def _cost(metas: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """What all calls of an attempt cost together; None where one does not say."""
    costs = [_money(meta.get("cost")) for meta in metas]
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(costs) else None


def _money(value: Any) -> Decimal | None:
    total = value.get("total_cost") if isinstance(value, Mapping) else value
    if type(total) not in (int, float, str):
        return None
    try:
        found = Decimal(str(total))
    except InvalidOperation:
        return None
    return found.quantize(Decimal("0.00000001")) if found.is_finite() and 0 <= found < 10**7 else None
