"""How near problems are to one that is asked: by the features of ARC tasks, by words, or by embeddings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float32]
"""The numbers of one problem."""

Words = NDArray[np.int32]
"""The words of one problem as numbers, each once."""

Nearness = NDArray[np.float64]
"""One number for each candidate; the greater, the nearer."""


def near_by_features(asked: Row, candidates: Sequence[Row]) -> Nearness:
    """One less the mean difference of features, which are in [0, 1] each: 1 for the same features."""
    near: Nearness = 1.0 - np.abs(np.stack(candidates) - asked).mean(axis=1, dtype=np.float64)
    return near


def unit(numbers: Sequence[float]) -> Row:
    """A vector at length 1, all zeros where it has no length: nearness goes by directions alone."""
    wide = np.array(numbers, dtype=np.float64)
    largest = np.abs(wide).max(initial=0.0)
    if largest:
        wide /= largest  # squares of very large or small numbers are none
        wide /= np.linalg.norm(wide)
    return wide.astype(np.float32)


def near_by_vectors(asked: Row, candidates: Sequence[Row]) -> Nearness:
    """The cosine of the angle to each, in [-1, 1], of vectors of length 1 (see `unit`); -1 for one that has not as many
    numbers as the one asked."""
    near = np.full(len(candidates), -1.0)
    alike = [place for place, vector in enumerate(candidates) if vector.shape == asked.shape]
    if alike:
        near[alike] = np.stack([candidates[place] for place in alike]) @ asked
    return near


def near_by_words(asked: Words, candidates: Sequence[Words]) -> Nearness:
    """The weight of the words that both have over that of the words that either has, in [0, 1].

    A word weighs the more the fewer of the candidates have it (Sparck Jones 1972); one that all have weighs little, and
    not nothing, so that candidates of one template still differ by how long they are.
    """
    sizes = np.array([len(words) for words in candidates])
    if not sizes.sum():
        return np.zeros(len(candidates))
    every = np.concatenate(candidates)
    vocabulary = int(max(every.max(), asked.max(initial=0))) + 1
    weights = np.log1p(len(candidates) / (1.0 + np.bincount(every, minlength=vocabulary)))
    wanted = np.zeros(vocabulary, bool)
    wanted[asked] = True
    owner = np.repeat(np.arange(len(candidates)), sizes)
    own = np.bincount(owner, weights=weights[every], minlength=len(candidates))
    shared = np.bincount(owner, weights=weights[every] * wanted[every], minlength=len(candidates))
    union = own + weights[asked].sum() - shared
    near: Nearness = np.divide(shared, union, out=np.zeros(len(candidates)), where=union > 0)
    return near
