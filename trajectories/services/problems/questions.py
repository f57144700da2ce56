"""From files of questions to records, and a look at how they would be read."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice
from pathlib import PurePosixPath

from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.adapters.uploads import Document, OpenFiles
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.problems.arc_files import show
from trajectories.core.problems.layout_rows import Layout
from trajectories.core.problems.layouts import LOOKED_AT, describe_rows, find_layout, get_layout
from trajectories.core.problems.question_columns import choose_columns, columns_of_row, find_columns
from trajectories.core.problems.question_commas import CommaTally
from trajectories.core.problems.question_files import Row, holds_questions, plain_name, read_rows, row_word
from trajectories.core.problems.question_tally import QuestionTally
from trajectories.core.problems.question_values import is_nothing
from trajectories.core.problems.questions import Told, read_question
from trajectories.core.problems.sides import TRAIN, said_side
from trajectories.core.records import ProblemRecord
from trajectories.services.problems.references import reference_fault

PREVIEWED = 3
SHOWN = 8
COUNTED = 1_000
"""Rows that a preview counts."""


@dataclass(frozen=True, slots=True)
class QuestionOptions:
    """How the files of an import are to be read; what is empty is found out for each file.

    `columns` says which column a field is read from where its name is none of the usual ones, or "" for none. `layout`
    is the name of a Layout, or PLAIN. `split`, `kind` and `otherwise` are as in core.problems.questions.Told.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    layout: str = ""
    split: str = ""
    kind: str = ""
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class QuestionPreview:
    """How a file would be read: its columns, field to column, and its first questions or faults.

    `side_by` is what says on which side the questions are: "choice", "column", "name", or "" where nothing does, for
    one row at least. `side` is that of a row that says nothing itself, "" where it has to be chosen. `layout` is how
    the file is read, `suggested_layout` what it looks like. `tally` counts its first rows, all of them where `whole`.
    """

    mapping: Mapping[str, str]
    first: tuple[ProblemRecord | ImportFault, ...]
    columns: tuple[str, ...] = ()
    side_by: str = ""
    side: str = ""
    layout: Layout | None = None
    suggested_layout: Layout | None = None
    tally: QuestionTally = field(default_factory=QuestionTally)
    whole: bool = True

    @property
    def notes(self) -> list[str]:
        """What to know before the import, a sentence each."""
        return self.tally.notes(whole=self.whole)

    @property
    def other_faults(self) -> list[ImportFault]:
        """Faults of later rows than the first ones."""
        return [fault for fault in self.tally.first_faults if fault not in self.first]

    @property
    def asks_side(self) -> bool:
        """Whether somebody has to say on which side the questions are."""
        return bool(self.mapping) and not self.side_by


def part_questions(
    documents: Iterable[Document | ImportFault],
) -> tuple[list[Document | ImportFault], list[Document]]:
    """Everything but the files of questions, and the files of questions."""
    others: list[Document | ImportFault] = []
    questions: list[Document] = []
    for document in documents:
        if isinstance(document, Document) and is_question_document(document):
            questions.append(document)
        else:
            others.append(document)
    return others, questions


def is_question_document(document: Document) -> bool:
    """Whether a file holds questions, by its name and how it begins. One that cannot be read does not."""
    try:
        return holds_questions(document.name, document.head())
    except ProblemError:
        return False


def read_question_documents(
    documents: Iterable[Document],
    *,
    options: QuestionOptions,
    start: int = 0,
    tallies: Mapping[str, QuestionTally] | None = None,
) -> Iterator[ProblemRecord | ImportFault]:
    """The questions of some files, and all faults.

    The first `start` of them are passed over: they were read and checked before. Where there is a tally under a file's
    name, its questions are counted there.
    """
    reads = chain.from_iterable(_counted(document, options, tallies or {}) for document in documents)
    for read in islice(reads, start, None):
        yield read()


