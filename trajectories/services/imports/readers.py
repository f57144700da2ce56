"""How the files of an import are read, kind by kind, from any item on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from types import TracebackType
from typing import IO, Any, Protocol, Self

from django.conf import settings

from trajectories.adapters.spools import Spool
from trajectories.adapters.uploads import Document, OpenFiles
from trajectories.core.problems.procedural import Draw
from trajectories.core.problems.sides import TRAIN
from trajectories.core.records import JSON
from trajectories.core.worlds.schedules import WorldPlan
from trajectories.models import Import
from trajectories.services.problems.episodes import episode_records
from trajectories.services.problems.imports import FaultTally, stage_records
from trajectories.services.problems.procedural import draw_records
from trajectories.services.problems.questions import QuestionOptions, count_rows, open_upload, read_question_documents
from trajectories.services.problems.uploads import find_upload_in_use, read_arc_documents
from trajectories.services.traces.finding import ProblemMaker
from trajectories.services.traces.staging import ReadRow, Stated, Told, TraceStage, read_rows
from trajectories.services.traces.staging_forks import ForkedStage, open_stage

_SAID = ("columns", "layout", "split", "kind", "otherwise")
"""Of an import's options, what says how its questions are to be read."""
RECORDS_AT_ONCE = 20
"""Problems are checked one by one, some in the sandbox: so many between two looks at the clock."""


class UploadGoneError(Exception):
    """A file that was to be imported is not there any more; the text names it."""


class Reader(Protocol):
    """Reads an import from its `cursor` on. `done` of `total` is how far it is, in a unit of its own."""

    @property
    def total(self) -> int:
        """How much there is to read."""
        ...

    @property
    def done(self) -> int:
        """How much of `total` has been read."""
        ...

    def take(self, spool: Spool, faults: FaultTally) -> int:
        """Read the next few items, set the good ones aside and count the faults; how many there were, 0 at the end."""
        ...

    def told(self) -> dict[str, JSON]:
        """What there is to say of the files so far besides their faults; {} of problems."""
        ...


@dataclass
class _RecordReader:
    """Problems of any kind. What is counted is items, or else, where not `by_item`, whatever adds to `done`."""

    items: Iterator[Any]
    total: int
    done: int = 0
    by_item: bool = True

    def take(self, spool: Spool, faults: FaultTally) -> int:
        batch = list(islice(self.items, RECORDS_AT_ONCE))
        stage_records(batch, spool, faults)
        if self.by_item:
            self.done += len(batch)
        return len(batch)

    def told(self) -> dict[str, JSON]:
        return {}


@dataclass
class _TraceReader:
    """Rows of traces; what is counted is the bytes of their files."""

    rows: Iterator[ReadRow]
    total: int
    stage: TraceStage | ForkedStage

    @property
    def done(self) -> int:
        return self.stage.reached

    def take(self, spool: Spool, faults: FaultTally) -> int:
        return self.stage.take_next(self.rows, spool, faults)

    def told(self) -> dict[str, JSON]:
        return self.stage.told.to_json()


class OpenReader(AbstractContextManager["OpenReader"]):
    """The reader of an import, with its files open. Raises UploadGoneError on entering."""

    def __init__(self, job: Import) -> None:
        self._job = job
        self._stack = ExitStack()
        self.reader: Reader

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._stack = stack
            self.reader = _OPENERS[Import.Kind(self._job.kind)](self._job, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def open_streams(job: Import, stack: ExitStack) -> list[tuple[str, IO[bytes]]]:
    """Name and content of each file, open. Raises UploadGoneError."""
    opened: list[tuple[str, IO[bytes]]] = []
    for file in job.files:
        upload = find_upload_in_use(token=file["token"])
        if upload is None:
            raise UploadGoneError(file["name"])
        opened.append((upload.name, stack.enter_context(upload.path.open("rb"))))
    return opened


def _open_arc(job: Import, stack: ExitStack) -> Reader:
    streams = open_streams(job, stack)
    files = stack.enter_context(OpenFiles(settings.UPLOAD_LIMIT_BYTES))
    documents = [document for name, stream in streams for document in files.add_stream(stream, name)]
    reader = _RecordReader(iter(()), len(documents), by_item=False)
    counted = [_counted(document, reader) if isinstance(document, Document) else document for document in documents]
    reader.items = read_arc_documents(counted, split=job.options["split"] or None, start=job.cursor)
    return reader


def _counted(document: Document, reader: _RecordReader) -> Document:
    """The document, which counts as done once it is read."""

    def read_and_count() -> bytes:
        reader.done += 1
        return document.read()

    return replace(document, read=read_and_count)


def _open_questions(job: Import, stack: ExitStack) -> Reader:
    [file] = job.files
    upload = find_upload_in_use(token=file["token"])
    if upload is None:
        raise UploadGoneError(file["name"])
    document = open_upload(stack.enter_context(OpenFiles()), upload)
    total = count_rows(open_upload(stack.enter_context(OpenFiles()), upload))
    # An import that was queued by an earlier version has no kind and no layout, and its silent rows are for training.
    options = QuestionOptions(**{"otherwise": TRAIN, **{key: job.options[key] for key in _SAID if key in job.options}})
    items = read_question_documents([document], options=options, start=job.cursor)
    return _RecordReader(items, total, job.cursor)


def _open_procedural(job: Import, stack: ExitStack) -> Reader:  # noqa: ARG001 (an opener: it has no file)
    draw = Draw(**job.options["draw"])
    items = draw_records(draw, split=job.options["split"], start=job.cursor)
    return _RecordReader(items, draw.size, job.cursor)


def _open_episodes(job: Import, stack: ExitStack) -> Reader:  # noqa: ARG001 (an opener: it has no file)
    plan, episodes = WorldPlan.from_json(job.options["plan"]), job.options["episodes"]
    items = episode_records(plan, episodes, split=job.options["split"], start=job.cursor)
    return _RecordReader(items, episodes, job.cursor)


def _open_traces(job: Import, stack: ExitStack) -> Reader:
    streams = open_streams(job, stack)
    total = 0
    for _, stream in streams:
        total += stream.seek(0, 2)
        stream.seek(0)
    rows = islice(read_rows(streams), job.cursor, None)
    told = Told.from_json(job.told)
    maker = ProblemMaker(job.options.get("split", "")) if job.options.get("make_problems") else None
    stated = Stated(job.options.get("places", {}), job.options.get("model", ""))
    stage = TraceStage(
        adopting=bool(job.options["adopt_reviews"]),
        maker=maker,
        stated=stated,
        told=told,
        position=lambda: sum(stream.tell() for _, stream in streams),
    )
    return _TraceReader(rows, total, open_stage(stack, stage, total))


_OPENERS: dict[Import.Kind, Callable[[Import, ExitStack], Reader]] = {
    Import.Kind.ARC: _open_arc,
    Import.Kind.QUESTIONS: _open_questions,
    Import.Kind.PROCEDURAL: _open_procedural,
    Import.Kind.TRACES: _open_traces,
    Import.Kind.EPISODES: _open_episodes,
}
