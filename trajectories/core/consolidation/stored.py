"""Stored samples of many problems as flat arrays, from which any number of draws can be estimated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trajectories.core.consolidation.ways.base import Flags, Floats, Group, Ints, Value

Keys = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the samples answer, by one way of telling answers apart.

    `keys` numbers the distinct answers of each problem from 0, -1 for none (N); `counts` is how many each problem has,
    at least 1 (P); `right` says of each answer whether it is right, problem by problem (sum of counts).
    """

    keys: Keys
    counts: Ints
    right: Flags

    @property
    def starts(self) -> Ints:
        """Where the answers of each problem begin in `right`."""
        starts: Ints = np.cumsum(self.counts) - self.counts
        return starts


@dataclass(frozen=True, eq=False)
class Stored:
    """N samples of P problems, problem by problem; problem p has those from `starts[p]` to `starts[p + 1]`.

    `right` (N) says which are right. `outputs` has the answers to the test outputs of ARC tasks by their place, for the
    problems that have one there; `asked` (P) is how many outputs a problem has, 0 where it is no ARC task.
    """

    problems: Ints
    starts: Ints
    right: Flags
    answers: Mapping[Group, Answers]
    values: Mapping[Value, Floats]
    outputs: Sequence[Answers] = ()
    asked: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    @cached_property
    def sizes(self) -> Ints:
        """How many samples each problem has (P)."""
        sizes: Ints = np.diff(self.starts)
        return sizes

    @cached_property
    def correct(self) -> Ints:
        """How many right samples each problem has (P)."""
        before: Ints = np.concatenate([[0], np.cumsum(self.right)])
        correct: Ints = before[self.starts[1:]] - before[self.starts[:-1]]
        return correct

    @property
    def problem_of(self) -> Ints:
        """The place of the problem of each sample (N)."""
        places: Ints = np.repeat(np.arange(len(self.problems)), self.sizes)
        return places

    def knows(self, value: Value) -> Flags:
        """Of which problems a sample has the value (P)."""
        known = np.bincount(self.problem_of, weights=~np.isnan(self.values[value]), minlength=len(self.problems))
        flags: Flags = known > 0
        return flags

    @property
    def nbytes(self) -> int:
        """The memory that the arrays take."""
        arrays = [self.problems, self.starts, self.right, self.asked, *self.values.values()]
        for answers in (*self.answers.values(), *self.outputs):
            arrays += [answers.keys, answers.counts, answers.right]
        return sum(each.nbytes for each in arrays)


def answers_of(problem_of: Ints, problems: int, keys: Keys, right: Flags) -> Answers:
    """Answers that are numbered already, from 0 within each problem."""
    counts = np.ones(problems, dtype=np.int64)
    np.maximum.at(counts, problem_of, keys.astype(np.int64) + 1)
    starts = np.cumsum(counts) - counts
    flags = np.zeros(int(counts.sum()), dtype=bool)
    good = right & (keys >= 0)
    flags[starts[problem_of[good]] + keys[good]] = True
    return Answers(keys, counts, flags)
