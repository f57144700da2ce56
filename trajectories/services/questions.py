"""From files of questions to records, and a look at how they would be read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import PurePosixPath

from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.adapters.uploads import Document, OpenFiles
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.problems.arc_files import show
from trajectories.core.problems.questions import Row, choose_columns, is_questions, read_question, read_rows
from trajectories.core.problems.sides import TRAIN, said_side
from trajectories.core.records import ProblemRecord
from trajectories.services.references import reference_fault

PREVIEWED = 3
SHOWN = 8
LOOKED_AT = 200
"""Rows that a preview reads."""


@dataclass(frozen=True, slots=True)
class QuestionPreview:
    """How a file would be read: its columns, field to column, and its first questions or faults.

    `side_by` is what says on which side the questions are: "choice", "column", "name", or "" where nothing does. `side`
    is that of a row that says nothing itself.
    """

    mapping: Mapping[str, str]
    first: tuple[ProblemRecord | ImportFault, ...]
    columns: tuple[str, ...] = ()
    side_by: str = ""
    side: str = TRAIN


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
    documents: Iterable[Document], *, columns: Mapping[str, str], split: str | None = None, start: int = 0
) -> Iterator[ProblemRecord | ImportFault]:
    """The questions of some .jsonl and .csv files, and all faults.

    The first `start` of them are passed over: they were read and checked before. `columns` says which column a field is
    read from where its name is none of the usual ones. `split` is "train", "eval", or None to go by each row and, where
    it does not say, by the file's path.
    """
    reads = chain.from_iterable(_read(document, columns, split).reads for document in documents)
    for read in islice(reads, start, None):
        yield read()


def count_rows(document: Document) -> int:
    """How many rows a file of questions has, as far as it can be read."""
    try:
        return sum(1 for _ in read_rows(document.read(), document.name))
    except ProblemError:
        return 0


def preview_questions(
    document: Document, *, columns: Mapping[str, str], split: str | None = None, count: int = PREVIEWED
) -> QuestionPreview:
    """How a file would be read, from its first rows: `count` questions or faults of them."""
    read = _read(document, columns, split, LOOKED_AT)
    said = said_side(document.name)
    return QuestionPreview(
        mapping=read.mapping,
        first=tuple(each() for each in islice(read.reads, count)),
        columns=read.columns,
        side_by="choice" if split else "column" if "split" in read.mapping else "name" if said else "",
        side=split or said or TRAIN,
    )


def preview_upload(upload: KeptUpload, *, columns: Mapping[str, str], split: str | None = None) -> QuestionPreview:
    """How a kept file would be read, from its first SHOWN rows."""
    with OpenFiles() as opened:
        return preview_questions(open_upload(opened, upload), columns=columns, split=split, count=SHOWN)


def describe_question(record: ProblemRecord) -> str:
    """One line: name, kind, split, the start of the question, and the answer."""
    question = " ".join(record.statement.split())
    shown = question if len(question) <= 60 else f"{question[:59]}…"
    answer = "no answer" if record.reference is None else f"answer {str(record.reference)[:40]!r}"
    return f"{record.name} ({record.kind}, {record.split}): {shown} {answer}"


def open_upload(files: OpenFiles, upload: KeptUpload) -> Document:
    """A kept file as a document under the name its owner gave it."""
    kept = files.add_file(upload.path)
    return Document(upload.name, kept.read)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a file is read: `reads` reads and checks one row each, once it is called."""

    columns: tuple[str, ...]
    mapping: Mapping[str, str]
    reads: Iterable[Callable[[], ProblemRecord | ImportFault]]


def _read(document: Document, chosen: Mapping[str, str], split: str | None, most: int | None = None) -> _Reading:
    """All rows of a file, or `most` of them, and which column is what."""
    columns: tuple[str, ...] = ()
    try:
        data = document.read()
        rows, columns = _look_through(read_rows(data, document.name), most)
        mapping = choose_columns(columns, chosen) if columns else {}
    except ProblemError as fault:
        return _Reading(columns, {}, [partial(ImportFault, document.name, fault.path, fault.detail)])
    if not rows:
        return _Reading(columns, {}, [partial(ImportFault, document.name, "", "found no questions")])
    again = islice(read_rows(data, document.name), most)
    reads = (partial(_read_row, row, number, document.name, mapping, split) for number, row in again)
    return _Reading(columns, mapping, reads)


def _look_through(rows: Iterator[tuple[int, Row | ProblemError]], most: int | None) -> tuple[int, tuple[str, ...]]:
    """How many rows there are, `most` at the most, and the columns of all of them; none of them is kept."""
    count, columns = 0, dict[str, None]()
    for _, row in islice(rows, most):
        count += 1
        if not isinstance(row, ProblemError):
            columns.update(dict.fromkeys(row))
    return count, tuple(columns)


def _read_row(
    row: Row | ProblemError, number: int, file: str, mapping: Mapping[str, str], split: str | None
) -> ProblemRecord | ImportFault:
    try:
        if isinstance(row, ProblemError):
            raise row
        if not mapping:
            raise ProblemError("", "found an object without any key, expected a question")
        record = read_question(row, mapping, f"{PurePosixPath(file).stem}-{number}", split, file)
        if reason := reference_fault(record):
            raise ProblemError(mapping.get("tests" if "tests" in record.spec else "answer", ""), reason)
        return record
    except ProblemError as fault:
        return ImportFault(file, f"line {number} {show(fault.path)}".rstrip(), fault.detail)
