"""How different the samples of a problem are."""

import math
from collections.abc import Sequence


def distinct_at_k(counts: Sequence[int], k: int, *, silent: int = 0) -> float | None:
    """How many different things k of the samples hold on average; `counts` are the samples of each thing, and `silent`
    samples that hold none.

    The expectation over all ways of drawing k without replacement (rarefaction, Hurlbert 1971); None where there are
    fewer than k samples. Raises ValueError where k < 1 or a count is negative.
    """
    if k < 1 or min(counts, default=0) < 0:
        found = f"k={k}, counts {list(counts)[:9]}"
        raise ValueError(f"distinct@k: found {found}; expected k of at least 1, no count below 0")
    samples = silent + sum(counts)
    if samples < k:
        return None
    return sum(1.0 - _none_of(count, samples, k) for count in counts)


def _none_of(count: int, samples: int, k: int) -> float:
    """The chance that k of the samples hold none of `count` certain ones."""
    if samples - count < k:
        return 0.0
    ways = math.lgamma(samples - count + 1) - math.lgamma(samples - count - k + 1)
    return math.exp(ways - math.lgamma(samples + 1) + math.lgamma(samples - k + 1))


def entropy_bits(counts: Sequence[int]) -> float:
    """The entropy of the shares in bits: 0 where all are the same, log2 of their number where they are even."""
    samples = sum(counts)
    return -sum(count / samples * math.log2(count / samples) for count in counts if count) if samples else 0.0
