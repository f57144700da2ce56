"""The rows of files of traces: one to a line of JSON, or in one document, with their places."""

from collections.abc import Iterator, Mapping
from typing import IO

from trajectories.core.importers.arc_submissions import is_submission, submission_rows
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import MAX_BYTES, decode_text, parse_json, parse_json_text
from trajectories.core.records import JSON

MAX_LINE = 8 * 1024 * 1024
Row = Mapping[str, JSON]


def read_lines(stream: IO[bytes]) -> Iterator[tuple[int, Row | ProblemError]]:
    """The rows of a .jsonl file with their line numbers; one that cannot be read is a ProblemError. Constant memory."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE)
            yield number, ProblemError("", f"found more than {MAX_LINE >> 20} MB in one line, expected less")
            continue
        try:
            text = decode_text(line).rstrip("\r\n")
            if not text.strip():
                continue
            value = parse_json_text(text)
            if not isinstance(value, dict):
                raise ProblemError("", f"found {describe(value)}, expected an object")
        except ProblemError as fault:
            yield number, ProblemError(fault.path.removeprefix("line 1 "), fault.detail)
        else:
            yield number, value


def read_document(stream: IO[bytes], file: str) -> Iterator[tuple[str, Row | ProblemError]]:
    """The rows of a .json file with their places: one object, a list of them, or the tasks of a submission; or lines of
    JSON under a name that says otherwise, which are read as such."""
    if _has_lines(stream):
        yield from ((f"line {number}", row) for number, row in read_lines(stream))
        return
    try:
        value = parse_json(stream.read(MAX_BYTES + 1))
    except ProblemError as fault:
        yield "", fault
        return
    if is_submission(value):
        yield from submission_rows(value, file)
        return
    for place, row in (
        ((f"[{index}]", row) for index, row in enumerate(value)) if isinstance(value, list) else [("", value)]
    ):
        is_row = isinstance(row, dict)
        yield place, row if is_row else ProblemError("", f"found {describe(row)}, expected an object")


def _has_lines(stream: IO[bytes]) -> bool:
    """Whether the first line of a stream is a JSON value of its own and more follow; it is at its beginning after."""
    first, second = stream.readline(MAX_LINE), stream.readline(MAX_LINE)
    stream.seek(0)
    try:
        parse_json_text(decode_text(first))
    except ProblemError:
        return False
    return bool(second.strip())
