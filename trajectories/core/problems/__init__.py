"""Problems: how each kind is read from a file, identified and put into a prompt."""

import unicodedata
from dataclasses import dataclass

from trajectories.core.identity import content_hash, text_hash
from trajectories.core.problems.kinds import KINDS
from trajectories.core.records import ProblemRecord


class ProblemError(ValueError):
    """A value is no problem. `path` is where in the document, `detail` what was found and what was expected."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path}: {detail}" if path else detail)
        self.path = path
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ImportFault:
    """One thing that could not be imported: which file, where in it, what was found and what was expected."""

    file: str
    path: str
    detail: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.path, self.detail) if part)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A problem of an import whose question is known on the other side of the train/eval line."""

    name: str
    split: str
    known_name: str
    known_set: str
    known_split: str

    def __str__(self) -> str:
        return f"{self.name} ({self.split}) is known as {self.known_name} of {self.known_set} ({self.known_split})"


def problem_hash(record: ProblemRecord) -> str:
    """SHA-256 of kind, statement, spec and reference: the same content under another name is the same problem.

    Of the spec of a procedural problem only the family counts (Kind.identity): the same question drawn with another
    seed is no new one.
    Raises ValueError for NaN and infinities, TypeError for what JSON has no form for.
    """
    keys = KINDS[record.kind].identity
    return content_hash(
        {
            "kind": str(record.kind),
            "statement": record.statement,
            "spec": record.spec if keys is None else {key: record.spec.get(key) for key in keys},
            "reference": record.reference,
        }
    )


def statement_hash(statement: str) -> str:
    """SHA-256 of a statement in which every run of space is one space and none is around it; "" for an empty one."""
    words = " ".join(unicodedata.normalize("NFC", statement).split())
    return text_hash(words) if words else ""


def describe(value: object) -> str:
    """Name a JSON value for an error message in a few words, however large or odd it is."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        # A number of thousands of digits has no decimal form that may be asked for (sys.set_int_max_str_digits).
        return repr(value) if isinstance(value, float) or abs(value) < 10**18 else "a very large number"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    return f"an object with {len(value)} keys" if isinstance(value, dict) else f"a {type(value).__name__}"