def _counted(
    document: Document, options: QuestionOptions, tallies: Mapping[str, QuestionTally]
) -> Iterator[Callable[[], ProblemRecord | ImportFault]]:
    """A call for each row of a document, which reads, checks and counts it."""
    reading = _read(document, options)
    tally = tallies.get(document.name)
    for number, row in reading.rows:
        yield partial(_checked, reading, row, number, tally)


def count_rows(document: Document) -> int:
    """How many rows a file of questions has, as far as it can be read."""
    try:
        return sum(1 for _ in read_rows(document.read(), document.name))
    except ProblemError:
        return 0


def look_at_upload(upload: KeptUpload, *, layout: str) -> QuestionPreview:
    """What a kept file looks like where it is read as that layout: its columns and what they are, but no rows."""
    with OpenFiles() as opened:
        reading = _read(open_upload(opened, upload), QuestionOptions(layout=layout), COUNTED)
    mapping = find_columns(dict.fromkeys(reading.columns), {}, reading.layout)
    return QuestionPreview(mapping, (), reading.columns, layout=reading.layout, suggested_layout=reading.suggested)


def preview_questions(document: Document, *, options: QuestionOptions, count: int = PREVIEWED) -> QuestionPreview:
    """How a file would be read, from its first rows: `count` questions or faults of them, and counts of COUNTED."""
    reading = _read(document, options, COUNTED + 1)
    rows = list(reading.rows)
    # What is looked at is not kept: a row that nothing says the side of is no fault yet.
    looking = replace(reading, options=replace(options, otherwise=options.otherwise or TRAIN))
    tally = QuestionTally()
    first = tuple(_checked(looking, row, number, None) for number, row in rows[:count])
    tally.count(first)
    for number, row in rows[count:COUNTED]:
        tally.add(_item(looking, row, number, lambda _: ""))
    tally.no_side = sum(_says_no_side(reading, row) for _, row in rows[:COUNTED])
    said = said_side(document.name)
    by = "choice" if options.split else "name" if said else ""
    if not options.split and "split" in reading.mapping and (said or not tally.no_side):
        by = "column"
    return QuestionPreview(
        mapping=reading.mapping,
        first=first,
        columns=reading.columns,
        side_by=by,
        side=options.split or said or "",
        layout=reading.layout,
        suggested_layout=reading.suggested,
        tally=tally,
        whole=len(rows) <= COUNTED,
    )


def preview_upload(upload: KeptUpload, *, options: QuestionOptions) -> QuestionPreview:
    """How a kept file would be read, from its first SHOWN rows."""
    with OpenFiles() as opened:
        return preview_questions(open_upload(opened, upload), options=options, count=SHOWN)


def describe_question(record: ProblemRecord) -> str:
    """One line: name, kind, split, the start of the question, and the answer."""
    question = " ".join(record.statement.split())
    shown = question if len(question) <= 60 else f"{question[:59]}…"
    answer = "no answer" if record.reference is None else f"answer {str(record.reference)[:40]!r}"
    return f"{record.name} ({record.kind}, {record.split}): {shown} {answer}"


