"""How alike two statements are: Jaccard similarity of their word 3-shingles, estimated by MinHash where there are many.

MinHash: Broder 1997, "On the resemblance and containment of documents". Sketches are compared one with all, not through
buckets (LSH), so that the nearest neighbour is found also where it is below the threshold.
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from trajectories.core.problems.kinds import choices_of
from trajectories.core.records import JSON, ProblemRecord

SHINGLE = 3
PERMUTATIONS = 128
SEED = 1
SKETCH_VERSION = 1
"""Raised when the same text gets another sketch."""

CLOSEST_COMPARED = 16
"""The neighbours by estimate whose similarity is computed exactly."""

LESS_THAN_SAME = 0.999
"""The most that two different texts are alike."""

_TOKEN = re.compile(r"\w+|[^\w\s]")


def comparable_text(record: ProblemRecord) -> str:
    """What of a problem is compared: its statement with its choices. ARC tasks have a canonical form instead."""
    return "\n".join([record.statement, *choices_of(record.kind, record.spec)])


def tokens_of(text: str) -> tuple[str, ...]:
    """Words, and signs one by one, without case and Unicode variants. Signs count: "3 + 4" is not "3 - 4"."""
    return tuple(_TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()))


def shingles_of(tokens: Sequence[str]) -> frozenset[str]:
    """All runs of SHINGLE tokens; a shorter text is one shingle."""
    if len(tokens) <= SHINGLE:
        return frozenset([" ".join(tokens)])
    return frozenset(" ".join(tokens[at : at + SHINGLE]) for at in range(len(tokens) - SHINGLE + 1))


def similarity(first: str, second: str) -> float:
    """Jaccard similarity of the shingles in [0, 1]; 1 only for the same tokens in the same order."""
    one, other = tokens_of(first), tokens_of(second)
    if one == other:
        return 1.0
    left, right = shingles_of(one), shingles_of(other)
    return min(len(left & right) / len(left | right), LESS_THAN_SAME)


def sketch_of(text: str) -> bytes:
    """The MinHash of a text: PERMUTATIONS little-endian 32-bit numbers."""
    # Its package imports all of scipy: two seconds at the start of every process, were it not done here.
    from datasketch import MinHash

    minhash = MinHash(num_perm=PERMUTATIONS, seed=SEED)
    minhash.update_batch([shingle.encode("utf-8", "surrogatepass") for shingle in shingles_of(tokens_of(text))])
    return bytes(minhash.hashvalues.astype("<u4").tobytes())


class SketchTable:
    """Sketches with keys, to find the closest ones to a new one."""

    def __init__(self) -> None:
        self._keys: list[JSON] = []
        self._rows = np.empty((0, PERMUTATIONS), dtype="<u4")
        self._waiting: list[bytes] = []

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: JSON, sketch: bytes) -> None:
        """Take in one sketch. Raises ValueError where it has another length."""
        if len(sketch) != 4 * PERMUTATIONS:
            raise ValueError(f"a sketch of {len(sketch)} bytes, expected {4 * PERMUTATIONS}")
        self._keys.append(key)
        self._waiting.append(sketch)

    def closest(self, sketch: bytes, count: int = CLOSEST_COMPARED) -> list[JSON]:
        """The keys of the stored sketches that share most numbers with this one, the most alike first.

        Of several that share as many, the older one comes first; those that share none are left out.
        """
        if self._waiting:
            added = np.frombuffer(b"".join(self._waiting), dtype="<u4").reshape(-1, PERMUTATIONS)
            self._rows = np.concatenate([self._rows, added])
            self._waiting = []
        agreeing = (self._rows == np.frombuffer(sketch, dtype="<u4")).sum(axis=1)
        order = np.argsort(-agreeing, kind="stable")[:count]
        return [self._keys[place] for place in order if agreeing[place]]
