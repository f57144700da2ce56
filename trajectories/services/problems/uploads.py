"""From files to records: what an import reads, whether it comes from the command line or from a browser."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from django.conf import settings
from django.contrib.auth.models import User

from trajectories.adapters import kept_uploads
from trajectories.adapters.acting import folder_of
from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.adapters.refused_files import OF_PROBLEMS, refused_file
from trajectories.adapters.uploads import Document, OpenFiles
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.problems.arc_files import ArcReader, Solutions, is_solutions, read_solutions, show
from trajectories.core.problems.documents import parse_json
from trajectories.core.problems.sides import TRAIN, said_side
from trajectories.core.records import JSON, ProblemRecord
from trajectories.services.problems.questions import is_question_document
from trajectories.services.problems.references import check_references

KEPT_SECONDS = 2 * 60 * 60.0
"""How long an upload waits for its owner to say what is in it, or to try again what was refused."""


def keep_upload(*, owner: User | None, name: str, stream: IO[bytes]) -> KeptUpload:
    """Keep an open file of somebody's for KEPT_SECONDS. Raises OSError where the disk does not take it."""
    return kept_uploads.keep(_folder(), 0 if owner is None else owner.pk, name, stream)


def refer_to_file(*, owner: User | None, name: str, path: Path) -> KeptUpload:
    """Keep a note of a file of this machine where it lies. Raises OSError for one that cannot be read."""
    return kept_uploads.refer(_folder(), 0 if owner is None else owner.pk, name, path)


def find_upload(*, owner: User, token: str) -> KeptUpload | None:
    """A kept file; None where there is none, its time is over, or it is somebody else's."""
    return kept_uploads.find(_folder(), token, owner.pk, KEPT_SECONDS)


def find_upload_in_use(*, token: str) -> KeptUpload | None:
    """A kept file, whoever sent it and however long ago; None where there is none."""
    return kept_uploads.find_any(_folder(), token)


def drop_uploads(tokens: Iterable[str]) -> None:
    """Delete kept files; one that is gone already is no error."""
    for token in tokens:
        kept_uploads.drop(_folder(), token)


def keep_on(tokens: Iterable[str]) -> None:
    """Let the time of kept files begin anew."""
    for token in tokens:
        kept_uploads.touch(_folder(), token)


def sweep_uploads(*, in_use: Collection[str]) -> int:
    """Delete the files whose time is over, but for those whose token is `in_use`; returns how many."""
    return kept_uploads.sweep(_folder(), KEPT_SECONDS, in_use)


def _folder() -> Path:
    return folder_of(Path(settings.VAR_DIR) / "uploads")


def read_arc_documents(
    documents: Iterable[Document | ImportFault],
    *,
    solutions: Iterable[Document | ImportFault] = (),
    split: str | None = None,
    otherwise: str = TRAIN,
    start: int = 0,
) -> Iterator[ProblemRecord | ImportFault]:
    """The ARC tasks of some documents, each with its solution where a solutions file has one, and all faults.

    The first `start` of them are passed over: they were read and checked before.

    A file of questions is a fault: see services/problems/questions.py.

    Solutions are read first, in whatever order the documents come, and then the tasks one document at a time.
    `solutions` are solutions files whatever their names. `split` is "train", "eval", or None to go by each file's path,
    and where that says nothing by `otherwise`. What re-arc has beside its tasks is passed over.
    """
    for file, item in islice(_read_arc(documents, solutions, split, otherwise), start, None):
        yield from check_references([item], file)


def names_without_side(files: Iterable[tuple[str, IO[bytes]]]) -> list[str]:
    """The names of task files, of those in zips too, that say nothing of training or evaluation.

    The files are open, and are left at their beginning.
    """
    opened = list(files)
    with OpenFiles() as reader:
        documents = [document for name, stream in opened for document in reader.add_stream(stream, name)]
    for _, stream in opened:
        stream.seek(0)
    names = [document.name for document in documents if isinstance(document, Document)]
    return [name for name in names if not is_solutions(name) and said_side(name) is None]


def _read_arc(
    documents: Iterable[Document | ImportFault],
    solutions: Iterable[Document | ImportFault],
    split: str | None,
    otherwise: str,
) -> Iterator[tuple[str, ProblemRecord | ImportFault]]:
    """Each task or fault with its file, before anything is checked against its reference answer."""
    tasks: list[Document] = []
    keys: list[Document] = []
    for document in documents:
        if isinstance(document, ImportFault):
            yield document.file, document
        elif is_question_document(document):
            fault = ImportFault(document.name, "", "found questions, expected ARC tasks; send such a file by itself")
            yield document.name, fault
        else:
            (keys if is_solutions(document.name) else tasks).append(document)
    for document in solutions:
        if isinstance(document, ImportFault):
            yield document.file, document
        else:
            keys.append(document)
    known: Solutions = {}
    for document in keys:
        yield from ((document.name, fault) for fault in _add_solutions(document, known))
    reader = ArcReader(known, split, otherwise)
    for document in tasks:
        try:
            value = _parsed(document)
        except ProblemError as fault:
            yield document.name, ImportFault(document.name, fault.path, fault.detail)
        else:
            found = reader.read(value, document.name, beside=len(tasks) > 1)
            yield from ((document.name, item) for item in found)
    files = ", ".join(document.name for document in keys)
    yield from ((files, fault) for fault in reader.leftovers(files))


def _parsed(document: Document) -> JSON:
    """What a document holds. Raises ProblemError, for a file that is none by its name too."""
    if what := refused_file(document.name, OF_PROBLEMS):
        raise ProblemError("", f"found {what}")
    return parse_json(document.read())


def _add_solutions(document: Document, solutions: Solutions) -> Iterator[ImportFault]:
    try:
        read = read_solutions(parse_json(document.read()))
    except ProblemError as fault:
        yield ImportFault(document.name, fault.path, fault.detail)
        return
    for task_id, grids in read.items():
        if solutions.setdefault(task_id, grids) != grids:
            yield ImportFault(document.name, show(task_id), "found another solution than an earlier file has")
