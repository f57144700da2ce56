"""A trace as a trainer learns from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from trajectories.core.exporters import ExportItem

SAMPLED, RELABELLED, REPLAYED, SEED = "sampled", "relabelled", "replayed", "seed"
"""Where a lesson comes from: the release as it is; the release, with the task that its program does solve in the place
of the one that it was sampled for; a release of an earlier generation; one that always enters, such as worked
solutions."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One item of a release that entered a training.

    `is_correct` is whether it is right, as far as that was known when it was frozen, None where it was not; of a
    relabelled one it is so by construction. `accuracy` is the share of the task's demonstrations that its program gives
    right, in [0, 1]; None where that is not known. The item's reference answer belongs in no prompt and, with the
    embedded learner, in no feature.
    """

    item: ExportItem
    is_correct: bool | None
    accuracy: float | None = None
    origin: str = SAMPLED

    @property
    def trace_id(self) -> int:
        """The trace that it is."""
        return int(self.item.meta["trace_id"])


class Lessons(Protocol):
    """The lessons of a training in an order that never changes. They are read as they are asked for, as often as they
    are."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Lesson]: ...
