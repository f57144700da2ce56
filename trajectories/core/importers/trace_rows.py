"""The rows of files of traces: one to a line of JSON, or in one document, with their places and sizes."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import IO, Any, NamedTuple

from trajectories.core.importers.arc_attempts import is_results, results_row
from trajectories.core.importers.arc_submissions import is_submission, submission_rows
from trajectories.core.importers.eval_events import is_spec, joined_events
from trajectories.core.importers.inspect_samples import log_of, with_log
from trajectories.core.importers.json_streams import END, JsonStream
from trajectories.core.importers.limits import LIMITS, ImportLimits
from trajectories.core.importers.lm_eval_rows import is_logged
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import decode_text, parse_json_text
from trajectories.core.records import JSON

Row = Mapping[str, JSON]
LISTS = ("data", "rows", "samples", "records", "items", "examples", "results", "instances", "traces")
"""Keys under which an object has its list of rows."""

SAMPLES, LOG = "samples", "eval"
"""Where a log of inspect has its samples, and what it says of all of them."""

DEEPEST = 250
"""Levels of lists and objects in a sample of inspect, whose events may hold anything."""


class PlacedRow(NamedTuple):
    """A row or the fault in its stead, where it stands in its file, and how many bytes it takes as it is written.
    `inner` is the file inside of a zip that it is from, "" for none."""

    place: str
    row: Row | ProblemError
    size: int
    """The bytes of the row as it is written; 0 of a fault."""
    inner: str = ""


def read_lines(stream: IO[bytes], limits: ImportLimits = LIMITS) -> Iterator[tuple[int, Row | ProblemError]]:
    """The rows of a .jsonl file with their line numbers; one that cannot be read is a ProblemError. Constant memory.

    Of a log of OpenAI evals the samples, each at the line of its answer.
    """
    lines = ((number, row) for number, row, _ in _lines(stream, limits))
    first = next(lines, None)
    if first is not None and is_spec(first[1]) and not isinstance(first[1], ProblemError):
        yield from joined_events(lines, first[1]["spec"])
    elif first is not None:
        yield from chain([first], lines)


def placed_lines(stream: IO[bytes], limits: ImportLimits = LIMITS) -> Iterator[PlacedRow]:
    """As `read_lines`, with places for people and sizes."""
    lines = _lines(stream, limits)
    first = next(lines, None)
    if first is None:
        return
    if is_spec(first[1]) and not isinstance(first[1], ProblemError):
        rest = ((number, row) for number, row, _ in lines)
        yield from (PlacedRow(f"line {number}", row, 0) for number, row in joined_events(rest, first[1]["spec"]))
        return
    yield from (PlacedRow(f"line {number}", row, size) for number, row, size in chain([first], lines))


def _lines(stream: IO[bytes], limits: ImportLimits) -> Iterator[tuple[int, Row | ProblemError, int]]:
    number, most = 0, limits.row_bytes
    while line := stream.readline(most + 1):
        number += 1
        if len(line) > most:
            while line and not line.endswith(b"\n"):
                line = stream.readline(1024 * 1024)
            yield number, _too_long(limits, "one line"), most
            continue
        # A long line is let go of once it is text, and the text once it is a row: each is as large as the line.
        size, line = len(line), line.rstrip(b"\r\n")
        try:
            text = decode_text(line)
            line = b""
            if not text.strip():
                continue
            value = _line(text)
            text = ""
            if not isinstance(value, dict):
                raise ProblemError("", f"found {describe(value)}, expected an object")
        except ProblemError as fault:
            yield number, ProblemError(fault.path.removeprefix("line 1 "), fault.detail), size
        else:
            yield number, value, size


def _line(text: str) -> JSON:
    """The value of a line; in a log that machines write NaN, as a score that is none, is null. Raises ProblemError."""
    try:
        return parse_json_text(text)
    except ProblemError:
        if "NaN" not in text and "Infinity" not in text:
            raise
        value = parse_json_text(text, constants=True)
        if isinstance(value, dict) and (is_logged(value) or "reward" in value or "rewards" in value):
            return value
        raise


def _too_long(limits: ImportLimits, what: str) -> ProblemError:
    return ProblemError("", f"found more than {limits.row_words} in {what}, expected less")


def read_document(stream: IO[bytes], file: str, limits: ImportLimits = LIMITS) -> Iterator[PlacedRow]:
    """The rows of a .json file with their places: one object, a list of them under a key or not, the tasks of a
    submission, the samples of a log of inspect; or lines of JSON under a name that says otherwise."""
    if _has_lines(stream, limits):
        yield from placed_lines(stream, limits)
        return
    document = JsonStream(stream, limits.row_bytes)
    try:
        sign = document.peek()
        if sign == b"[":
            yield from _rows_of_list(document, file, limits)
        elif sign == b"{":
            yield from _rows_of_object(document, file, limits)
        elif sign != END:
            raise ProblemError("", f"found {sign.decode('utf-8', 'replace')!r}, expected a list or an object as JSON")
        if document.peek() != END:
            raise ProblemError("", "found more behind the end of the document, expected one JSON document")
    except ProblemError as fault:
        yield PlacedRow("", fault, 0)


def _rows_of_list(document: JsonStream, file: str, limits: ImportLimits) -> Iterator[PlacedRow]:
    """The elements of a list; or all of them as one row, where they are the attempts at one task."""
    places = enumerate(document.elements())
    first = next(places, None)
    if first is None:
        return
    row = _element(first[1], limits, "[0]")
    if not isinstance(row.row, ProblemError) and is_results([row.row]):
        rest = [_element(raw, limits, f"[{at}]") for at, raw in places]
        faults = [one for one in rest if isinstance(one.row, ProblemError)]
        if faults:
            yield from faults
            return
        yield PlacedRow("", results_row([one.row for one in (row, *rest)], file), sum(one.size for one in (row, *rest)))
        return
    yield row
    yield from (_element(raw, limits, f"[{at}]") for at, raw in places)


def _element(raw: bytes | None, limits: ImportLimits, place: str, *, lenient: bool = False) -> PlacedRow:
    """One element of a list as a row."""
    if raw is None:
        return PlacedRow(place, _too_long(limits, "one element"), limits.row_bytes)
    try:
        value = parse_json_text(decode_text(raw), depth=DEEPEST, constants=True) if lenient else _parsed(raw)
    except ProblemError as fault:
        return PlacedRow(place, fault, len(raw))
    if not isinstance(value, dict):
        return PlacedRow(place, ProblemError("", f"found {describe(value)}, expected an object"), len(raw))
    if "row_idx" in value and isinstance(value.get("row"), dict):
        return PlacedRow(place, value["row"], len(raw))  # the data sets server of Hugging Face
    return PlacedRow(place, value, len(raw))


def _parsed(raw: bytes) -> JSON:
    try:
        return parse_json_text(decode_text(raw))
    except ProblemError as fault:
        raise ProblemError(fault.path.removeprefix("line 1 "), fault.detail) from fault


def _rows_of_object(document: JsonStream, file: str, limits: ImportLimits) -> Iterator[PlacedRow]:
    """The object itself, or the rows of the list that it holds."""
    known: dict[str, Any] = {}
    size = rows = 0
    for raw_key in document.object_keys():
        key = str(_parsed(raw_key))
        if key in known:
            raise ProblemError("", f"found the key {key[:40]!r} twice in one object, expected it once")
        if key in LISTS and document.peek() == b"[":
            log = log_of(known.get(LOG), known.get("plan")) if key == SAMPLES else None
            known[key] = kept = []
            for at, raw in enumerate(document.elements()):
                if rows == 0 and raw is not None and not raw.startswith(b"{"):
                    kept.append(_parsed(raw))  # a list of anything but rows is a field of the object
                    continue
                rows += 1
                found = _element(raw, limits, f"{key}[{at}]", lenient=isinstance(log, dict))
                if isinstance(log, dict) and not isinstance(found.row, ProblemError):
                    found = found._replace(row=with_log(found.row, log))
                yield found
            continue
        raw_value = document.value()
        size += limits.row_bytes + 1 if raw_value is None else len(raw_value)
        if size > limits.row_bytes:
            raise _too_long(limits, "one object")
        known[key] = _value(raw_value or b"", key)
    if rows:
        return
    if is_submission(known):
        yield from (PlacedRow(task, row, size // len(known)) for task, row in submission_rows(known, file))
        return
    yield PlacedRow("", known, size)


def _value(raw: bytes, key: str) -> JSON:
    """The value under a key; of what a log says of all samples, also with numbers that JSON has no form for."""
    lenient = key in (LOG, "results", "plan", "stats", "reductions")
    try:
        return parse_json_text(decode_text(raw), depth=DEEPEST, constants=True) if lenient else _parsed(raw)
    except ProblemError as fault:
        raise ProblemError(f"{key[:80]} {fault.path}".strip(), fault.detail) from fault


def _has_lines(stream: IO[bytes], limits: ImportLimits) -> bool:
    """Whether the first line of a stream is a JSON value of its own and more follow; it is at its beginning after."""
    first, second = stream.readline(limits.row_bytes), stream.readline(limits.row_bytes)
    stream.seek(0)
    if not second.strip() or not first.rstrip().endswith((b"}", b"]")):
        return False
    try:
        parse_json_text(decode_text(first))
    except ProblemError:
        return False
    return True
