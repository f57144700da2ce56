"""The mathematics of the embedded learner: which operations follow from which features of a task."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from trajectories.core.identity import derive_seed
from trajectories.core.learning.chains import name_of
from trajectories.core.learning.examples import TaskExample
from trajectories.core.samplers.symbolic.guide import LEAST, Guide, Model
from trajectories.core.samplers.symbolic.vocabulary import operation_names

COUNTS, LOG_LINEAR = "counts", "log-linear"
METHODS = (COUNTS, LOG_LINEAR)

SMOOTHING = 0.5
"""What every operation counts besides, in tasks: one that no program had is rare, not impossible."""

PENALTY = 0.3
"""The inverse of the weight of the squared weights (scikit-learn's C): strong, since few tasks share an operation."""

LEAST_TASKS = 2.0
"""Operations that fewer tasks call for keep their count: nothing can be learnt of when they are called for."""

DIGITS = 5

Tick = Callable[[int, int], None]
"""Told (done, total) while it fits."""


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


def _wanted(examples: Sequence[TaskExample], operations: Sequence[str]) -> np.ndarray:
    """A row for each example, a column for each operation: the share of its programs that have it."""
    place = {name: number for number, name in enumerate(operations)}
    wanted = np.zeros((len(examples), len(operations)))
    for row, example in enumerate(examples):
        for name, share in example.wanted().items():
            wanted[row, place[name]] = min(1.0, share)
    return wanted


def _usual(wanted: np.ndarray) -> float:
    """How likely an operation is of which nothing is known: as likely as all are on average."""
    return float(max(LEAST, wanted.mean()))


def _log_odds(share: float) -> float:
    bounded = min(1 - LEAST, max(LEAST, share))
    return math.log(bounded / (1 - bounded))


def _fit_log_linear(examples: Sequence[TaskExample], wanted: np.ndarray, counts: Model, tick: Tick) -> Model:
    """Logistic regression of each operation on the features; an example stands on both sides, by its shares."""
    from sklearn.linear_model import LogisticRegression  # takes a second, which no web server should

    features = np.array([example.features for example in examples])
    doubled = np.vstack([features, features])
    sides = np.repeat([1, 0], len(examples))
    bias, weights = list(counts.bias), np.zeros((wanted.shape[1], features.shape[1]))
    known = [number for number, count in enumerate(wanted.sum(axis=0)) if count >= LEAST_TASKS]
    for done, number in enumerate(known):
        tick(done, len(known))
        shares = np.concatenate([wanted[:, number], 1 - wanted[:, number]])
        taken = shares > 0
        if len(set(sides[taken])) < 2:
            continue
        fitted = LogisticRegression(C=PENALTY, max_iter=500)
        fitted.fit(doubled[taken], sides[taken], sample_weight=shares[taken])
        bias[number] = round(float(fitted.intercept_[0]), DIGITS)
        weights[number] = fitted.coef_[0]
    return Model(tuple(bias), tuple(tuple(round(float(w), DIGITS) for w in row) for row in weights))


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


def cross_validate(examples: Sequence[TaskExample], method: str, folds: int, seed: int, tick: Tick) -> Fold:
    """How well a method does on tasks held out, every task once, in folds that the seed draws by task.

    Raises ValueError where there are fewer tasks than folds.
    """
    if len(examples) < folds:
        raise ValueError(f"found {len(examples)} tasks, expected at least {folds}")
    order = sorted(examples, key=lambda example: derive_seed(seed, example.problem))
    bits: dict[str, float] = {}
    for number in range(folds):
        held_out = order[number::folds]
        rest = [example for place, example in enumerate(order) if place % folds != number]
        guide = fit_guide(rest, method, partial(_tick_fold, tick, number, folds))
        bits |= {example.problem: step_bits(guide, example) for example in held_out}
    return Fold(method, bits)


def _tick_fold(tick: Tick, number: int, folds: int, done: int, total: int) -> None:
    tick(number * total + done, folds * total)


def step_bits(guide: Guide, example: TaskExample) -> float:
    """Bits to name a step of a task's programs among all operations, by their shares; less is better."""
    learnt = guide.at(example.features)
    known: dict[str, dict[str, float]] = {}
    total = steps = 0.0
    for chain, share in zip(example.chains, example.shares, strict=True):
        for previous, key in chain.steps:
            if previous not in known:
                known[previous] = learnt.shares(guide.operations, previous)
            total -= share * math.log2(max(LEAST, known[previous][name_of(key)]))
            steps += share
    return total / steps