def open_upload(files: OpenFiles, upload: KeptUpload) -> Document:
    """A kept file as a document under the name its owner gave it."""
    return replace(files.add_file(upload.path), name=upload.name)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a file is read. `rows` are plain, each with its number, and read once; a fault of the whole file is the only
    row.
    """

    file: str
    options: QuestionOptions
    rows: Iterable[tuple[int, Row | ProblemError]]
    columns: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    layout: Layout | None = None
    suggested: Layout | None = None
    commas: CommaTally = field(default_factory=CommaTally)

    def read(self, row: Row, number: int) -> tuple[ProblemRecord, Mapping[str, str]]:
        """One row as a problem, and which column was what. Raises ProblemError."""
        options = self.options
        mapping = columns_of_row(row, options.columns, self.layout)
        kind = options.kind or (self.layout.kind if self.layout is not None else "")
        name = f"{PurePosixPath(plain_name(self.file)).stem}-{number}"
        row = self.commas.settle(row, mapping, kind)
        return read_question(row, mapping, name, Told(options.split, kind, options.otherwise), self.file), mapping


def _read(document: Document, options: QuestionOptions, most: int | None = None) -> _Reading:
    """All rows of a file, or `most` of them, and how they are read."""
    nothing = _Reading(document.name, options, ())
    try:
        data = document.read()
        known, found = _first_rows(data, document.name)
        if not found:
            raise ProblemError("", "found no questions")
        suggested = find_layout(known)
        layout = get_layout(options.layout) if options.layout else suggested
        commas = CommaTally()
        columns = _columns_of(islice(read_rows(data, document.name), most), layout, commas)
        again = islice(read_rows(data, document.name), most)
    except ProblemError as fault:
        return replace(nothing, rows=[(0, fault)])
    plain = ((number, _plain(row, layout)) for number, row in again)
    reading = _Reading(document.name, options, plain, columns, {}, layout, suggested, commas)
    try:
        return replace(reading, mapping=_choose(columns, options, layout, known) if columns else {})
    except ProblemError as fault:
        return replace(reading, rows=[(0, fault)])


def _first_rows(data: bytes, file: str) -> tuple[list[Row], bool]:
    """The rows among the first LOOKED_AT that can be read, and whether there is any row at all."""
    rows = [row for _, row in islice(read_rows(data, file), LOOKED_AT)]
    return [row for row in rows if not isinstance(row, ProblemError)], bool(rows)


def _columns_of(
    rows: Iterable[tuple[int, Row | ProblemError]], layout: Layout | None, commas: CommaTally
) -> tuple[str, ...]:
    """The columns of all rows, of which none is kept; `commas` takes in what they say of commas.

    A row that is no row of this layout still has columns: somebody may choose another layout for them.
    """
    columns = dict[str, None]()
    for _, row in rows:
        made = _plain(row, layout)
        named = row if isinstance(made, ProblemError) else made
        if not isinstance(named, ProblemError):
            columns.update(dict.fromkeys(named))
            commas.look(named)
    return tuple(columns)


def _choose(
    columns: Sequence[str], options: QuestionOptions, layout: Layout | None, known: Sequence[Row]
) -> dict[str, str]:
    """The columns of a file. Raises ProblemError, which names what the file is where that is known."""
    try:
        return choose_columns(columns, options.columns, layout)
    except ProblemError as fault:
        if not options.columns and known and (shape := describe_rows(known[0])):
            raise ProblemError("", shape) from fault
        raise


def _plain(row: Row | ProblemError, layout: Layout | None) -> Row | ProblemError:
    if layout is None or isinstance(row, ProblemError):
        return row
    try:
        return layout.plain(row)
    except ProblemError as fault:
        return fault


def _says_no_side(reading: _Reading, row: Row | ProblemError) -> bool:
    """Whether a row names no side; a row that cannot be read counts as naming one."""
    if isinstance(row, ProblemError) or reading.options.split or said_side(reading.file):
        return False
    column = reading.mapping.get("split", "")
    return is_nothing(row.get(column))


def _checked(
    reading: _Reading, row: Row | ProblemError, number: int, tally: QuestionTally | None
) -> ProblemRecord | ImportFault:
    """One row as a problem whose reference answer passes its own verifier."""
    item = _item(reading, row, number, reference_fault)
    if tally is not None:
        tally.add(item)
        tally.no_side += isinstance(item, ProblemRecord) and _says_no_side(reading, row)
    return item


def _item(
    reading: _Reading, row: Row | ProblemError, number: int, check: Callable[[ProblemRecord], str]
) -> ProblemRecord | ImportFault:
    try:
        if isinstance(row, ProblemError):
            raise row
        if not row:
            raise ProblemError("", "found an object without any key, expected a question")
        record, mapping = reading.read(row, number)
        if reason := check(record):
            raise ProblemError(mapping.get("tests" if "tests" in record.spec else "answer", ""), reason)
        return record
    except ProblemError as fault:
        place = f"{row_word(reading.file)} {number} {show(fault.path)}".rstrip() if number else fault.path
        return ImportFault(reading.file, place, fault.detail)
