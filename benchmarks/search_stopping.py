"""Compare rules for ending a search: plain cut-offs, ending where a program fits, learnt rules, an oracle.

    PYTHONPATH=. OPENBLAS_NUM_THREADS=1 python benchmarks/search_stopping.py records.json

By what `search_progress.py` recorded, for a search that goes on from where it was. A task is solved when its answer is
among the first two by vote. A learnt rule is asked at DECISIONS how likely more work brings what was not found; it is
learnt by five folds of tasks; its threshold is chosen on the training folds, from odds by rules that had not seen the
task: that which solves most within the CPU allowed. Looking for stacks more than once is not counted.
"""

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.search_progress import CHECKPOINTS
from trajectories.core.consolidation.votes import rank_weights
from trajectories.core.samplers.symbolic.explore import EASY_BOTH, EASY_ONE

DECISIONS = (1 / 40, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
GUESSES = 2
EASY = {0: math.inf, 1: EASY_ONE, 2: EASY_BOTH}
"""After which share a frame ends early, by how many views have programs that fit."""

FEW = (0, 1, 2, 6, 8, 12, 17)
"""Of the facts: share, whether a program fits, agreement, nearest state and whether there is none, operations tried,
cells."""

Record = dict[str, Any]
Places = list[int]
"""For each frame the number of the checkpoint at which its search ends."""
Rule = Callable[[Record], Places]
Numbers = NDArray[np.float64]
MODELS: dict[str, Callable[[], Any]] = {
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1000)),
    "trees": lambda: GradientBoostingClassifier(
        n_estimators=60, max_depth=2, learning_rate=0.07, subsample=0.7, min_samples_leaf=10, random_state=0
    ),
}


def votes_at(record: Record, places: Places) -> list[dict[int, float]]:
    """For each test input the weight of each answer."""
    votes: list[dict[int, float]] = [{} for _ in record["right"]]
    for rows, place in zip(record["frames"], places, strict=True):
        for cost, outputs in rows[place]["programs"]:
            for of_input, output in zip(votes, outputs, strict=True):
                of_input[output] = of_input.get(output, 0.0) + math.exp2(-cost)
    return votes


def is_solved(record: Record, places: Places) -> bool:
    """Whether each right answer is among the first guesses."""
    pairs = zip(votes_at(record, places), record["right"], strict=True)
    return all(right in [guess for guess, _ in rank_weights(votes).ranked][:GUESSES] for votes, right in pairs)


def cpu_at(record: Record, places: Places) -> float:
    """CPU seconds of a search that ends there."""
    rows = [rows[place] for rows, place in zip(record["frames"], places, strict=True)]
    return float(record["setup"] + record["ending"] + sum(row["cpu"] + row["stack_cpu"] for row in rows))


def ended(record: Record, share: float, whole: float = 1.0) -> Places:
    """Where each frame is after a share of the work; `whole` is the share of which the search knows itself allowed, by
    which it ends early where a task is easy."""
    return [
        next(place for place, row in enumerate(rows) if row["share"] >= min(share, EASY[row["views"]] * whole))
        for rows in record["frames"]
    ]


def plain(share: float) -> Rule:
    """A smaller number of work units for every task."""
    return lambda record: ended(record, share, share)


def fitted(first: float, then: float) -> Rule:
    """End after `first` where a program fits, else after `then`."""

    def rule(record: Record) -> Places:
        places = ended(record, first)
        return places if agreement(votes_at(record, places)) else ended(record, then)

    return rule


def oracle(record: Record) -> Places:
    """End as soon as the task is solved, and at once where it will not be."""
    places = [ended(record, share) for share in (*DECISIONS, 1.0)]
    return next((at for at in places if is_solved(record, at)), places[0])


def agreement(votes: list[dict[int, float]]) -> float:
    """The least share of the votes, over the test inputs, of the best answer; 0 where nothing fits."""
    return min((max(each.values()) / sum(each.values()) if each else 0.0 for each in votes), default=0.0)


def nearest(rows: list[dict[str, Any]], of: str = "target") -> float:
    """The fewest wrong cells of a state as a share of all cells, or of those wrong in the inputs; 1 where none has the
    outputs' sizes."""
    return min((row["wrong"] / (row[of] or row["target"]) for row in rows if row["wrong"] is not None), default=1.0)


def facts_at(record: Record, share: float, before: float) -> list[float]:
    """What a search knows of itself after a share of the work, in numbers."""
    rows = [rows[place] for rows, place in zip(record["frames"], ended(record, share), strict=True)]
    old = rows
    if before:
        old = [rows[place] for rows, place in zip(record["frames"], ended(record, before), strict=True)]
    votes = votes_at(record, ended(record, share))
    agree, near, count = agreement(votes), nearest(rows), len(rows)
    layers, states, tried = (sum(row[name] for row in rows) for name in ("layers", "states", "evaluated"))
    stacks = [row["stack_wrong"] / row["target"] for row in rows if row["stack_wrong"] is not None]
    return [
        math.log2(share), float(agree > 0), agree, math.log1p(max(map(len, votes))),
        math.log1p(sum(row["fits"] for row in rows)), float(max(row["views"] for row in rows)), near, math.sqrt(near),
        float(near == 1.0), nearest(rows, "wrong_input"), nearest(old) - near, math.log1p(layers), math.log1p(tried),
        math.log1p(states), states / max(1, tried), layers / max(1, states), min(stacks, default=1.0),
        math.log(rows[0]["target"]), float(count), float(record["pairs"]), float(len(record["right"])),
    ]  # fmt: skip


