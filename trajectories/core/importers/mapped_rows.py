"""Rows in a shape of nobody else's: a person says what is where, and they become rows of a question and its answer."""

from collections.abc import Iterable, Iterator, Mapping

from trajectories.core.faults import Fault
from trajectories.core.importers.foreign_traces import Row
from trajectories.core.problems import ProblemError
from trajectories.core.records import JSON

FIELDS: Mapping[str, str] = {
    "response": "Response of the model",
    "question": "Question",
    "problem_id": "Name of the problem",
    "problem_hash": "Hash of the problem",
    "answer": "Reference answer",
    "reasoning": "Thoughts",
    "model": "Model",
    "temperature": "Temperature",
}
"""What a row of a question and its answer may have, by the names of plain_rows.py, with titles for people."""

NAMING = ("question", "problem_id", "problem_hash")
"""Of these at least one names the problem."""

MOST_DEPTH = 4
MOST_PATHS = 200
SAMPLE_CHARACTERS = 80


def check_places(places: Mapping[str, str]) -> None:
    """Raise Fault, with the name that is meant, unless the places say what a row needs, or nothing at all."""
    for name, path in places.items():
        if name not in FIELDS:
            raise Fault(f"Found {name[:40]!r}, expected one of {', '.join(FIELDS)}.", field="")
        if not path:
            raise Fault("Found no path, expected one such as output.text.", field=name)
    if places and "response" not in places:
        raise Fault("Found nothing, expected where the response of the model stands.", field="response")
    if places and not any(name in places for name in NAMING):
        raise Fault("Found nothing, expected where the question stands, or what names the problem.", field="question")


def map_row(row: Row, places: Mapping[str, str]) -> Row:
    """The row of a question and its answer that a row is; `places` are paths with dots by the names of FIELDS. What a
    row lacks is left out. Raises ProblemError for a row without its response."""
    found = {name: value for name, path in places.items() if (value := value_at(row, path)) is not None}
    if "response" not in found:
        raise ProblemError(places.get("response", "response"), "found nothing there, expected the model's response")
    return found


def value_at(row: JSON | Row, path: str) -> JSON:
    """What stands at a path, numbers of which count in lists; None where nothing does."""
    value: JSON = row
    for part in _parts(value, path):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _parts(row: JSON, path: str) -> list[str]:
    """The keys of a path; a key that has dots in it stands for itself at the top."""
    return [path] if isinstance(row, Mapping) and path in row else path.split(".")


def paths_of(rows: Iterable[Row]) -> dict[str, str]:
    """Every path at which a text or a number stands in some rows, each with how the first one begins."""
    found: dict[str, str] = {}
    for row in rows:
        for path, sample in _walk(row, "", 0):
            if len(found) >= MOST_PATHS:
                return found
            found.setdefault(path, sample)
    return found


def _walk(value: JSON | Row, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and depth < MOST_DEPTH:
        for name, part in value.items():
            yield from _walk(part, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list) and value and depth < MOST_DEPTH:
        yield from _walk(value[0], f"{path}.0", depth + 1)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and path:
        yield path, " ".join(str(value)[: 2 * SAMPLE_CHARACTERS].split())[:SAMPLE_CHARACTERS]
