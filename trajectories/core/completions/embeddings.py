"""Reading what an endpoint answers to /embeddings. What comes is hostile: every field may be anything."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.core.completions.replies import ReplyError

MOST_NUMBERS = 16_384
"""Numbers of a vector; the largest models give 4,096 or so."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of texts in the order in which these were given, and the tokens that were counted for all of them;
    None where the endpoint does not say."""

    vectors: Sequence[Sequence[float]]
    tokens: int | None


def read_embeddings(text: str, count: int) -> Embedded:
    """The vectors of `count` texts. Raises ReplyError, or ValueError for what is no JSON."""
    whole = json.loads(text)
    rows = whole.get("data") if isinstance(whole, Mapping) else None
    if not isinstance(rows, list) or len(rows) != count:
        found = f"{len(rows)} vectors" if isinstance(rows, list) else "no list of vectors"
        raise ReplyError(f"found {found} for {count} texts")
    placed: dict[int, Sequence[float]] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise ReplyError("found a vector that is no object")
        index = row.get("index", place)
        placed[index if type(index) is int else place] = read_vector(row.get("embedding"))
    if sorted(placed) != list(range(count)):
        raise ReplyError(f"found vectors for other texts than the {count} that were sent")
    if len({len(vector) for vector in placed.values()}) > 1:
        raise ReplyError("found vectors of different lengths")
    usage = whole.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, Mapping) else None
    return Embedded([placed[place] for place in range(count)], tokens if type(tokens) is int and tokens >= 0 else None)


def read_vector(found: Any) -> Sequence[float]:
    """A vector: a list of finite numbers that are not all 0. Raises ReplyError."""
    if not isinstance(found, list) or not 0 < len(found) <= MOST_NUMBERS:
        raise ReplyError(f"found no vector of 1 to {MOST_NUMBERS:,} numbers")
    if not all(type(each) in (int, float) and math.isfinite(each) for each in found) or not any(found):
        raise ReplyError("found a vector that is not of finite numbers, some of them other than 0")
    return [float(each) for each in found]
