"""Boosted trees for the embedded learner: in how many bits do they name the steps of programs of tasks held out, beside
the methods that the product chooses from?

Same programs, features, folds and measure as those (core.learning.fitting.cross_validate). For each operation there is
a classifier of scikit-learn of whether a task's programs have it, which counts a task by the share of its programs;
where no program of the tasks learnt from has it, or every one, its count stands. What follows what, and the shares of
details, are counted as they are for all methods. Needs scikit-learn, which the product does not.
"""

import argparse
import json
import os
import platform
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier

from benchmarks.loop_embedded import FOLDS, gather, lessons_of
from benchmarks.symbolic_arc import load
from trajectories.core.learning.examples import TaskExample, read_examples
from trajectories.core.learning.fitting import COUNTS, METHODS, Tick, cross_validate, fit_guide
from trajectories.core.samplers.symbolic.guide import LEAST, Guide, Model
from trajectories.core.samplers.symbolic.population import GRID_CELLS

RATE, LEAST_LEAF = 0.1, 5
"""How much of each tree counts, and how many tasks a leaf has at least."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--programs", type=Path, help="keep programs of training tasks here, or take those there")
    parser.add_argument("--teach-work", type=int, default=GRID_CELLS, help="work units of the search learnt from")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--trees", type=int, nargs="+", default=[10, 30, 100], help="trees of an operation")
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 2, 3], help="of a tree at the most")


def measure(options: argparse.Namespace) -> None:
    examples = read_examples(lessons_of(load("training", None, 0), gather(options))).tasks
    report: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, scikit-learn {sklearn.__version__}",
        "tasks": len(examples),
        "folds": FOLDS,
    }
    print(json.dumps(report), flush=True)
    ways: dict[str, Any] = {method: (method, fit_guide) for method in METHODS}
    for trees in options.trees:
        for depth in options.depths:
            for name, kind in (("gradient boosting", _plain), ("histogram boosting", _binned)):
                fit = partial(fit_trees, make=partial(kind, trees, depth))
                ways[f"{name}, {trees} trees of depth {depth}"] = (name, fit)
    for title, (method, fit) in ways.items():
        begun = time.process_time()
        fold = cross_validate(examples, method, FOLDS, 0, lambda *_: None, fit=fit)
        report[title] = {"bits": round(fold.mean, 3), "cpu seconds": round(time.process_time() - begun, 1)}
        print(title, json.dumps(report[title]), flush=True)
    print(json.dumps(report, indent=2))


def _plain(trees: int, depth: int) -> Any:
    return GradientBoostingClassifier(
        n_estimators=trees, max_depth=depth, learning_rate=RATE, min_samples_leaf=LEAST_LEAF, random_state=0
    )


def _binned(trees: int, depth: int) -> Any:
    return HistGradientBoostingClassifier(
        max_iter=trees, max_depth=depth, learning_rate=RATE, min_samples_leaf=LEAST_LEAF, early_stopping=False,
        random_state=0,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BoostedModel:
    """As guide.Model: the odds of every operation, by its classifier where there is one, else by its count."""

    counts: Model
    classifiers: dict[int, Any]

    def odds(self, features: Sequence[float]) -> list[float]:
        found = self.counts.odds(features)
        row = np.array([features])
        for place, classifier in self.classifiers.items():
            found[place] = float(classifier.predict_proba(row)[0, 1])
        return found


def fit_trees(examples: Sequence[TaskExample], _: str, tick: Tick, *, make: Any) -> Guide:
    """The guide of counts, with classifiers in place of its odds."""
    guide = fit_guide(examples, COUNTS)
    features = np.array([example.features for example in examples])
    wanted = [example.wanted() for example in examples]
    fitted = {}
    for place, name in enumerate(guide.operations):
        shares = np.array([min(1.0, each.get(name, 0.0)) for each in wanted])
        if LEAST < shares.mean() < 1 - LEAST:
            fitted[place] = _fit(make(), features, shares)
        tick(place + 1, len(guide.operations))
    model: Any = BoostedModel(guide.model, fitted)
    return replace(guide, model=model)


def _fit(classifier: Any, features: Any, shares: Any) -> Any:
    """A task stands in twice: as one that has the operation, by the share of its programs, and as one that lacks it."""
    rows, labels = np.vstack([features, features]), np.repeat([1, 0], len(shares))
    weights = np.concatenate([shares, 1 - shares])
    kept = weights > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return classifier.fit(rows[kept], labels[kept], sample_weight=weights[kept])
