"""A scorer as data: numbers in JSON, never code. It is used with numpy alone, whatever it was fitted with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.core.faults import Fault
from trajectories.core.identity import canonical_json
from trajectories.core.records import JSON
from trajectories.core.scorers.features import BUCKETS, VERSION, Example

Floats = NDArray[np.float64]
FORMAT = 1
KINDS = ("outcome", "process")
LEAF = -1
_FARTHEST = 30.0
"""Log odds are held so far from 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A decision tree: at node i an example goes to `left` where number `feature[i]` is at most `threshold[i]`, else to
    `right`; a leaf has the feature LEAF, and its `value` is added."""

    feature: Sequence[int]
    threshold: Sequence[float]
    left: Sequence[int]
    right: Sequence[int]
    value: Sequence[float]


@dataclass(frozen=True, slots=True, eq=False)
class FoldModel:
    """The model of one part of the problems, learnt from all the others.

    `fill`, `mean` and `scale` make numbers comparable: what is unknown is filled, then (x - mean) / scale. The log odds
    are `bias` plus `weights` times these, plus `words` times the counted words (empty where the text is not used), plus
    what the `trees` add; the trees see numbers that are filled and not scaled. `curve` makes a true probability of
    them: two numbers (a, b) for 1 / (1 + exp(-(a x + b))), or the points of a rising line (xs, ys).
    """

    method: str
    fill: Floats
    mean: Floats
    scale: Floats
    bias: float
    weights: Floats
    words: Floats
    trees: Sequence[Tree]
    curve: tuple[str, Floats, Floats]

    def odds(self, examples: Sequence[Example]) -> Floats:
        """The log odds of examples, before calibration."""
        numbers = np.array([each.numbers for each in examples], dtype=float).reshape(len(examples), len(self.fill))
        filled = np.where(np.isnan(numbers), self.fill, numbers)
        found: Floats = self.bias + ((filled - self.mean) / self.scale) @ self.weights
        if len(self.words):
            found = found + np.array([float(self.words[each.words[0]] @ each.words[1]) for each in examples])
        for tree in self.trees:
            found = found + _grown(tree, filled)
        return found

    def score(self, examples: Sequence[Example]) -> Floats:
        """The probability that each example is right."""
        return calibrated(self.curve, self.odds(examples))


@dataclass(frozen=True, slots=True, eq=False)
class StoredScorer:
    """A whole scorer. `names` are the numbers that it looks at, `folds` the part of each problem it learnt from."""

    kind: str
    votes: bool
    names: tuple[str, ...]
    folds: Mapping[int, int]
    models: Sequence[FoldModel]

    def score(self, problem: int, examples: Sequence[Example]) -> Floats:
        """The probability that each example of a problem is right, by models that have not seen the problem."""
        if not examples:
            return np.zeros(0)
        if problem in self.folds:
            return self.models[self.folds[problem]].score(examples)
        found: Floats = np.mean([model.score(examples) for model in self.models], axis=0)
        return found

    def to_text(self) -> str:
        """The stored form: the same scorer is the same text."""
        return canonical_json(
            {
                "format": FORMAT,
                "features": VERSION,
                "kind": self.kind,
                "votes": self.votes,
                "names": list(self.names),
                "folds": {str(key): fold for key, fold in self.folds.items()},
                "models": [_model_json(model) for model in self.models],
            }
        )


def read_scorer(value: JSON) -> StoredScorer:
    """The scorer of a stored form. Raises Fault for anything else."""
    found = (value.get("format"), value.get("features")) if isinstance(value, dict) else None
    if found != (FORMAT, VERSION):
        raise Fault(
            f"Found a scorer of the format and features {found}, expected {(FORMAT, VERSION)}: train it again here."
        )
    try:
        scorer = StoredScorer(
            kind=str(value["kind"]),
            votes=bool(value["votes"]),
            names=tuple(map(str, value["names"])),
            folds={int(key): int(fold) for key, fold in value["folds"].items()},
            models=[_model(each, len(value["names"])) for each in value["models"]],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Fault(f"Found a file that is no whole scorer ({fault}), expected one that was trained here.") from fault
    if (
        scorer.kind not in KINDS
        or not scorer.models
        or any(not 0 <= f < len(scorer.models) for f in scorer.folds.values())
    ):
        raise Fault("Found a scorer without a model for each part of its problems, expected one that was trained here.")
    return scorer


def calibrated(curve: tuple[str, Floats, Floats], odds: Floats) -> Floats:
    """The probabilities that log odds stand for."""
    shape, first, second = curve
    if shape == "sigmoid":
        odds = first[0] * odds + second[0]
        found: Floats = 1 / (1 + np.exp(-np.clip(odds, -_FARTHEST, _FARTHEST)))
        return found
    return np.asarray(np.interp(odds, first, second), dtype=float)


def _grown(tree: Tree, numbers: Floats) -> Floats:
    feature, threshold = np.asarray(tree.feature), np.asarray(tree.threshold)
    left, right = np.asarray(tree.left), np.asarray(tree.right)
    # As they were fitted: in single precision.
    single = numbers.astype(np.float32)
    at = np.zeros(len(numbers), dtype=np.int64)
    rows = np.arange(len(numbers))
    while True:
        inner = feature[at] != LEAF
        if not inner.any():
            return np.asarray(np.asarray(tree.value)[at], dtype=float)
        goes_left = single[rows, np.where(inner, feature[at], 0)] <= threshold[at]
        at = np.where(inner, np.where(goes_left, left[at], right[at]), at)


def _model_json(model: FoldModel) -> dict[str, JSON]:
    plain = {name: getattr(model, name).tolist() for name in ("fill", "mean", "scale", "weights", "words")}
    trees = [{name: list(getattr(tree, name)) for name in Tree.__dataclass_fields__} for tree in model.trees]
    shape, first, second = model.curve
    curve = [shape, first.tolist(), second.tolist()]
    return {**plain, "method": model.method, "bias": model.bias, "trees": trees, "curve": curve}


def _model(value: Any, width: int) -> FoldModel:
    given = {name: np.array(value[name], dtype=float) for name in ("fill", "mean", "scale", "weights", "words")}
    shape, first, second = value["curve"]
    wrong = [name for name in ("fill", "mean", "scale", "weights") if given[name].shape != (width,)]
    if wrong or given["words"].shape not in ((0,), (BUCKETS,)) or shape not in ("sigmoid", "isotonic"):
        raise ValueError(f"{', '.join(wrong) or 'words or curve'} of another size")
    trees = [_tree(each, width) for each in value["trees"]]
    curve = (str(shape), np.array(first, dtype=float), np.array(second, dtype=float))
    return FoldModel(str(value["method"]), bias=float(value["bias"]), trees=trees, curve=curve, **given)


def _tree(value: Any, width: int) -> Tree:
    """A tree whose branches lead down, so that walking it ends."""
    tree = Tree(**{name: list(value[name]) for name in Tree.__dataclass_fields__})
    for place, feature in enumerate(tree.feature):
        below = (tree.left[place], tree.right[place])
        if feature != LEAF and not (0 <= feature < width and all(place < each < len(tree.feature) for each in below)):
            raise ValueError(f"node {place} of a tree leads nowhere")
    return tree
