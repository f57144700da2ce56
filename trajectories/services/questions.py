"""From files of questions to records, and a look at how they would be read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from trajectories.adapters.uploads import Document
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.problems.arc_files import show
from trajectories.core.problems.questions import Row, choose_columns, is_questions, read_question, read_rows
from trajectories.core.records import ProblemRecord

PREVIEWED = 3


@dataclass(frozen=True, slots=True)
class QuestionPreview:
    """How a file would be read: field to column, and its first questions or faults."""

    mapping: Mapping[str, str]
    first: tuple[ProblemRecord | ImportFault, ...]


def part_questions(
    documents: Iterable[Document | ImportFault],
) -> tuple[list[Document | ImportFault], list[Document]]:
    """Everything but the files of questions, and the files of questions."""
    others: list[Document | ImportFault] = []
    questions: list[Document] = []
    for document in documents:
        if isinstance(document, Document) and is_questions(document.name):
            questions.append(document)
        else:
            others.append(document)
    return others, questions


def read_question_documents(
    documents: Iterable[Document], *, columns: Mapping[str, str], split: str | None = None
) -> Iterator[ProblemRecord | ImportFault]:
    """The questions of some .jsonl and .csv files, and all faults.

    `columns` says which column a field is read from where its name is none of the usual ones. `split` is "train",
    "eval", or None to go by each row and, where it does not say, by the file's path.
    """
    for document in documents:
        yield from _read(document, columns, split)[1]


def preview_questions(document: Document, *, columns: Mapping[str, str]) -> QuestionPreview:
    """How a file would be read, from its first questions."""
    mapping, items = _read(document, columns, None)
    return QuestionPreview(mapping, tuple(islice(items, PREVIEWED)))


def describe_question(record: ProblemRecord) -> str:
    """One line: name, kind, split, the start of the question, and the answer."""
    question = " ".join(record.statement.split())
    shown = question if len(question) <= 60 else f"{question[:59]}…"
    answer = "no answer" if record.reference is None else f"answer {str(record.reference)[:40]!r}"
    return f"{record.name} ({record.kind}, {record.split}): {shown} {answer}"


def _read(
    document: Document, columns: Mapping[str, str], split: str | None
) -> tuple[Mapping[str, str], Iterable[ProblemRecord | ImportFault]]:
    try:
        rows = list(read_rows(document.read(), document.name))
        names = dict.fromkeys(name for _, row in rows if not isinstance(row, ProblemError) for name in row)
        mapping = choose_columns(list(names), columns) if names else {}
    except ProblemError as fault:
        return {}, [ImportFault(document.name, fault.path, fault.detail)]
    if not rows:
        return {}, [ImportFault(document.name, "", "found no questions")]
    return mapping, (_read_row(row, number, document.name, mapping, split) for number, row in rows)


def _read_row(
    row: Row | ProblemError, number: int, file: str, mapping: Mapping[str, str], split: str | None
) -> ProblemRecord | ImportFault:
    try:
        if isinstance(row, ProblemError):
            raise row
        return read_question(row, mapping, f"{PurePosixPath(file).stem}-{number}", split, file)
    except ProblemError as fault:
        return ImportFault(file, f"line {number} {show(fault.path)}".rstrip(), fault.detail)
