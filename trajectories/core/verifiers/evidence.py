"""Evidence of verdicts with a name for each of its keys: how each kind is written, and read from any older version.

Here is that of grids, of steps and of learned scorers; `answer_evidence` has that of answers and of tests,
`judge_evidence` that of model judges.

What is stored is JSON, which these records read and write; a key that an older version did not write, or that holds
something else than it should, has the value that stands for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from trajectories.core.records import JSON
from trajectories.core.stored_values import (
    read_counts,
    read_mapping,
    read_number,
    read_rows,
    read_shares,
    read_text,
    read_whole,
)

RIGHT = "right"
"""The match of a pair whose prediction is the expected grid (grid_compare.GridMatch.RIGHT)."""


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """What became of one training pair or test input of an ARC task."""

    index: int
    """Its place among the training pairs, or among the test inputs, from 0."""

    status: str
    """How the call of the program ended (a CallStatus), or "stated" where the trace stated the grid."""

    match: str | None = None
    """How the prediction relates to the expected grid (a GridMatch); None where there was nothing to compare."""

    message: str = ""
    """What happened, in one line for people."""

    predicted: JSON = None
    """The grid that was given, as lists of rows; None where none was."""

    preview: str = ""
    """The beginning of what was given instead of a grid."""

    expected: JSON = None
    """The right grid, as lists of rows; None where it is not known."""

    cells_wrong: int | None = None
    """Cells that differ; None where the shapes differ, or one of the grids is missing."""

    near_miss: Mapping[str, str] | None = None
    """The small change that would make it right: "kind" and "text" of near_miss.NearMiss; None where there is none."""

    seconds: float = 0.0
    """Time that the call took."""

    printed: str = ""
    """What the program printed."""

    @property
    def is_right(self) -> bool:
        """Whether the prediction is the expected grid."""
        return self.match == RIGHT

    @property
    def wrong_share(self) -> float:
        """The share of wrong cells in [0, 1]; all of them where the shape is wrong or no grid was given."""
        if self.cells_wrong is None or not self.expected:
            return 1.0
        return self.cells_wrong / (len(self.expected) * len(self.expected[0]))

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {
            "index": self.index,
            "status": self.status,
            "match": self.match,
            "message": self.message,
            "predicted": self.predicted,
            "preview": self.preview,
            "expected": self.expected,
            "cells_wrong": self.cells_wrong,
            "near_miss": None if self.near_miss is None else dict(self.near_miss),
            "seconds": self.seconds,
            "printed": self.printed,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], place: int) -> Self:
        """What is stored of the pair at a place of the list."""
        return cls(
            index=place if (index := read_whole(stored.get("index"))) is None else index,
            status=read_text(stored.get("status")),
            match=read_text(stored.get("match")) or None,
            message=read_text(stored.get("message")),
            predicted=stored.get("predicted"),
            preview=read_text(stored.get("preview")),
            expected=stored.get("expected"),
            cells_wrong=read_whole(stored.get("cells_wrong")),
            near_miss=read_mapping(stored.get("near_miss")) or None,
            seconds=read_number(stored.get("seconds")),
            printed=read_text(stored.get("printed")),
        )


@dataclass(frozen=True, slots=True)
class PairsEvidence:
    """Evidence of the verifiers of ARC tasks: arc_train, arc_test and arc_answer."""

    pairs: Sequence[PairEvidence] = ()
    """One for each training pair or test input; empty where nothing was compared."""

    right: int | None = None
    """How many are right; None where nothing was compared."""

    of: int | None = None
    """Of how many the right grid is known; None where nothing was compared."""

    is_faithful: bool = True
    """Whether the engine that ran the program is Python itself; True where the evidence does not say."""

    @property
    def predicted(self) -> list[JSON]:
        """The grids that were given, by the pairs' places in the task, None for each that is missing."""
        return [pair.predicted for pair in sorted(self.pairs, key=lambda pair: pair.index)]

    def to_json(self) -> dict[str, JSON]:
        """The stored form, besides what the engine says of its run."""
        return {"pairs": [pair.to_json() for pair in self.pairs], "right": self.right, "of": self.of}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Self:
        """What is stored with a verdict; None stands for no verdict."""
        stored = stored or {}
        rows = enumerate(read_rows(stored.get("pairs")))
        return cls(
            pairs=tuple(PairEvidence.from_json(pair, place) for place, pair in rows),
            right=read_whole(stored.get("right")),
            of=read_whole(stored.get("of")),
            is_faithful=stored.get("faithful") is not False,
        )


