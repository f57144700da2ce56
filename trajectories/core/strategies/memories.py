"""Memory: which traces of other problems a prompt may show, looked up at the moment the problem is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from trajectories.core.faults import Fault
from trajectories.core.records import JSON

NEAR = 0.8
"""Statements that share so many of their word triples (Jaccard) count as one problem."""

MOST_REMEMBERED = 20
"""Traces that one prompt may show."""


class MemorySource(StrEnum):
    """Which traces are remembered."""

    PEOPLE = "people"
    VERIFIERS = "verifiers"
    RELEASE = "release"


SOURCES: Mapping[MemorySource, str] = {
    MemorySource.PEOPLE: "Accepted by people",
    MemorySource.VERIFIERS: "Right by their verifiers, and rejected by nobody",
    MemorySource.RELEASE: "In a release, and rejected or withdrawn by nobody since",
}
"""What each source remembers, in words."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a prompt is shown of problems that were solved before.

    `count` is how many traces are shown, each of another problem, the nearest problems first; 0 for no memory.
    `release` is the id of the release where `source` is one, else None. `any_split`: traces of problems that are set
    apart for evaluation may be shown too. `campaign` is the id of a campaign: only traces are shown that its own runs
    of training problems have drawn; None for any. `near` is the share of word triples from which on two statements
    count as the same problem. `prefer` names, for a family, those whose traces are shown where the family has too few
    of its own: its prerequisites. `embedder` is the id of a sampler whose model gives embeddings: problems that are no
    grids are near by these; None to go by their words.
    """

    count: int = 0
    source: MemorySource = MemorySource.PEOPLE
    release: int | None = None
    any_split: bool = False
    campaign: int | None = None
    near: float = NEAR
    prefer: Mapping[str, tuple[str, ...]] | None = None
    embedder: int | None = None

    def __bool__(self) -> bool:
        """Whether anything is to be shown."""
        return self.count > 0

    @property
    def words(self) -> str:
        """What is shown, in a few words."""
        if not self:
            return "none"
        noun = "trace" if self.count == 1 else "traces"
        source = SOURCES[self.source] if self.release is None else f"in release {self.release}"
        split = ", problems of evaluation too" if self.any_split else ""
        nearest = "nearest" if self.embedder is None else "nearest (by embeddings)"
        return f"{self.count} {noun} of the {nearest} other problems, {source[0].lower()}{source[1:]}{split}"

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """The memory as a plan keeps it."""
        prefer = kept.get("prefer")
        return cls(
            count=kept["count"],
            source=MemorySource(kept["source"]),
            release=kept.get("release"),
            any_split=kept["any_split"],
            near=kept["near"],
            campaign=kept.get("campaign"),
            embedder=kept.get("embedder"),
            prefer=None if prefer is None else {name: tuple(names) for name, names in prefer.items()},
        )

    def to_json(self) -> dict[str, JSON]:
        """The form that a plan keeps; what has no value is left out."""
        kept: dict[str, JSON] = {name: getattr(self, name) for name in ("count", "any_split", "near")}
        kept["source"] = self.source.value
        kept |= {} if self.release is None else {"release": self.release}
        kept |= {} if self.campaign is None else {"campaign": self.campaign}
        kept |= {} if self.embedder is None else {"embedder": self.embedder}
        prefer = {family: list(names) for family, names in (self.prefer or {}).items()}
        return kept | ({"prefer": prefer} if prefer else {})

    def check(self) -> None:
        """Raise Fault, with the field, for a memory that nothing can be looked up for."""
        if not 0 <= self.count <= MOST_REMEMBERED:
            text = f"Memory: found {self.count} traces, expected 0 to {MOST_REMEMBERED}."
            raise Fault(text, field="memory")
        if not 0.1 <= self.near <= 1:
            raise Fault(f"Alike from: found {self.near:g}, expected 0.1 to 1.", field="memory_near")
        if self and (self.source is MemorySource.RELEASE) != (self.release is not None):
            found = "no release" if self.release is None else f"release {self.release}"
            expected = "one" if self.release is None else "none"
            raise Fault(
                f"Memory: found {found} for the source {SOURCES[self.source]!r}, expected {expected}.",
                field="memory_release",
            )


NO_MEMORY = Memory()
