"""The rows that a model is tuned on: those of the release's exports, apart by whether they are learnt from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO

from trajectories.adapters.training.base import Report, Task, lessons_of
from trajectories.core.exporters import (
    EXPORTERS,
    Arguments,
    Exporter,
    ExportItem,
    Row,
    Thoughts,
    Ways,
    encode_line,
    write_rows,
)
from trajectories.core.exporters.conversations import question_of
from trajectories.core.identity import content_hash, text_hash
from trajectories.core.learning.lessons import RELABELLED
from trajectories.core.records import JSON, ProblemRecord

SFT, DPO, KTO, GRPO = "sft", "dpo", "kto", "grpo"
FORMATS = {SFT: "sft-prompt-completion", DPO: "preference", KTO: "unpaired", GRPO: "prompt-only"}
"""The format of an export that each method reads."""
WANTS_WRONG = (DPO, KTO)
"""The methods that learn from right and wrong traces."""

TRAIN, VALIDATION = "train", "validation"
DATA, EVALUATION = "data.jsonl", "evaluation.jsonl"
USER = "user"


@dataclass(slots=True)
class Written:
    """What came of a release's items. `held_out` are items kept for evaluation, of which there is never a row;
    `relabelled` are items that have no wrong answer to the same question. `problems` are those of the prompts, by key,
    where answers to them are verified while the training goes on."""

    rows: int = 0
    evaluation: int = 0
    held_out: int = 0
    relabelled: int = 0
    problems: dict[str, tuple[ProblemRecord, str]] = field(default_factory=dict)


def write_data(task: Task, report: Report) -> Written:
    """Write the two files into the task's folder: what is learnt from, and what the loss is measured on meanwhile.

    Rows on the side validation of the release are of the second, and beside them the share of the problems that the
    task's parameters say, all rows of a problem together. What is kept for evaluation (eval) is in neither. Where there
    are so few problems that all were drawn for the second, none of them is.
    """
    written = _write_data(task, report, share=float(task.parameters["evaluation_share"]))
    return written if written.rows or not written.evaluation else _write_data(task, report, share=0.0)


def _write_data(task: Task, report: Report, *, share: float) -> Written:
    method, written = str(task.parameters["method"]), Written()
    ways = Ways(Thoughts(str(task.parameters["thoughts"])), Arguments.OBJECTS)
    exporter = EXPORTERS[FORMATS[method]]
    items = _items(task, report, written, pairs=exporter.by_problem)
    seen = set[str]()
    with (task.folder / DATA).open("wb") as data, (task.folder / EVALUATION).open("wb") as evaluation:
        for item_group in _groups(exporter, items):
            for row in write_rows(exporter, item_group, ways):
                if method == GRPO and not _is_new(row, item_group[0], seen, written):
                    continue
                values = {**row.values, "key": _key(row)} if method == GRPO else row.values
                _write(data, evaluation, row, values, written, seed=task.seed, share=0.0 if method == GRPO else share)
    return written


def _items(task: Task, report: Report, written: Written, *, pairs: bool) -> Iterator[ExportItem]:
    for lesson in lessons_of(task, report):
        if lesson.item.split not in ("", TRAIN, VALIDATION):
            written.held_out += 1
        elif pairs and lesson.origin == RELABELLED:
            written.relabelled += 1
        else:
            yield lesson.item


def _groups(exporter: Exporter, items: Iterator[ExportItem]) -> Iterator[Sequence[ExportItem]]:
    taken = (item for item in items if exporter.takes(item))
    if exporter.by_problem:
        for _, group in groupby(taken, key=lambda item: item.problem_hash):
            yield list(group)
        return
    for item in taken:
        yield [item]


def _is_new(row: Row, item: ExportItem, seen: set[str], written: Written) -> bool:
    """Whether the prompt was not there yet: all traces of a problem share a few."""
    if (key := _key(row)) in seen:
        return False
    seen.add(key)
    written.problems[key] = _problem_of(item), item.problem_hash
    return True


def _key(row: Row) -> str:
    return content_hash(row.values["prompt"])


def _problem_of(item: ExportItem) -> ProblemRecord:
    asked = [message.get("content") for message in question_of(item) if message.get("role") == USER]
    statement = asked[-1] if asked and isinstance(asked[-1], str) else ""
    return ProblemRecord(
        kind=item.problem_kind,
        name=item.problem_name,
        statement=statement,
        spec=item.spec,
        reference=item.reference,
        split=item.split or TRAIN,
    )


def _write(  # noqa: PLR0913 (where to, what, and by which rule)
    data: IO[bytes],
    evaluation: IO[bytes],
    row: Row,
    values: Mapping[str, JSON],
    written: Written,
    *,
    seed: int,
    share: float,
) -> None:
    problem = str(row.meta.get("problem_hash") or "")
    drawn = int(text_hash(f"{seed} {problem}")[:8], 16) / 16**8
    if row.split == VALIDATION or (problem and drawn < share):
        evaluation.write(encode_line(values))
        written.evaluation += 1
    else:
        data.write(encode_line(values))
        written.rows += 1


def data_files(folder: Path) -> tuple[Path, Path]:
    """The files that `write_data` wrote."""
    return folder / DATA, folder / EVALUATION
