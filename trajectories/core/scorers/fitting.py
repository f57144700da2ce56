"""Fitting a scorer: nested cross-validation by problem, so that nothing is measured on what was fitted.

The problems are parted into folds. The model of a fold learns from all other folds: an inner cross-validation over
these chooses the method with the least log loss and gives the scores by which it is calibrated (Platt 1999; isotonic,
Zadrozny & Elkan 2002, where there are enough). What it then says of its own fold is what is measured.

The library is imported where it is used: pages and most workers need none of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.core.faults import Fault
from trajectories.core.scorers.features import BUCKETS, Example
from trajectories.core.scorers.metrics import SMALLEST, auc
from trajectories.core.scorers.stored import LEAF, Floats, FoldModel, StoredScorer, Tree, calibrated

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

FOLDS, INNER_FOLDS = 5, 3
LEAST_OF_A_CLASS = 20
"""So many right ones and so many wrong ones are needed, each of at least FOLDS problems."""
ISOTONIC_FROM = 1_000
NUMBERS, TEXT, TREES = "numbers", "text", "trees"
METHODS = {
    NUMBERS: "Logistic regression on the numbers",
    TEXT: "Logistic regression on the numbers and the words",
    TREES: "Boosted trees on the numbers",
}
TREE_COUNT, TREE_DEPTH, TREE_RATE, TREE_SHARE = 100, 3, 0.1, 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What is learnt from: examples, whether each is right, and the problem that it is of."""

    examples: Sequence[Example]
    right: Flags
    problems: Ints

    def taken(self, rows: Ints) -> "Lessons":
        """Some of them."""
        return Lessons([self.examples[row] for row in rows.tolist()], self.right[rows], self.problems[rows])


@dataclass(frozen=True, slots=True)
class Telling:
    """How much one number tells: the AUC that it has alone (None where it is always the same), and its weight in the
    log odds for one standard deviation, a mean over the models that are no trees (None where all are)."""

    name: str
    alone: float | None
    weight: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A scorer, its scores of what it learnt from, each by the model that did not, and how it came about."""

    scorer: StoredScorer
    scores: Floats
    methods: Sequence[str]
    telling: Sequence[Telling]


def fit(
    lessons: Lessons,
    *,
    kind: str,
    votes: bool,
    names: Sequence[str],
    seed: int,
    tell: Callable[[int, int], None],
) -> Fitted:
    """Learn a scorer. `tell` hears how many models of how many are fitted. Raises Fault where there is too little."""
    check(lessons)
    folds = _folds(lessons, FOLDS, seed)
    models: list[FoldModel] = []
    scores = np.zeros(len(lessons.right))
    parts: dict[int, int] = {}
    total, each = FOLDS * (len(METHODS) * INNER_FOLDS + 1), len(METHODS) * INNER_FOLDS + 1
    for number, held in enumerate(folds):
        others = lessons.taken(np.setdiff1d(np.arange(len(scores)), held))
        models.append(_fit_fold(others, seed, partial(_tell_after, tell, number * each, total)))
        scores[held] = models[-1].score([lessons.examples[row] for row in held.tolist()])
        parts |= dict.fromkeys(map(int, np.unique(lessons.problems[held])), number)
        tell((number + 1) * each, total)
    scorer = StoredScorer(kind, votes, tuple(names), parts, models)
    return Fitted(scorer, scores, [model.method for model in models], _telling(lessons, models, names))


def _tell_after(tell: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    tell(before + done, total)


def check(lessons: Lessons) -> None:
    """Raises Fault where there is too little to learn from."""
    found = []
    for flag in (True, False):
        rows = lessons.right == flag
        found.append((int(rows.sum()), len(np.unique(lessons.problems[rows]))))
    if any(count < LEAST_OF_A_CLASS or problems < FOLDS for count, problems in found):
        (right, of_right), (wrong, of_wrong) = found
        raise Fault(
            f"Found {right:,} right ones of {of_right:,} problems and {wrong:,} wrong ones of {of_wrong:,}, expected "
            f"at least {LEAST_OF_A_CLASS} right and {LEAST_OF_A_CLASS} wrong ones, each of {FOLDS} problems or more."
        )


def _folds(lessons: Lessons, count: int, seed: int) -> list[Ints]:
    """Rows in parts of whole problems, with as even a share of right ones as that allows."""
    from sklearn.model_selection import StratifiedGroupKFold

    parting = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    rows = np.zeros(len(lessons.right))
    found = [held for _, held in parting.split(rows, lessons.right, lessons.problems)]
    for held in found:
        others = np.delete(lessons.right, held)
        if not len(held) or others.all() or not others.any():
            raise Fault(
                f"The problems cannot be parted into {count} so that the others of each have right and wrong ones: "
                "nearly all right ones, or wrong ones, are of one problem. Expected them spread over more problems."
            )
    return found


def _fit_fold(lessons: Lessons, seed: int, tell: Callable[[int], None]) -> FoldModel:
    """The best method of an inner cross-validation, fitted to all of these and calibrated by what it said there."""
    inner = _folds(lessons, INNER_FOLDS, seed)
    best: tuple[float, str, tuple[str, Floats, Floats]] | None = None
    done = 0
    for method in METHODS:
        odds = np.zeros(len(lessons.right))
        for held in inner:
            others = np.setdiff1d(np.arange(len(odds)), held)
            model = _fit_method(method, lessons.taken(others), seed)
            odds[held] = model.odds([lessons.examples[row] for row in held.tolist()])
            done += 1
            tell(done)
        curve = _curve(odds, lessons.right)
        loss = _log_loss(calibrated(_sigmoid(odds, lessons.right), odds), lessons.right)
        if best is None or loss < best[0]:
            best = loss, method, curve
    assert best is not None  # METHODS are not empty
    return replace(_fit_method(best[1], lessons, seed), curve=best[2])


def _fit_method(method: str, lessons: Lessons, seed: int) -> FoldModel:
    """A model by one method, whose log odds are not calibrated yet."""
    numbers = np.array([each.numbers for each in lessons.examples], dtype=float)
    unknown = np.isnan(numbers)
    counted = np.where(unknown, 0.0, numbers).sum(axis=0) / np.maximum((~unknown).sum(axis=0), 1)
    filled = np.where(unknown, counted, numbers)
    deviation = filled.std(axis=0)
    scale = np.where(deviation > SMALLEST, deviation, 1.0)
    plain = FoldModel(
        method=method, fill=counted, mean=filled.mean(axis=0), scale=scale, bias=0.0,
        weights=np.zeros(numbers.shape[1]), words=np.zeros(0), trees=(),
        curve=("sigmoid", np.array([1.0]), np.array([0.0])),
    )  # fmt: skip
    if method == TREES:
        bias, trees = _grow(filled, lessons.right, seed)
        return replace(plain, bias=bias, trees=trees)
    bias, weights = _regress((filled - plain.mean) / scale, lessons, with_words=method == TEXT)
    width = numbers.shape[1]
    return replace(plain, bias=bias, weights=weights[:width], words=weights[width:])


def _regress(scaled: Floats, lessons: Lessons, *, with_words: bool) -> tuple[float, Floats]:
    """Bias and weights of a logistic regression with the usual penalty on large weights."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression

    seen: Any = scaled
    if with_words:
        words = [example.words for example in lessons.examples]
        starts = np.concatenate([[0], np.cumsum([len(buckets) for buckets, _ in words])])
        columns = np.concatenate([buckets for buckets, _ in words])
        counts = np.concatenate([weights for _, weights in words])
        seen = hstack([csr_matrix(scaled), csr_matrix((counts, columns, starts), (len(words), BUCKETS))], format="csr")
    model = LogisticRegression(C=1.0, max_iter=2_000).fit(seen, lessons.right)
    return float(model.intercept_[0]), np.asarray(model.coef_[0], dtype=float)


