"""Bringing in files as jobs: traces sampled elsewhere, archives of releases, ARC tasks and questions."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO, Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest
from ninja import File, Form, Schema
from ninja.files import UploadedFile
from ninja.responses import Status
from pydantic import ConfigDict, Field

from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.api.auth import asking, require
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.import_shapes import ImportShown, show_import
from trajectories.api.multipart import refuse_size
from trajectories.api.problems import set_title_of
from trajectories.api.shapes import IdempotencyKey, OneOf, Text, Word, once
from trajectories.core.faults import Fault
from trajectories.core.importers.mapped_rows import check_places
from trajectories.core.problems import ImportFault
from trajectories.core.problems.layouts import LAYOUTS, PLAIN
from trajectories.core.problems.question_columns import COLUMNS
from trajectories.core.records import JSON
from trajectories.forms.questions import NO_SIDE
from trajectories.forms.trace_imports import LONGEST_MODEL
from trajectories.models import ApiToken, Import
from trajectories.selectors.imports import import_of_upload
from trajectories.services.imports.jobs import keep_files, plan_import
from trajectories.services.imports.previews import PreviewRow, preview_traces
from trajectories.services.problems.questions import QuestionOptions, describe_question, preview_upload
from trajectories.services.problems.uploads import drop_uploads, find_upload, names_without_side
from trajectories.services.traces.finding import ProblemMaker
from trajectories.services.traces.staging import Stated

TRACES, ARCHIVE, ARC, QUESTIONS = "traces", "archive", "arc", "questions"
KINDS = (TRACES, ARCHIVE, ARC, QUESTIONS)
MOST_FILES = 100
LONGEST_MAPPING = 10_000
NEEDS = {
    TRACES: ("trajectories.add_trace",),
    ARCHIVE: ("trajectories.add_trace", "trajectories.add_problem", "trajectories.add_release"),
    ARC: ("trajectories.add_problem",),
    QUESTIONS: ("trajectories.add_problem",),
}
"""The permissions that bringing in files of each kind takes."""

Token = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Files = Annotated[
    list[UploadedFile], File(max_length=MOST_FILES, description="The files; none where uploads name them.")
]


def _mapping(text: str, field: str) -> dict[str, str]:
    """An object of texts that stands in a field. Raises Fault."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Fault(f"{field}: Found something else, expected an object of texts, as JSON.", field=field)
    if "\0" in "".join([*found, *found.values()]):
        raise Fault(f"{field}: Found a NUL character, expected none.", field=field)
    return found


