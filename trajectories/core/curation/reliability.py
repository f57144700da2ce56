"""Whom to believe how far: the model of Dawid and Skene (1979) by expectation maximisation.

Every item has one true decision that nobody sees; everybody has a table of how often they give which decision where
another one is true. Both are estimated from who decided what, with no answer known. Where several truths are equally
likely the item stays a tie: it belongs before a person, not to whichever decision comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 200
TOLERANCE = 1e-7
"""The change of any posterior at which the estimate counts as settled."""
TIE = 1e-6
"""Posteriors that differ by less are equal."""
LEAST = 1e-10

NOTHING_SHARED = "None of their items was decided on by anybody else."
ONE_CLASS = "Everybody gave the same decision everywhere, so nobody can be told from anybody."

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Who decided what: one position per decision in each array, all numbered from 0.

    `items`, `people` and `categories` are the lengths of what is numbered; nobody decides twice on one item. `weights`
    (items) says how many items each stands for: items on which the same people gave the same decisions are the same.
    """

    item: Whole
    person: Whole
    category: Whole
    items: int
    people: int
    categories: int
    weights: Floats

    @classmethod
    def of(
        cls,
        rows: Sequence[tuple[int, int, int]],
        *,
        items: int,
        people: int,
        categories: int,
        weights: Sequence[int] | None = None,
    ) -> "Decisions":
        """From rows of (item, person, category); without `weights` each item stands for itself."""
        columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
        each = np.ones(items) if weights is None else np.array(weights, dtype=float)
        return cls(columns[:, 0], columns[:, 1], columns[:, 2], items, people, categories, each)


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """What the model finds. `posterior` is (items x categories), its rows sum to 1.

    `tables` (people x true category x decision) says how often a person gives a decision where a category is true.
    `shared` (people) counts the decisions of each on items that somebody else decided on too; `why` says why nothing
    about people is known, "" where it is.
    """

    posterior: Floats
    tables: Floats
    prior: Floats
    shared: Whole
    why: str = ""

    def decision(self, item: int) -> int | None:
        """The likeliest category of an item; None where several are equally likely."""
        row = self.posterior[item]
        best = np.flatnonzero(row >= row.max() - TIE)
        return int(best[0]) if len(best) == 1 else None

    def reliability(self, person: int) -> float | None:
        """The chance that the person's decision on an item is the true one; None where undefined."""
        if self.why or not self.shared[person]:
            return None
        return float(self.prior @ np.diagonal(self.tables[person]))

    def why_undefined(self, person: int) -> str:
        """Why there is no reliability of a person; "" where there is."""
        return self.why or ("" if self.shared[person] else NOTHING_SHARED)


def dawid_skene(decisions: Decisions, *, smoothing: float = 0.0) -> Estimate:
    """Estimate truths and reliabilities, beginning with the shares of votes.

    `smoothing` is a number of imagined wrong decisions in every row of a person's table, beside twice as many right
    ones, so that somebody with two decisions is neither perfect nor worthless, and that a table which says the opposite
    of the truth is not as good as one that says the truth. With 0 this is the method of the paper.
    """
    posterior = votes = _vote_shares(decisions)
    prior, tables = _maximise(decisions, posterior, smoothing)
    for _ in range(ROUNDS):
        before, posterior = posterior, _expect(decisions, prior, tables)
        prior, tables = _maximise(decisions, posterior, smoothing)
        if not decisions.items or np.abs(posterior - before).max() < TOLERANCE:
            break
    per_item = np.bincount(decisions.item, minlength=decisions.items)
    together = per_item[decisions.item] > 1
    counted = decisions.weights[decisions.item[together]]
    shared = np.bincount(decisions.person[together], weights=counted, minlength=decisions.people).astype(np.int64)
    one_class = decisions.items > 0 and np.count_nonzero(votes.sum(axis=0)) < 2
    return Estimate(posterior, tables, prior, shared, ONE_CLASS if one_class else "")


def _vote_shares(decisions: Decisions) -> Floats:
    cells = decisions.item * decisions.categories + decisions.category
    votes = np.bincount(cells, minlength=decisions.items * decisions.categories).astype(float)
    votes = votes.reshape(decisions.items, decisions.categories)
    total = votes.sum(axis=1, keepdims=True)
    unknown = np.full_like(votes, 1 / decisions.categories)
    return np.asarray(np.divide(votes, total, out=unknown, where=total > 0))


def _maximise(decisions: Decisions, posterior: Floats, smoothing: float) -> tuple[Floats, Floats]:
    """The prior and everybody's table that make what was decided likeliest, given the posterior."""
    width = decisions.categories
    tables = np.tile(smoothing * (np.ones((width, width)) + np.eye(width)), (decisions.people, 1, 1))
    cells = decisions.person * width + decisions.category
    for truth in range(width):
        weights = (posterior[:, truth] * decisions.weights)[decisions.item]
        found = np.bincount(cells, weights=weights, minlength=decisions.people * width)
        tables[:, truth, :] += found.reshape(decisions.people, width)
    tables = np.maximum(tables, LEAST)
    prior = decisions.weights @ posterior / decisions.weights.sum() if decisions.items else np.full(width, 1 / width)
    return prior, tables / tables.sum(axis=2, keepdims=True)


def _expect(decisions: Decisions, prior: Floats, tables: Floats) -> Floats:
    """The posterior of every item's truth, given everybody's table."""
    logs = np.empty((decisions.items, decisions.categories))
    table_logs = np.log(tables)
    with np.errstate(divide="ignore"):
        prior_logs = np.log(prior)
    for truth in range(decisions.categories):
        each = table_logs[decisions.person, truth, decisions.category]
        logs[:, truth] = np.bincount(decisions.item, weights=each, minlength=decisions.items) + prior_logs[truth]
    logs -= logs.max(axis=1, keepdims=True)
    found = np.exp(logs)
    return np.asarray(found / found.sum(axis=1, keepdims=True))
