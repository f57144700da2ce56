"""What an exporter is: items of a release in, rows of one trainer's format out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NamedTuple, Protocol

from trajectories.core.completions.thoughts import Part
from trajectories.core.exporters.arguments import DEFAULT_ARGUMENTS, Arguments, with_objects
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, Thoughts
from trajectories.core.records import JSON, ProblemKind


@dataclass(frozen=True, slots=True)
class ExportItem:
    """One trace of a release with everything a format may need.

    `prompt` holds the chat messages as they were sent; `reference` is the problem's reference answer and belongs in no
    prompt. `meta` is frozen with the release; its keys are in the order they are written in.
    """

    prompt: tuple[Mapping[str, JSON], ...]
    reasoning: str
    program: str
    answer: JSON
    steps: tuple[Mapping[str, JSON], ...]
    problem_name: str
    problem_kind: ProblemKind
    spec: Mapping[str, JSON]
    reference: JSON
    parts: tuple[Part, ...] | None = None
    """The parts of the reasoning; None for a text without thoughts."""
    cut_short: bool = False
    """Whether a limit ended an agent's turns before its last answer: the reasoning then repeats its turns."""
    found: Mapping[str, JSON] | None = None
    """Where in the reasoning the answer was found, by which rule; None where the sampler states it."""
    reference_source: str = ""
    """What the reference answer rests on (models.Problem.ReferenceSource); empty for the problem's own source."""
    hinted: bool = False
    """Whether the model was given the answer."""
    origin: str = ""
    """"human edit" for a trace that a person wrote by editing another; empty for one that was sampled."""
    meta: Mapping[str, JSON] = field(default_factory=dict)
    archive: Mapping[str, JSON] = field(default_factory=dict)
    """What only an archive tells (selectors.archives): {"problem": {...}, "trace": {...}, "item": {...}}."""
    original: "ExportItem | None" = None
    """The trace that a person edited into this one, where what was known of both says that this one is better."""
    problem_hash: str = ""
    """The hash of the problem's content: items of one problem follow one another in a release."""
    split: str = ""
    """The side it is frozen on: train, validation or eval."""
    label: bool | None = None
    """Whether it is right, as far as people and verifiers had said when it was frozen; None where they had not."""
    trace_hash: str = ""
    """The content hash of the trace, as its release has it."""
    compared: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """How often people preferred it to another trace of the problem, and the other one to it, by the other one's hash;
    none where both are as often."""
    prompt_key: str = ""
    """The hash of the prompt, where it is short enough to be worth remembering what is made of it."""
    canonical: tuple[Mapping[str, JSON], ...] = ()
    """The problem's canonical prompt, where a format may put it in the place of the prompt that was sent, or where that
    asks nothing: traces from elsewhere may come without what they were asked."""
    assessments: Mapping[str, JSON] = field(default_factory=dict)
    """Verdicts with their evidence and reviews with their step labels: {"verdicts": [...], "reviews": [...]}."""


class Reads(Enum):
    """How much of a trace a format needs, the more the longer it takes to read."""

    TEXTS = "its texts, and of its problem the name and the reference answer"
    ASSESSMENTS = "what verifiers and people said besides, and the trace that a person edited into it"
    EVERYTHING = "steps, answers, specifications and the evidence of verdicts besides"


class Container(StrEnum):
    """What rows are put into."""

    JSONL = "jsonl"
    JSONL_GZ = "jsonl.gz"
    PARQUET = "parquet"
    FOLDER = "folder"
    JSON = "json"


LINES: tuple[Container, ...] = (Container.JSONL, Container.JSONL_GZ)
TABLES: tuple[Container, ...] = (Container.PARQUET, Container.FOLDER)

CONTAINER_WORDS: Mapping[Container, str] = {
    Container.PARQUET: "Parquet (typed columns; recommended)",
    Container.FOLDER: "Hugging Face folder (Parquet by split, with card and manifest; zip)",
    Container.JSONL: "JSON Lines",
    Container.JSONL_GZ: "JSON Lines, gzip",
    Container.JSON: "JSON",
}
"""What each container is, for people who choose."""

SUFFIXES: Mapping[Container, str] = {
    Container.JSONL: "jsonl",
    Container.JSONL_GZ: "jsonl.gz",
    Container.PARQUET: "parquet",
    Container.FOLDER: "zip",
    Container.JSON: "json",
}


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which pairs a preference format makes. `longest` bounds the longer answer by so many times the shorter one, in
    characters with thoughts; None for no bound. `most` is the most pairs of a problem. With `rewrite` two traces that
    were asked differently make a pair too, both under the problem's canonical prompt.
    """

    longest: float | None = None
    most: int = 8
    rewrite: bool = False


@dataclass(frozen=True, slots=True)
class Ways:
    """How the rows of a file are written, as far as whoever asks for it may choose."""

    thoughts: Thoughts = DEFAULT_THOUGHTS
    arguments: Arguments = DEFAULT_ARGUMENTS
    with_meta: bool = False
    pairing: Pairing = Pairing()


class Row(NamedTuple):
    """A row, exactly the format's schema, and where it comes from."""

    values: Mapping[str, JSON]
    meta: Mapping[str, JSON]
    split: str = ""


class Exporter(Protocol):
    """One file format. `rows` is pure: the same items always give the same rows, keys in the same order.

    `writes_thoughts` says whether the format has several ways to write what models thought, `is_table` whether its rows
    are alike enough for typed columns, `columns` which types they have (core.exporters.columns), each key that any row
    may have included. With `by_problem` it is given all items of a problem together, else one item at a time.
    `containers` are those it can be put into, the recommended one first. `needs` says what a release has to hold for
    the format to have rows.
    """

    name: str
    title: str
    read_by: str
    writes_thoughts: bool
    is_table: bool
    by_problem: bool
    makes_pairs: bool
    reads: Reads
    containers: tuple[Container, ...]
    columns: JSON
    needs: str

    def takes(self, item: ExportItem) -> bool:
        """Whether the format may have a row for an item."""
        ...

    def rows(self, items: Sequence[ExportItem], ways: Ways) -> Iterator[Row]:
        """The rows of items that it takes."""
        ...


class OneRowEach:
    """What formats share that make a row of each item by itself."""

    by_problem = False
    makes_pairs = False
    reads = Reads.TEXTS
    containers: tuple[Container, ...] = (*TABLES, *LINES)
    needs = ""

    def takes(self, item: ExportItem) -> bool:  # noqa: ARG002
        """Always, unless a format says otherwise."""
        return True

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:
        """The row of one item that it takes, exactly the format's schema."""
        raise NotImplementedError

    def rows(self, items: Sequence[ExportItem], ways: Ways) -> Iterator[Row]:
        """The row of each item that is taken."""
        return (Row(self.row(item, ways.thoughts), item.meta, item.split) for item in items if self.takes(item))


def write_rows(exporter: Exporter, items: Sequence[ExportItem], ways: Ways) -> Iterator[Row]:
    """The rows of items in the form asked for, with `meta` as last key when asked for; one document has none."""
    with_meta = ways.with_meta and Container.JSON not in exporter.containers
    objects = ways.arguments is Arguments.OBJECTS and exporter.writes_thoughts
    for row in exporter.rows(items, ways):
        values = with_objects(row.values) if objects else row.values
        yield Row({**values, "meta": dict(row.meta)} if with_meta else values, row.meta, row.split)