class Looked(Schema):
    """Which files, and how they are read. Texts, as fields of a form are; objects as JSON in a text."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, OneOf(KINDS), Field(description="What the files hold.")] = TRACES
    uploads: Annotated[
        list[Token],
        Field(max_length=MOST_FILES, description="Of files that were looked at, in place of sending them."),
    ] = []
    set_title: Annotated[Word, Field(max_length=80, description="Set for problems that are made.")] = ""
    split: Annotated[Literal["", "train", "eval"], Field(description="Their side where the files do not say it.")] = ""
    make_problems: Annotated[bool, Field(description="Of traces: make the problems that are not here.")] = False
    places: Annotated[
        Text, Field(max_length=LONGEST_MAPPING, description="Of traces of no known shape: paths by field, as JSON.")
    ] = ""
    model: Annotated[
        Word, Field(max_length=LONGEST_MODEL, description="Of traces: the model that sampled rows that name none.")
    ] = ""
    layout: Annotated[
        str,
        OneOf(["", PLAIN, *(layout.name for layout in LAYOUTS)]),
        Field(description="Of questions: the data set that they are read as; empty to go by their columns."),
    ] = ""
    columns: Annotated[
        Text, Field(max_length=LONGEST_MAPPING, description="Of questions: columns by field, as JSON.")
    ] = ""
    question_kind: Annotated[
        Literal["", "numeric", "choice", "text"], Field(description="Of questions: all of them are compared as this.")
    ] = ""


class NewImport(Looked):
    """Which files are imported, and how."""

    on_fault: Annotated[
        Literal["all_or_nothing", "skip"], Field(description="Whether one bad row keeps everything out.")
    ] = "all_or_nothing"
    adopt_reviews: Annotated[
        bool, Field(description="Of traces: let what people decided elsewhere decide here, as yours.")
    ] = False


class LookedRow(Schema):
    """How one row would come in. Of traces: its problem here (null for none; `is_new` where one is made), how the text
    begins, the answer that is read and what the file says of it (`says`); of questions `response` is the question in
    one line. `fault` says what keeps it out, "" for nothing."""

    row: str
    fault: str
    problem: int | None
    is_new: bool
    key: str
    model: str
    thoughts: str
    response: str
    answer: Any
    says: list[str]


class Kept(Schema):
    """A file that is kept for two hours, to be imported by its `upload`."""

    upload: str
    name: str


class Preview(Schema):
    """How the first rows of files would be read. Of traces `paths` says what stands where, and `shapes` counts rows by
    what they are; of questions `columns` are those of the file, `mapping` says which of them is what, and `notes` what
    to know before."""

    uploads: list[Kept]
    rows: list[LookedRow]
    paths: dict[str, str]
    shapes: dict[str, int]
    columns: list[str]
    mapping: dict[str, str]
    layout: str
    asks_split: bool
    notes: list[str]


@contextmanager
def _kept(request: HttpRequest, given: Looked, files: Sequence[UploadedFile]) -> Iterator[list[KeptUpload]]:
    """The files of a request, kept: those that came with it, or those that were looked at before. What came is dropped
    again where an exception says that nothing is done with it."""
    if bool(given.uploads) == bool(files):
        found = "files and uploads" if files else "nothing"
        raise Fault(f"files: Found {found}, expected files, or uploads that were looked at.", field="files")
    if files:
        kept = keep_files(owner=asking(request), files=[(file.name or "file", _open(file)) for file in files])
        try:
            yield kept
        except BaseException:
            drop_uploads(upload.token for upload in kept)
            raise
        return
    sent = [find_upload(owner=asking(request), token=token) for token in given.uploads]
    known = [upload for upload in sent if upload is not None]
    if len(known) < len(sent):
        raise Fault("uploads: Found one that is gone or another's, expected those of a look.", field="uploads")
    if any(import_of_upload(upload.token) for upload in known):
        raise ApiProblem(409, "Found an upload that is being imported already.")
    yield known


def _check(request: HttpRequest, given: Looked, files: Sequence[UploadedFile]) -> None:
    """Raise what is wrong before anything is kept: permissions, sizes, and options of another kind."""
    require(asking(request), *NEEDS[given.kind])
    if given.kind in (ARC, QUESTIONS) and sum(file.size or 0 for file in files) > settings.UPLOAD_LIMIT_BYTES:
        refuse_size(settings.UPLOAD_LIMIT_BYTES)
    theirs = {"make_problems": (TRACES,), "places": (TRACES,), "model": (TRACES,), "adopt_reviews": (TRACES,)}
    theirs |= dict.fromkeys(("layout", "columns", "question_kind"), (QUESTIONS,))
    for name, kinds in theirs.items():
        if getattr(given, name, None) and given.kind not in kinds:
            raise Fault(f"{name}: Found it for {given.kind}, expected it for {kinds[0]} only.", field=name)
    check_places(_mapping(given.places, "places"))
    if strange := sorted(_mapping(given.columns, "columns").keys() - COLUMNS.keys()):
        raise Fault(f"columns: Found {strange[0][:40]!r}, expected one of {', '.join(COLUMNS)}.", field="columns")


def _reading(given: Looked) -> QuestionOptions:
    columns = _mapping(given.columns, "columns")
    return QuestionOptions(columns=columns, layout=given.layout, split=given.split, kind=given.question_kind)


@door("POST", "/imports/look", "trajectories.view_import", scope=ApiToken.Scope.WRITE, answers=Preview)
def look_at_files(request: HttpRequest, given: Annotated[Looked, Form()], files: Files = []) -> Any:  # noqa: B006
    """Look at how the first rows of files would be read, before anything comes in. The files are kept for two hours."""
    _check(request, given, files)
    if given.kind not in (TRACES, QUESTIONS):
        raise Fault(f"kind: Found {given.kind}, expected traces or questions.", field="kind")
    with _kept(request, given, files) as uploads:
        kept = [{"upload": upload.token, "name": upload.name} for upload in uploads]
        return {"uploads": kept, **(_traces_seen if given.kind == TRACES else _questions_seen)(given, uploads)}


def _traces_seen(given: Looked, uploads: Sequence[KeptUpload]) -> dict[str, Any]:
    stated = Stated(_mapping(given.places, "places"), given.model.strip())
    maker = ProblemMaker(given.split) if given.make_problems else None
    seen = preview_traces(uploads=uploads, stated=stated, maker=maker)
    nothing: dict[str, Any] = {"columns": [], "mapping": {}, "layout": "", "asks_split": False, "notes": []}
    return {"rows": list(map(_row_seen, seen.rows)), "paths": seen.paths, "shapes": seen.shapes, **nothing}


def _row_seen(row: PreviewRow) -> dict[str, Any]:
    same = ("fault", "is_new", "key", "model", "thoughts", "response", "answer", "says")
    problem = None if row.problem is None else row.problem.pk
    return {**{name: getattr(row, name) for name in same}, "row": row.place, "problem": problem}


def _questions_seen(given: Looked, uploads: Sequence[KeptUpload]) -> dict[str, Any]:
    seen = preview_upload(_only(uploads), options=_reading(given))
    return {
        "rows": [_question_seen(item) for item in seen.first],
        "paths": {},
        "shapes": {},
        "columns": list(seen.columns),
        "mapping": dict(seen.mapping),
        "layout": seen.layout.name if seen.layout is not None else PLAIN,
        "asks_split": seen.asks_side,
        "notes": seen.notes,
    }


def _question_seen(item: Any) -> dict[str, Any]:
    if isinstance(item, ImportFault):
        return _row_seen(PreviewRow(item.path, fault=item.detail))
    return _row_seen(PreviewRow(item.name, is_new=True, response=describe_question(item), answer=item.reference))


def _only(uploads: Sequence[KeptUpload]) -> KeptUpload:
    if len(uploads) != 1:
        raise Fault(f"files: Found {len(uploads)} files, expected one file of questions.", field="files")
    return uploads[0]


@door("POST", "/imports", "trajectories.view_import", scope=ApiToken.Scope.WRITE, answers=ImportShown, status=201)
def import_files(
    request: HttpRequest,
    given: Annotated[NewImport, Form()],
    files: Files = [],  # noqa: B006
    idempotency_key: IdempotencyKey = None,
) -> Status[Any]:
    """Import files as a job: the files as parts of a form, beside how they are read. All rows come in or none, unless
    bad ones may be skipped. The job is followed under its id."""
    _check(request, given, files)
    hashes: list[JSON] = [[file.name, _hash(file)] for file in files] if idempotency_key else []
    sent = {**given.model_dump(mode="json"), "files": hashes}

    def make() -> dict[str, JSON]:
        with _kept(request, given, files) as uploads:
            return show_import(_plan(request, given, uploads), asking(request))

    return once(request, idempotency_key, sent, make)


def _open(file: UploadedFile) -> IO[bytes]:
    """What was sent, from its beginning."""
    content = file.file
    assert content is not None, file.name
    content.seek(0)
    return content


def _hash(file: UploadedFile) -> str:
    return hashlib.file_digest(_open(file), "sha256").hexdigest()  # type: ignore[arg-type]


def _plan(request: HttpRequest, given: NewImport, uploads: Sequence[KeptUpload]) -> Import:
    """Queue the import. Raises Fault for options that make none of these files."""
    job = plan_import(
        actor=asking(request),
        kind=Import.Kind(given.kind),
        source=", ".join(upload.name for upload in uploads),
        options={"on_fault": given.on_fault, **OPTIONS[given.kind](request, given, uploads)},
        uploads=uploads,
    )
    job.refresh_from_db()
    return job


def _of_traces(request: HttpRequest, given: NewImport, _: Sequence[KeptUpload]) -> dict[str, JSON]:
    if given.adopt_reviews:
        require(asking(request), "trajectories.add_review")
    options: dict[str, Any] = {
        "adopt_reviews": given.adopt_reviews,
        "places": _mapping(given.places, "places"),
        "model": given.model.strip(),
    }
    if given.make_problems:
        require(asking(request), "trajectories.add_problem")
        options |= {"make_problems": True, "set_title": set_title_of(given.set_title), "split": given.split}
    return options


def _of_archive(_: HttpRequest, given: NewImport, __: Sequence[KeptUpload]) -> dict[str, JSON]:
    if given.on_fault != "all_or_nothing":
        raise Fault("on_fault: Found skip, expected all_or_nothing: an archive is taken in whole.", field="on_fault")
    return {"adopt_reviews": False}


def _of_tasks(_: HttpRequest, given: NewImport, uploads: Sequence[KeptUpload]) -> dict[str, JSON]:
    title = set_title_of(given.set_title)
    if not given.split:
        streams = [(upload.name, upload.path.open("rb")) for upload in uploads]
        try:
            silent = names_without_side(streams)
        finally:
            for _name, stream in streams:
                stream.close()
        if silent:
            raise Fault(f"split: Found nothing in the name {silent[0][-60:]!r}, expected train or eval.", field="split")
    return {"set_title": title, "split": given.split}


def _of_questions(_: HttpRequest, given: NewImport, uploads: Sequence[KeptUpload]) -> dict[str, JSON]:
    title, reading = set_title_of(given.set_title), _reading(given)
    seen = preview_upload(_only(uploads), options=reading)
    if not seen.mapping:
        fault = next((str(item.detail) for item in seen.first if isinstance(item, ImportFault)), "found no questions")
        raise Fault(f"columns: {fault}", field="columns")
    if seen.asks_side:
        raise Fault(f"split: {NO_SIDE}", field="split")
    layout = seen.layout.name if seen.layout is not None else PLAIN
    return {"set_title": title, **asdict(reading), "layout": layout}


OPTIONS: dict[str, Callable[[HttpRequest, NewImport, Sequence[KeptUpload]], dict[str, Any]]] = {
    TRACES: _of_traces,
    ARCHIVE: _of_archive,
    ARC: _of_tasks,
    QUESTIONS: _of_questions,
}
"""What an import of each kind needs to know besides what it does with faults."""