class Learnt:
    """Rules learnt of other tasks, asked from the share `first` on."""

    def __init__(self, records: list[Record], columns: tuple[int, ...] | None, model: str, first: float) -> None:
        places = [[ended(record, share) for share in (*DECISIONS, 1.0)] for record in records]
        self.right = np.array([[is_solved(r, at) for at in row] for r, row in zip(records, places, strict=True)])
        self.cpu = np.array([[cpu_at(r, at) for at in row] for r, row in zip(records, places, strict=True)])
        self.pays = np.array([
            [any(row[n + 1 :]) and not row[n] for n in range(len(DECISIONS))] for row in self.right.tolist()
        ])  # fmt: skip
        earlier = (0.0, *DECISIONS[:-1])
        facts = np.array([[facts_at(r, s, b) for s, b in zip(DECISIONS, earlier, strict=True)] for r in records])
        self.facts = facts if columns is None else facts[:, :, list(columns)]
        self.model, self.asked = model, np.array([share >= first for share in DECISIONS])

    def compare(self, allowed: float, whole: Numbers, seed: int) -> tuple[int, float]:
        """(tasks solved, CPU seconds), each task by a rule that was learnt of the other folds."""
        solved, spent = 0, 0.0
        for train, test in KFold(5, shuffle=True, random_state=seed).split(self.facts):
            inner = np.zeros((len(train), len(DECISIONS)))
            for a, b in KFold(5, shuffle=True, random_state=seed + 100).split(train):
                inner[b] = self._odds(train[a], train[b])
            options = [
                (*self._result(train, inner, threshold), threshold)
                for threshold in np.unique(np.quantile(inner, np.linspace(0, 1, 101)))
            ]
            within = [each for each in options if each[1] <= allowed * whole[train].sum()]
            _, _, threshold = max(within or options[-1:], key=lambda each: (each[0], -each[1]))
            right, took = self._result(test, self._odds(train, test), threshold)
            solved, spent = solved + right, spent + took
        return solved, spent

    def _odds(self, train: NDArray[np.int64], test: NDArray[np.int64]) -> Numbers:
        width = self.facts.shape[2]
        fitted_model = MODELS[self.model]().fit(self.facts[train].reshape(-1, width), self.pays[train].ravel())
        odds: Numbers = fitted_model.predict_proba(self.facts[test].reshape(-1, width))[:, 1]
        return odds.reshape(len(test), -1)

    def _result(self, tasks: NDArray[np.int64], odds: Numbers, threshold: float) -> tuple[int, float]:
        goes_on = (odds >= threshold) | ~self.asked
        stops = np.where(goes_on.all(axis=1), len(DECISIONS), np.argmin(goes_on, axis=1))
        return int(self.right[tasks, stops].sum()), float(self.cpu[tasks, stops].sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeats", type=int, default=2, help="of the folds, each drawn anew")
    options = parser.parse_args()
    records = list(json.loads(options.file.read_text(encoding="utf-8")).values())
    whole = np.array([cpu_at(record, plain(1.0)(record)) for record in records])
    print(f"{len(records)} tasks, {whole.sum():.0f} CPU s\n\n| rule | solved | share of CPU |\n|---|---|---|")
    rules = {f"{share:g} of the work": plain(share) for share in CHECKPOINTS}
    for first in (1 / 40, 1 / 16):
        rules |= {f"{first:g}, where nothing fits {then:g}": fitted(first, then) for then in (0.25, 0.375, 0.5, 1.0)}
    for name, rule in (rules | {"oracle": oracle}).items():
        places = [rule(record) for record in records]
        solved = sum(map(is_solved, records, places))
        print(f"| {name} | {solved} | {sum(map(cpu_at, records, places)) / whole.sum():.2f} |", flush=True)
    for columns, first in ((FEW, 1 / 16), (FEW, 1 / 4), (None, 1 / 16), (None, 1 / 4)):
        for model in MODELS:
            learnt = Learnt(records, columns, model, first)
            for allowed in (0.35, 0.5):
                found = [learnt.compare(allowed, whole, seed) for seed in range(options.repeats)]
                name = f"{model}, {'few' if columns else 'all'} facts, asked from {first:g}, {allowed:g} allowed"
                shares = ", ".join(f"{spent / whole.sum():.2f}" for _, spent in found)
                print(f"| {name} | {', '.join(str(solved) for solved, _ in found)} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
