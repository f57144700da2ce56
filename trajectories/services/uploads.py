"""From files to records: what an import reads, whether it comes from the command line or from a browser."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from django.conf import settings
from django.contrib.auth.models import User

from trajectories.adapters import kept_uploads
from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.adapters.uploads import Document, OpenFiles
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.problems.arc_files import ArcReader, Solutions, is_solutions, read_solutions, show
from trajectories.core.problems.documents import parse_json
from trajectories.core.problems.questions import is_questions
from trajectories.core.records import ProblemRecord
from trajectories.services.problems import ImportReport, OnFault, import_records, name_of_set
from trajectories.services.references import check_references

KEPT_SECONDS = 2 * 60 * 60.0
"""How long an upload waits for its owner to say what is in it."""


def keep_upload(*, owner: User, name: str, stream: IO[bytes]) -> KeptUpload:
    """Keep an open file of the visitor's for KEPT_SECONDS; files whose time is over are deleted on the way."""
    sweep_uploads()
    return kept_uploads.keep(_folder(), owner.pk, name, stream)


def find_upload(*, owner: User, token: str) -> KeptUpload | None:
    """A kept file; None where there is none, its time is over, or it is somebody else's."""
    return kept_uploads.find(_folder(), token, owner.pk, KEPT_SECONDS)


def drop_upload(upload: KeptUpload) -> None:
    """Delete a kept file."""
    kept_uploads.drop(_folder(), upload.token)


def sweep_uploads() -> int:
    """Delete the files whose time is over; returns how many."""
    return kept_uploads.sweep(_folder(), KEPT_SECONDS)


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "uploads"


def read_arc_documents(
    documents: Iterable[Document | ImportFault],
    *,
    solutions: Iterable[Document | ImportFault] = (),
    split: str | None = None,
) -> Iterator[ProblemRecord | ImportFault]:
    """The ARC tasks of some documents, each with its solution where a solutions file has one, and all faults.

    A file of questions is a fault: see services/questions.py.

    Solutions are read first, in whatever order the documents come, and then the tasks one document at a time.
    `solutions` are solutions files whatever their names. `split` is "train", "eval", or None to go by each file's path.
    """
    tasks: list[Document] = []
    keys: list[Document] = []
    for document in documents:
        if isinstance(document, ImportFault):
            yield document
        elif is_questions(document.name):
            yield ImportFault(document.name, "", "found questions, expected ARC tasks; send such a file by itself")
        else:
            (keys if is_solutions(document.name) else tasks).append(document)
    for document in solutions:
        if isinstance(document, ImportFault):
            yield document
        else:
            keys.append(document)
    known: Solutions = {}
    for document in keys:
        yield from _add_solutions(document, known)
    reader = ArcReader(known, split)
    for document in tasks:
        try:
            value = parse_json(document.read())
        except ProblemError as fault:
            yield ImportFault(document.name, fault.path, fault.detail)
        else:
            yield from check_references(reader.read(value, document.name), document.name)
    yield from reader.leftovers(", ".join(document.name for document in keys))


def _add_solutions(document: Document, solutions: Solutions) -> Iterator[ImportFault]:
    try:
        read = read_solutions(parse_json(document.read()))
    except ProblemError as fault:
        yield ImportFault(document.name, fault.path, fault.detail)
        return
    for task_id, grids in read.items():
        if solutions.setdefault(task_id, grids) != grids:
            yield ImportFault(document.name, show(task_id), "found another solution than an earlier file has")


def import_uploads(
    *,
    actor: User,
    files: Iterable[tuple[str, IO[bytes]]],
    set_title: str,
    split: str | None,
    on_fault: OnFault,
    max_expanded: int,
) -> ImportReport:
    """Import the ARC tasks of open files into the set of that title, or a new one with the title's slug as its name.

    At most `max_expanded` bytes are read in all, since somebody waits. Raises ValidationError for a title that makes
    no slug or is too long.
    """
    named = list(files)
    with OpenFiles(max_expanded) as opened:
        documents = [document for name, stream in named for document in opened.add_stream(stream, name)]
        return import_records(
            actor=actor,
            set_name=name_of_set(set_title),
            set_title=set_title,
            source=", ".join(name for name, _ in named),
            records=read_arc_documents(documents, split=split),
            on_fault=on_fault,
        )
