"""A small network with two hidden layers, softmax and Adam (Kingma & Ba 2015), in numpy.

scikit-learn's MLPClassifier.partial_fit does the same; docs/benchmarks.md says how much longer it takes for the few
rows of one step of an episode, which is why it is not used.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

HIDDEN = 128
LAYERS = 3
RATE, BETA1, BETA2, EPSILON = np.float32(1e-3), np.float32(0.9), np.float32(0.999), np.float32(1e-8)


class Network:
    """inputs - 128 - 128 - actions. Everything is in single precision and goes into a checkpoint bit for bit."""

    def __init__(self, inputs: int, outputs: int, rng: np.random.Generator) -> None:
        widths = (inputs, HIDDEN, HIDDEN, outputs)
        self._w = [(rng.standard_normal((a, b)) * np.sqrt(2 / (a + b))).astype(np.float32) for a, b in pairwise(widths)]
        self._b = [np.zeros(width, dtype=np.float32) for width in widths[1:]]
        self._params = [*self._w, *self._b]
        self._first = [np.zeros_like(each) for each in self._params]
        self._second = [np.zeros_like(each) for each in self._params]
        self._taken = 0

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """The probability of each action, a row for each input."""
        return self._forward(rows)[-1]

    def _forward(self, rows: np.ndarray) -> list[np.ndarray]:
        layers = [rows]
        for place in range(LAYERS - 1):
            layers.append(np.maximum(layers[-1] @ self._w[place] + self._b[place], 0))
        scores = layers[-1] @ self._w[-1] + self._b[-1]
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        layers.append(odds / odds.sum(axis=1, keepdims=True))
        return layers

    def fit(self, rows: np.ndarray, actions: np.ndarray) -> None:
        """One step of Adam on the cross-entropy of all rows."""
        layers = self._forward(rows)
        slope = layers[-1]
        slope[np.arange(len(rows)), actions] -= 1
        slope /= np.float32(len(rows))
        slopes: list[np.ndarray] = []
        shifts: list[np.ndarray] = []
        for place in range(LAYERS - 1, -1, -1):
            slopes.insert(0, layers[place].T @ slope)
            shifts.insert(0, slope.sum(axis=0))
            if place:
                slope = (slope @ self._w[place].T) * (layers[place] > 0)
        self._adam([*slopes, *shifts])

    def _adam(self, slopes: list[np.ndarray]) -> None:
        self._taken += 1
        size = RATE * np.sqrt(1 - BETA2**self._taken) / (1 - BETA1**self._taken)
        for param, slope, first, second in zip(self._params, slopes, self._first, self._second, strict=True):
            first[...] += (1 - BETA1) * (slope - first)
            second[...] += (1 - BETA2) * (slope * slope - second)
            param[...] -= np.float32(size) * first / (np.sqrt(second) + EPSILON)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that a checkpoint keeps, by name."""
        kept = {"taken": np.array(self._taken)}
        for name, each in (("params", self._params), ("first", self._first), ("second", self._second)):
            kept |= {f"{name}_{place}": array for place, array in enumerate(each)}
        return kept

    def load(self, kept: Mapping[str, np.ndarray]) -> None:
        """Go on from a checkpoint."""
        self._taken = int(kept["taken"])
        for name, each in (("params", self._params), ("first", self._first), ("second", self._second)):
            for place, array in enumerate(each):
                array[...] = kept[f"{name}_{place}"]