def _grow(filled: Floats, right: Flags, seed: int) -> tuple[float, list[Tree]]:
    """Bias and trees of gradient boosting."""
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(
        n_estimators=TREE_COUNT, max_depth=TREE_DEPTH, learning_rate=TREE_RATE, subsample=TREE_SHARE, random_state=seed
    ).fit(filled, right)
    trees = [
        Tree(
            feature=[int(each) if each >= 0 else LEAF for each in grown.feature],
            threshold=grown.threshold.tolist(),
            left=grown.children_left.tolist(),
            right=grown.children_right.tolist(),
            value=(TREE_RATE * grown.value[:, 0, 0]).tolist(),
        )
        for grown in (each.tree_ for each in model.estimators_[:, 0])
    ]
    share = right.mean()
    return float(np.log(share / (1 - share))), trees


def _curve(odds: Floats, right: Flags) -> tuple[str, Floats, Floats]:
    """What makes true probabilities of log odds: a rising line where there are enough, else a sigmoid."""
    if len(right) < ISOTONIC_FROM:
        return _sigmoid(odds, right)
    from sklearn.isotonic import IsotonicRegression

    line = IsotonicRegression(y_min=SMALLEST, y_max=1 - SMALLEST, out_of_bounds="clip").fit(odds, right.astype(float))
    return "isotonic", np.asarray(line.X_thresholds_, float), np.asarray(line.y_thresholds_, float)


def _sigmoid(odds: Floats, right: Flags) -> tuple[str, Floats, Floats]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e4, max_iter=2_000).fit(odds[:, None], right)
    slope, bias = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope <= 0:  # nothing was learnt: everything is as likely as all together
        share = float(right.mean())
        slope, bias = 0.0, float(np.log(share / (1 - share)))
    return "sigmoid", np.array([slope]), np.array([bias])


def _log_loss(scores: Floats, right: Flags) -> float:
    held = np.clip(scores, SMALLEST, 1 - SMALLEST)
    return float(-np.mean(np.where(right, np.log(held), np.log(1 - held))))


def _telling(lessons: Lessons, models: Sequence[FoldModel], names: Sequence[str]) -> list[Telling]:
    """What each number tells, the most telling first."""
    numbers = np.array([each.numbers for each in lessons.examples], dtype=float)
    plain = [model.weights for model in models if model.method != TREES]
    found = []
    for place, name in enumerate(names):
        known = ~np.isnan(numbers[:, place])
        values = numbers[known, place]
        alone = auc(values, lessons.right[known]) if len(values) and values.min() < values.max() else None
        weight = float(np.mean([weights[place] for weights in plain])) if plain else None
        found.append(Telling(name, alone, weight))
    return sorted(found, key=lambda each: -abs((0.5 if each.alone is None else each.alone) - 0.5))