@dataclass(frozen=True, slots=True)
class StepValuesEvidence:
    """Evidence of values that completions gave to steps (step_values)."""

    steps: Sequence[float | None] = ()
    """The value of each step in [0, 1]; None where no completion could be scored."""

    right: Sequence[int] = ()
    """By step: completions that end right."""

    wrong: Sequence[int] = ()
    """By step: completions that end wrong."""

    others: Sequence[int] = ()
    """By step: completions that could not be scored."""

    segmentation: str = ""
    """How the trace was cut when its steps were valued; "" for its steps as they are stored."""

    spans: Mapping[str, JSON] = field(default_factory=dict)
    """[first character, the one behind the last] of each step in the trace's text, by its index as text; steps that
    stand nowhere in it are left out."""

    sampler: str = ""
    """The name of the sampler that went on from the steps."""

    @property
    def beginning(self) -> list[float]:
        """The values from the first step on, up to the first step without one."""
        known = []
        for value in self.steps:
            if value is None:
                break
            known.append(value)
        return known

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {
            "steps": list(self.steps),
            "right": list(self.right),
            "wrong": list(self.wrong),
            "others": list(self.others),
            "segmentation": self.segmentation,
            "spans": dict(self.spans),
            "sampler": self.sampler,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Self:
        """What is stored with a verdict; None stands for no verdict."""
        stored = stored or {}
        steps = read_shares(stored.get("steps"))
        counts = {name: read_counts(stored.get(name), len(steps)) for name in ("right", "wrong", "others")}
        return cls(
            steps,
            segmentation=read_text(stored.get("segmentation")),
            spans=read_mapping(stored.get("spans")),
            sampler=read_text(stored.get("sampler")),
            **counts,
        )


@dataclass(frozen=True, slots=True)
class ScorerEvidence:
    """Evidence of a learned scorer."""

    scorer: int
    """The key of the scorer's row; 0 where it is not said."""

    is_held_out: bool
    """Whether the problem was among those that the scorer learnt from, so that a part of it that had not seen the
    problem scored the trace."""

    steps: Sequence[float | None] | None = None
    """By a process scorer: how likely each step is right, in [0, 1]. None for a scorer of whole traces."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        told: dict[str, JSON] = {"scorer": self.scorer, "held_out": self.is_held_out}
        return told if self.steps is None else {**told, "steps": list(self.steps)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored with a verdict."""
        steps = stored.get("steps")
        return cls(
            read_whole(stored.get("scorer")) or 0,
            stored.get("held_out") is True,
            read_shares(steps) if isinstance(steps, list) else None,
        )


@dataclass(frozen=True, slots=True)
class StepLabelsEvidence:
    """Evidence of a model judge of steps, as far as it was understood (judge_verdicts)."""

    labels: Mapping[str, str]
    """The judge's label of each step, by its index as text, as reviews store them; unseen ones are left out."""

    segmentation: str = ""
    """How the trace was cut when it was judged; "" for its steps as they are stored."""

    spans: Mapping[str, JSON] = field(default_factory=dict)
    """As StepValuesEvidence.spans."""

    reason: str = ""
    """The judge's reason."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form, besides what was asked and answered."""
        return {
            "labels": dict(self.labels),
            "segmentation": self.segmentation,
            "spans": dict(self.spans),
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored with a verdict."""
        return cls(
            read_mapping(stored.get("labels")),
            read_text(stored.get("segmentation")),
            read_mapping(stored.get("spans")),
            read_text(stored.get("reason")),
        )
