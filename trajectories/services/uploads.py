"""From files to records: what an import reads, whether it comes from the command line or from a browser."""

from collections.abc import Iterable, Iterator

from trajectories.adapters.uploads import Document
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.problems.arc_files import ArcReader, Solutions, is_solutions, read_solutions, show
from trajectories.core.problems.documents import parse_json
from trajectories.core.records import ProblemRecord


def read_arc_documents(
    documents: Iterable[Document | ImportFault],
    *,
    solutions: Iterable[Document | ImportFault] = (),
    split: str | None = None,
) -> Iterator[ProblemRecord | ImportFault]:
    """The ARC tasks of some documents, each with its solution where a solutions file has one, and all faults.

    Solutions are read first, in whatever order the documents come, and then the tasks one document at a time.
    `solutions` are solutions files whatever their names. `split` is "train", "eval", or None to go by each file's path.
    """
    tasks: list[Document] = []
    keys: list[Document] = []
    for document in documents:
        if isinstance(document, ImportFault):
            yield document
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
            yield from reader.read(value, document.name)
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
