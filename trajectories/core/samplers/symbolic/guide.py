"""What was learnt of earlier programs: which operations a task calls for, and so in which order to search.

A chain of operations is as likely as the product of its steps. A step's probability is that of the operation's name,
given the task's features and the operation before it, times the share of its details among those of that name; a part
of it is always that of an operation chosen blindly, so that nothing is out of reach. What the search adds up are
negative logarithms of it, in the units in which it counts description length.
"""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.core.problems.arc import ArcTask
from trajectories.core.records import JSON
from trajectories.core.samplers.symbolic.operation import Op
from trajectories.core.samplers.symbolic.task_features import NAMES, VERSION, task_features

FORMAT = "minicolumn-guide"
FORMAT_VERSION = 1
BLIND = 0.1
"""The share of every step that is left to chance."""

UNIT = 0.15
"""Units of description length for each bit: an operation chosen blindly among some 430 then costs as much as one of
the catalogue does on average."""

BACK_OFF = 10.0
"""How many programs' worth the general habit counts against what followed a certain operation."""

DETAIL_BACK_OFF = 2.0
UNSEEN = 0.05
"""What an operation counts that no program had, in programs."""

LEAST = 1e-6


class GuideError(ValueError):
    """A file is no guide of this version; the message says what was found and what was expected."""


@dataclass(frozen=True, slots=True)
class Model:
    """How likely each operation is, given features: the logistic function of `bias` + features x `weights`.

    Of counts alone the weights are none. `weights` has a row for each operation and a column for each feature.
    """

    bias: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...] = ()

    def odds(self, features: Sequence[float]) -> list[float]:
        """The probability that a program for the task has it, operation by operation."""
        if not self.weights:
            return [_logistic(each) for each in self.bias]
        return [
            _logistic(bias + sum(w * x for w, x in zip(row, features) if x))
            for bias, row in zip(self.bias, self.weights)
        ]


@dataclass(frozen=True, slots=True, eq=False)  # told apart by identity: what is remembered of a task goes by it
class Guide:
    """What was learnt. `transitions` counts, by operation, which operation followed it ("" before the first);
    `details` counts which details an operation had. `facts` say what it was learnt from and how well it did."""

    method: str
    operations: tuple[str, ...]
    model: Model
    transitions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    details: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    facts: Mapping[str, JSON] = field(default_factory=dict)

    def of(self, task: ArcTask) -> "TaskGuide":
        """The guide for one task."""
        return self.at(task_features(task))

    def at(self, features: Sequence[float]) -> "TaskGuide":
        """The guide for a task with these features."""
        return TaskGuide(self, self.model.odds(features))

    def commonest(self, count: int) -> list[tuple[str, float]]:
        """The operations that occur most often, with their share among all."""
        shares = _usual_shares(self)
        return sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:count]

    def as_json(self) -> dict[str, JSON]:
        """The stored form, the same for the same guide."""
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "features": VERSION,
            "method": self.method,
            "operations": list(self.operations),
            "bias": list(self.model.bias),
            "weights": [list(row) for row in self.model.weights],
            "transitions": {name: dict(sorted(found.items())) for name, found in sorted(self.transitions.items())},
            "details": {name: dict(sorted(found.items())) for name, found in sorted(self.details.items())},
            "facts": dict(self.facts),
        }

    def as_bytes(self) -> bytes:
        """The stored form as JSON text."""
        return json.dumps(self.as_json(), allow_nan=False, sort_keys=True, separators=(",", ":")).encode("ascii")


@dataclass(frozen=True, slots=True)
class _Listed:
    """A list of operations as costs are computed for it: the name of each (`places`, by its number in `numbers`), and
    the share of its details among those of its name. By name: how often it occurs at all, and its odds here. `ops` is
    kept, so that no other list gets its id."""

    ops: Sequence[Op]
    numbers: Mapping[str, int]
    places: NDArray[np.intp]
    details: NDArray[np.float64]
    usual: NDArray[np.float64]
    odds: NDArray[np.float64]


