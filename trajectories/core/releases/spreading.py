"""Which traces of one problem to keep: not the same twice, and the most different ones first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajectories.core.generation.similarity import PERMUTATIONS, sketch_of
from trajectories.core.releases.rules import Sameness
from trajectories.core.strategies.diversity import program_key

TEXTS, PROGRAM, NEAR = "texts", "program", "near"


@dataclass(frozen=True, slots=True)
class Contender:
    """A trace of the problem as it is compared with its others. `key` is its id, `texts` names its text and program;
    `program` is the key of the program's syntax tree, "" where there is no program or none was asked for, and `sketch`
    the MinHash of what it says, None where none was asked for.
    """

    key: int
    texts: tuple[str, str]
    is_correct: bool
    program: str = ""
    sketch: bytes | None = None


@dataclass(frozen=True, slots=True)
class Double:
    """A trace that is one too many: the same as `of` by its texts, its program, or a similarity of `alike`."""

    key: int
    """The id of the trace."""
    of: int
    how: str
    alike: float


def contend(key: int, texts: tuple[str, str], *, is_correct: bool, bodies: tuple[str, str] | None) -> Contender:
    """A contender; `bodies` are its text and its program where they are compared."""
    if bodies is None:
        return Contender(key, texts, is_correct)
    text, program = bodies
    return Contender(
        key, texts, is_correct, program_key(program) if program.strip() else "", sketch_of(f"{text}\n{program}")
    )


def drop_doubles(contenders: Sequence[Contender], same: Sameness) -> tuple[list[Contender], list[Double]]:
    """(those that stay, those that are one too many), both in the order given, of which the first always stays.

    Similarity is that of Broder's MinHash: the share of 128 permutations in which two texts agree. Every trace is
    compared with all that stay, so that none is missed, in time that grows with the square of a problem's traces.
    """
    kept: list[Contender] = []
    doubles: list[Double] = []
    texts: dict[tuple[str, str], int] = {}
    programs: dict[str, int] = {}
    rows = np.empty((len(contenders) if same.near is not None else 0, PERMUTATIONS), dtype="<u4")
    for each in contenders:
        double = _same(each, same, texts, programs)
        if double is None and same.near is not None:
            double = _alike(each, rows[: len(kept)], kept, same.near)
        if double is not None:
            doubles.append(double)
            continue
        if same.near is not None and each.sketch is not None:
            rows[len(kept)] = np.frombuffer(each.sketch, dtype="<u4")
        kept.append(each)
        texts.setdefault(each.texts, each.key)
        if each.program:
            programs.setdefault(each.program, each.key)
    return kept, doubles


def _same(
    each: Contender, same: Sameness, texts: dict[tuple[str, str], int], programs: dict[str, int]
) -> Double | None:
    if same.texts and (known := texts.get(each.texts)) is not None:
        return Double(each.key, known, TEXTS, 1.0)
    if same.programs and each.program and (known := programs.get(each.program)) is not None:
        return Double(each.key, known, PROGRAM, 1.0)
    return None


def _alike(each: Contender, rows: NDArray[np.uint32], kept: list[Contender], least: float) -> Double | None:
    if not len(rows) or each.sketch is None:
        return None
    agreeing = (rows == np.frombuffer(each.sketch, dtype="<u4")).mean(axis=1)
    closest = int(agreeing.argmax())
    if agreeing[closest] < least:
        return None
    return Double(each.key, kept[closest].key, NEAR, round(float(agreeing[closest]), 3))


def spread(contenders: Sequence[Contender], count: int) -> list[int]:
    """The places of at most `count` contenders, the most different ones first, of which correct ones come first.

    Greedy max-min (Gonzalez 1985, "Clustering to minimize the maximum intercluster distance"): the first correct one,
    then again and again the one whose least distance to those chosen is greatest; the first of equals. Distance is one
    less the similarity of the sketches, and nothing for equal programs. Others are chosen only when no correct one is
    left.
    """
    places = range(len(contenders))
    correct = [place for place in places if contenders[place].is_correct]
    chosen: list[int] = []
    for pool in (correct, [place for place in places if not contenders[place].is_correct]):
        if len(chosen) < count and pool:
            chosen += _furthest(contenders, pool, chosen, count - len(chosen))
    return chosen


def spread_from(contenders: Sequence[Contender], chosen: Sequence[int], count: int) -> list[int]:
    """The places of at most `count` others, those first that are furthest from the ones at the places `chosen`."""
    pool = [place for place in range(len(contenders)) if place not in set(chosen)]
    return _furthest(contenders, pool, list(chosen), count) if pool and count > 0 else []


def _furthest(contenders: Sequence[Contender], pool: list[int], chosen: list[int], count: int) -> list[int]:
    rows = np.stack([np.frombuffer(contenders[place].sketch or bytes(4 * PERMUTATIONS), dtype="<u4") for place in pool])
    programs = np.array([contenders[place].program for place in pool])
    nearest = np.full(len(pool), 2.0)
    for place in chosen:
        np.minimum(nearest, _distances(rows, programs, contenders[place]), out=nearest)
    found: list[int] = []
    while len(found) < min(count, len(pool)):
        furthest = int(nearest.argmax())
        found.append(pool[furthest])
        np.minimum(nearest, _distances(rows, programs, contenders[pool[furthest]]), out=nearest)
        nearest[furthest] = -1.0
    return found


def _distances(rows: NDArray[np.uint32], programs: NDArray[np.str_], of: Contender) -> NDArray[np.float64]:
    sketch = np.frombuffer(of.sketch or bytes(4 * PERMUTATIONS), dtype="<u4")
    distances: NDArray[np.float64] = 1.0 - (rows == sketch).mean(axis=1)
    if of.program:
        distances[programs == of.program] = 0.0
    return distances
