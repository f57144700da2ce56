"""What a way of choosing is: the weight of each sample among those drawn with it, and what is added up by what.

Rules for all of them. A sample without an answer (cut off, refused, empty, or nothing found in it) was drawn and paid
for and has no vote. Equal weights share the win. A value that a sample lacks is no weight; where no sample with an
answer among those drawn has any weight, each of them counts 1: the fallback is the plain vote.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Value(StrEnum):
    """What may be known of a sample without its reference answer. All are in [0, 1]."""

    FITS = "fits"  # the share of training pairs that its program reproduces
    CLOSENESS = "closeness"  # the share of right cells over the training pairs
    SCORE = "score"  # what the chosen scorer gives it
    CERTAINTY = "certainty"  # exp of the mean log-probability of its tokens


class Group(StrEnum):
    """By what weights are added up."""

    WRITTEN = "written"  # answers that are written alike
    MEANING = "meaning"  # answers that mean the same, by the normal form of their kind
    OUTPUT = "output"  # each test output by itself, for ARC
    SAMPLE = "sample"  # nothing is added up: the sample with the greatest weight is chosen


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample as a way sees it. An answer is None where there is none; `outputs` has an entry for each test output."""

    key: int
    """What names the sample: the id of its trace."""
    written: Hashable | None
    meaning: Hashable | None
    outputs: tuple[Hashable | None, ...] = ()
    values: Mapping[Value, float] = field(default_factory=dict)
    """What is known of how good it is, by what tells it."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Draws of k samples, a row each. `voters` says which of them give an answer; `values` are nan where unknown."""

    voters: Flags
    values: Mapping[Value, Floats]

    def known(self, value: Value) -> Floats:
        """A value of every sample, 0 where it is unknown."""
        given = self.values[value]
        missing = np.isnan(given)
        return np.where(missing, 0.0, given) if missing.any() else given


Weigh = Callable[[Drawn], Floats]
"""What each sample of each draw weighs."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way of choosing. `needs` are the values without which it is not defined for a problem: a problem of which no
    sample has one of them is left out. `guesses` is how many answers may be handed in. `source` names its paper.

    `alone` is the weight that a sample has whatever else is drawn, None where only one sample is chosen. Sums of it
    order the answers of a draw in which any is above 0; with `parts_equals` `weigh` tells answers of equal sums apart.
    """

    name: str
    title: str
    help: str
    group: Group
    weigh: Weigh
    alone: Weigh | None = None
    parts_equals: bool = False
    needs: tuple[Value, ...] = ()
    guesses: int = 1
    source: str = ""