class TaskGuide:
    """Costs of steps for one task."""

    def __init__(self, guide: Guide, odds: Sequence[float]) -> None:
        self._guide = guide
        self._odds = {name: max(LEAST, value) for name, value in zip(guide.operations, odds)}
        self._usual = _usual_shares(guide)
        self._listed: dict[int, _Listed] = {}
        self._known: dict[tuple[int, str], list[float]] = {}

    def costs(self, ops: Sequence[Op], previous: str) -> list[float]:
        """What it costs to go on with each of these operations after the one of that name, "" at the start."""
        if not ops:
            return []
        listed = self._listed.get(id(ops))
        if listed is None:
            listed = self._listed[id(ops)] = self._list(ops)
        # Of what followed an operation that no program had, nothing is known.
        key = id(ops), previous if previous in self._guide.transitions else "?"
        if key not in self._known:
            learnt = self._shares(listed, previous)[listed.places] * listed.details
            costs = -UNIT * np.log2((1 - BLIND) * learnt + BLIND / len(ops))
            self._known[key] = costs.tolist()
        return self._known[key]

    def _list(self, ops: Sequence[Op]) -> _Listed:
        found: dict[str, int] = {}
        places = np.array([found.setdefault(op.function.__name__, len(found)) for op in ops], dtype=np.intp)
        known = self._guide.details
        counts = [known.get(op.function.__name__, {}).get(op.key, 0.0) + DETAIL_BACK_OFF for op in ops]
        details = np.array(counts, dtype=np.float64)
        return _Listed(
            ops,
            found,
            places,
            details / np.bincount(places, weights=details)[places],
            usual=np.array([self._usual.get(name, LEAST) for name in found]),
            odds=np.array([self._odds.get(name, LEAST) for name in found]),
        )

    def _shares(self, listed: _Listed, previous: str) -> NDArray[np.float64]:
        """See shares; name by name as they are numbered in a list."""
        after = self._guide.transitions.get(previous, {})
        followed = np.zeros(len(listed.numbers))
        for name, count in after.items():
            if (number := listed.numbers.get(name)) is not None:
                followed[number] = count
        habit = (followed + BACK_OFF * listed.usual) / (sum(after.values()) + BACK_OFF)
        raw: NDArray[np.float64] = listed.odds * habit / listed.usual
        shares: NDArray[np.float64] = raw / raw.sum()
        return shares

    def shares(self, names: Collection[str], previous: str) -> dict[str, float]:
        """How likely each of these operations is to come after the one of that name, "" at the start; they sum to 1."""
        after = self._guide.transitions.get(previous, {})
        total = sum(after.values())
        raw = {}
        for name in names:
            usual = self._usual.get(name, LEAST)
            habit = (after.get(name, 0.0) + BACK_OFF * usual) / (total + BACK_OFF)
            raw[name] = self._odds.get(name, LEAST) * habit / usual
        whole = sum(raw.values())
        return {name: value / whole for name, value in raw.items()}


@lru_cache(maxsize=4)
def _usual_shares(guide: Guide) -> dict[str, float]:
    """How often each operation occurs among all."""
    counts: dict[str, float] = dict.fromkeys(guide.operations, UNSEEN)
    for after in guide.transitions.values():
        for name, count in after.items():
            counts[name] = counts.get(name, UNSEEN) + count
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()}


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, value))))


@lru_cache(maxsize=4)
def read_guide(text: bytes) -> Guide:
    """Read the stored form. Raises GuideError for whatever is none of this version."""
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise GuideError("Found a file that is no JSON, expected what the embedded learner wrote.") from fault
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise GuideError(f"Found JSON of another kind, expected the format {FORMAT}.")
    for name, expected in (("version", FORMAT_VERSION), ("features", VERSION)):
        if stored.get(name) != expected:
            raise GuideError(f"{name}: found {str(stored.get(name))[:20]}, expected {expected}; train again.")
    try:
        return _read(stored)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise GuideError(f"The guide is damaged: {fault}") from fault


def _read(stored: dict[str, Any]) -> Guide:
    operations = tuple(str(name) for name in stored["operations"])
    bias = tuple(_finite(value) for value in stored["bias"])
    weights = tuple(tuple(_finite(value) for value in row) for row in stored["weights"])
    if len(bias) != len(operations) or (weights and len(weights) != len(operations)):
        raise ValueError(f"found {len(bias)} values for {len(operations)} operations")
    if any(len(row) != len(NAMES) for row in weights):
        raise ValueError(f"found rows of other lengths than {len(NAMES)} features")
    return Guide(
        str(stored["method"]), operations, Model(bias, weights), _counts(stored["transitions"]),
        _counts(stored["details"]), dict(stored["facts"]),
    )  # fmt: skip


def _counts(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    return {name: {key: max(0.0, _finite(value)) for key, value in found.items()} for name, found in stored.items()}


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"found the number {number}")
    return number
