"""The weights of samples among those drawn with them: one function each, of rows of k samples."""

import numpy as np

from trajectories.core.consolidation.ways.base import Drawn, Floats, Value

PERFECT = 1_000.0
"""What a program that reproduces every training pair counts beside the sum of 1/rank, which stays far below."""


def one_each(drawn: Drawn) -> Floats:
    """Every answer counts 1."""
    return np.ones(drawn.voters.shape)


def fits_of(drawn: Drawn) -> Floats:
    """The share of training pairs, whatever else was drawn."""
    return drawn.known(Value.FITS)


def score_of(drawn: Drawn) -> Floats:
    """What the scorer gives, whatever else was drawn."""
    return drawn.known(Value.SCORE)


def certainty_of(drawn: Drawn) -> Floats:
    """The geometric mean of the probabilities of tokens, whatever else was drawn."""
    return drawn.known(Value.CERTAINTY)


def perfect_of(drawn: Drawn) -> Floats:
    """1 for a program that reproduces every training pair, else 0."""
    return (drawn.known(Value.FITS) >= 1.0).astype(np.float64)


def by_fits(drawn: Drawn) -> Floats:
    """Every answer counts its share of training pairs."""
    return _or_one(drawn, fits_of(drawn))


def by_score(drawn: Drawn) -> Floats:
    """Every answer counts what the scorer gives it."""
    return _or_one(drawn, score_of(drawn))


def by_certainty(drawn: Drawn) -> Floats:
    """Every answer counts the geometric mean of its tokens' probabilities."""
    return _or_one(drawn, certainty_of(drawn))


def best_score(drawn: Drawn) -> Floats:
    """The scorer's value; a sample without one comes after all that have one."""
    return _known_first(drawn, Value.SCORE)


def best_fit(drawn: Drawn) -> Floats:
    """The share of training pairs; a sample without one comes after all that have one."""
    return _known_first(drawn, Value.FITS)


def perfect_then_ranks(drawn: Drawn) -> Floats:
    """Votes of programs that reproduce all training pairs; among equal ones, and where there are none, sums of 1/rank.

    Samples are ranked by their share of training pairs, then of right cells. Those that are alike share the mean of
    their 1/rank, so that no order of equals matters.
    """
    fits, closeness = drawn.known(Value.FITS), drawn.known(Value.CLOSENESS)
    # A share of cells can never outweigh a training pair: no task has a thousand of them.
    ranked = np.where(drawn.voters, fits * 1_000 + closeness, -1.0)
    found = _reciprocal_ranks(ranked)
    found[fits >= 1.0] += PERFECT
    return found


def _or_one(drawn: Drawn, weights: Floats) -> Floats:
    """The weights, or 1 each in the rows in which no sample with an answer has any."""
    somebody = np.any(drawn.voters & (weights > 0), axis=1, keepdims=True)
    return np.where(somebody, weights, 1.0)


def _known_first(drawn: Drawn, value: Value) -> Floats:
    given = drawn.values[value]
    return np.where(np.isnan(given), 0.5, 1.0 + np.nan_to_num(given))


def _reciprocal_ranks(values: Floats) -> Floats:
    """1/rank in each row, the greatest value first; equal values share the mean of theirs."""
    rows, k = values.shape
    if not values.size:
        return np.zeros(values.shape)
    order = np.argsort(-values, axis=1)
    order += k * np.arange(rows)[:, None]
    ranked = values.ravel().take(order)
    begins = np.ones((rows, k), dtype=bool)
    np.not_equal(ranked[:, 1:], ranked[:, :-1], out=begins[:, 1:])
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, k + 1))])
    found = np.empty(rows * k)
    if begins.all():
        found[order] = np.diff(harmonic)
        return found.reshape(rows, k)
    levels = np.flatnonzero(begins)
    sizes = np.diff(levels, append=rows * k)
    first = levels % k
    found[order.ravel()] = np.repeat((harmonic[first + sizes] - harmonic[first]) / sizes, sizes)
    return found.reshape(rows, k)
