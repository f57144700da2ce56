"""The mathematics of the embedded learner: which operations follow from which features of a task."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from trajectories.core.identity import derive_seed
from trajectories.core.learning.chains import name_of
from trajectories.core.learning.examples import TaskExample
from trajectories.core.samplers.symbolic.guide import LEAST, Guide, Model
from trajectories.core.samplers.symbolic.vocabulary import operation_kinds, operation_names

COUNTS, LOG_LINEAR = "counts", "log-linear"
METHODS = (COUNTS, LOG_LINEAR)

SMOOTHING = 0.5
"""What every operation counts besides, in tasks: one that no program had is rare, not impossible."""

PENALTY = 1.0
"""The inverse of the weight of the squared weights, by measurement on tasks held out."""

BIAS_PENALTY = 4 * PENALTY
MOST_ROUNDS = 150
DIGITS = 5

Shares = NDArray[np.float64]
Tick = Callable[[int, int], None]
"""Told (done, total) while it fits."""

Fit = Callable[[Sequence[TaskExample], str, Tick], Guide]
"""Makes the guide of examples by a method."""


def fit_guide(examples: Sequence[TaskExample], method: str, tick: Tick = lambda *_: None) -> Guide:
    """The guide of all examples by a method. Raises ValueError for no example or a method that is none."""
    if not examples:
        raise ValueError("found no example, expected one or more")
    operations = operation_names()
    wanted = _wanted(examples, operations)
    bias = [
        _log_odds((count + SMOOTHING * _usual(wanted)) / (len(examples) + SMOOTHING)) for count in wanted.sum(axis=0)
    ]
    model = Model(tuple(round(value, DIGITS) for value in bias))
    if method == LOG_LINEAR:
        model = _fit_log_linear(examples, wanted, model, tick)
    elif method != COUNTS:
        raise ValueError(f"found the method {method!r}, expected one of {', '.join(METHODS)}")
    transitions, details = _count_steps(examples)
    return Guide(method, operations, model, transitions, details)


def _wanted(examples: Sequence[TaskExample], operations: Sequence[str]) -> Shares:
    """A row for each example, a column for each operation: the share of its programs that have it."""
    place = {name: number for number, name in enumerate(operations)}
    wanted = np.zeros((len(examples), len(operations)))
    for row, example in enumerate(examples):
        for name, share in example.wanted().items():
            wanted[row, place[name]] = min(1.0, share)
    return wanted


def _usual(wanted: Shares) -> float:
    """How likely an operation is of which nothing is known: as likely as all are on average."""
    return float(max(LEAST, wanted.mean()))


def _log_odds(share: float) -> float:
    bounded = min(1 - LEAST, max(LEAST, share))
    return math.log(bounded / (1 - bounded))


def _fit_log_linear(examples: Sequence[TaskExample], wanted: Shares, counts: Model, tick: Tick) -> Model:
    """Logistic regression of every operation on the features, all at once: the counts are where it begins, and what it
    goes back to where features tell nothing. An example counts for an operation by the share of its programs."""
    from scipy.optimize import minimize  # takes a second, which no web server should

    features = np.array([example.features for example in examples])
    width, outputs = features.shape[1], wanted.shape[1]
    start = np.array(counts.bias)
    rounds = iter(range(1, MOST_ROUNDS + 1))

    def loss(flat: Shares) -> tuple[float, Shares]:
        weights = flat.reshape(outputs, width + 1)
        scores = features @ weights[:, :width].T + start + weights[:, width]
        missed = float((np.logaddexp(0, scores) - wanted * scores).sum())
        penalties = weights / np.array([*([PENALTY] * width), BIAS_PENALTY])
        wrong = 1 / (1 + np.exp(-scores)) - wanted
        slopes = np.hstack([wrong.T @ features, wrong.sum(axis=0)[:, None]])
        return missed + float((weights * penalties).sum()) / 2, (slopes + penalties).ravel()

    fitted = minimize(
        loss,
        np.zeros(outputs * (width + 1)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MOST_ROUNDS},
        callback=lambda _: tick(next(rounds, MOST_ROUNDS), MOST_ROUNDS),
    )
    weights = fitted.x.reshape(outputs, width + 1)
    bias = tuple(round(float(value), DIGITS) for value in start + weights[:, width])
    return Model(bias, tuple(tuple(round(float(w), DIGITS) for w in row[:width]) for row in weights))


def _count_steps(examples: Sequence[TaskExample]) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """(which operation followed which, which details an operation had), in tasks."""
    transitions: dict[str, dict[str, float]] = {}
    details: dict[str, dict[str, float]] = {}
    for example in examples:
        for chain, share in zip(example.chains, example.shares, strict=True):
            for previous, key in chain.steps:
                name = name_of(key)
                after = transitions.setdefault(previous, {})
                after[name] = round(after.get(name, 0.0) + share, 9)
                known = details.setdefault(name, {})
                known[key] = round(known.get(key, 0.0) + share, 9)
    return transitions, details


@dataclass(frozen=True, slots=True)
class Fold:
    """What a method makes of tasks that it has not seen: `bits` it takes to name a step of their programs, on average,
    by the hash of the task."""

    method: str
    bits: dict[str, float]

    @property
    def mean(self) -> float:
        """Bits a step, over all tasks alike."""
        return sum(self.bits.values()) / len(self.bits)


def cross_validate(
    examples: Sequence[TaskExample], method: str, folds: int, seed: int, tick: Tick, *, fit: Fit = fit_guide
) -> Fold:
    """How well a method does on tasks held out, every task once, in folds that the seed draws by task. `fit` makes the
    guide of a method that is to be compared with those of here.

    Raises ValueError where there are fewer tasks than folds.
    """
    if len(examples) < folds:
        raise ValueError(f"found {len(examples)} tasks, expected at least {folds}")
    order = sorted(examples, key=lambda example: derive_seed(seed, example.problem))
    bits: dict[str, float] = {}
    for number in range(folds):
        held_out = order[number::folds]
        rest = [example for place, example in enumerate(order) if place % folds != number]
        guide = fit(rest, method, partial(_tick_fold, tick, number, folds))
        bits |= {example.problem: step_bits(guide, example) for example in held_out}
    return Fold(method, bits)


def _tick_fold(tick: Tick, number: int, folds: int, done: int, total: int) -> None:
    tick(number * total + done, folds * total)


def step_bits(guide: Guide, example: TaskExample) -> float:
    """Bits to name a step of a task's programs among the operations that can stand there, by their shares; less is
    better."""
    learnt = guide.at(example.features)
    kinds = operation_kinds()
    known: dict[str, dict[str, float]] = {}
    total = steps = 0.0
    for chain, share in zip(example.chains, example.shares, strict=True):
        for previous, key in chain.steps:
            if previous not in known:
                given = kinds[previous][1] if previous else "grid"
                names = [name for name in guide.operations if kinds[name][0] == given]
                known[previous] = learnt.shares(names, previous)
            total -= share * math.log2(known[previous].get(name_of(key), LEAST))
            steps += share
    return total / steps
