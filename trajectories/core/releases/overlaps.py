"""Finding what a problem, or what a trainer reads of a trace, has in common with problems that are held out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from trajectories.core.generation.canonical import canonical_hash
from trajectories.core.generation.similarity import shingles_of, tokens_of
from trajectories.core.identity import content_hash
from trajectories.core.problems import ProblemError
from trajectories.core.problems.kinds import is_grids
from trajectories.core.records import JSON

SAME, SAME_TASK, PAIR, NEAR, WORDS = "same", "same_task", "pair", "near", "words"
FOUND = {
    SAME: "the same problem",
    SAME_TASK: "the same task but for symmetry, colours and the order of its pairs",
    PAIR: "a pair of grids in common",
    NEAR: "like statements",
    WORDS: "words in a row in common",
}
"""How a match was found, in words."""

LONGEST_SHARED = 400
MOST_KNOWN = 20_000
"""Hashes of tasks that are kept: some 200 bytes each."""

LEAST_CELLS = 9
"""A pair of grids whose input has fewer cells says nothing: many tasks have it."""


@dataclass(frozen=True, slots=True)
class Comparable:
    """What of a problem is compared. `text` is its statement with its choices, empty for an ARC task."""

    key: int
    """The id of the problem; 0 for one that is not stored."""
    hashes: tuple[str, ...]
    text: str
    kind: str
    spec: Mapping[str, JSON]
    reference: JSON


@dataclass(frozen=True, slots=True)
class Match:
    """A held-out problem and what is in common with it: how it was found, how alike (1 for the same), which words."""

    key: int
    """The id of the problem that is held out."""
    how: str
    alike: float
    shared: str = ""


class HeldOut:
    """Problems that nothing may be taken from, found by what they have in common with others.

    Memory grows with the words of these problems, whatever is compared with them.
    """

    def __init__(self, problems: Iterable[Comparable], *, near: float | None, ngram: int | None) -> None:
        self._near, self._ngram = near, ngram
        self._hashes: dict[str, int] = {}
        self._tasks: dict[str, int] = {}
        self._without_tests: dict[str, int] = {}
        self._grids: list[Comparable] = []
        self._pairs: dict[str, int] = {}
        self._shingles: dict[str, list[int]] = {}
        self._sizes: dict[int, int] = {}
        self._runs: dict[int, int] = {}
        self._tokens: dict[int, str] = {}
        for problem in problems:
            self._add(problem)

    def _add(self, problem: Comparable) -> None:
        for known in problem.hashes:
            self._hashes.setdefault(known, problem.key)
        if is_grids(problem.kind):
            self._tasks.setdefault(_task_hash(problem), problem.key)
            self._grids.append(problem)
            if self._near is not None:
                for pair in _pairs(problem):
                    self._pairs.setdefault(pair, problem.key)
            return
        tokens = tokens_of(problem.text)
        if self._near is not None and tokens:
            shingles = shingles_of(tokens)
            self._sizes[problem.key] = len(shingles)
            for shingle in shingles:
                self._shingles.setdefault(shingle, []).append(problem.key)
        if self._ngram is not None:
            self._tokens[problem.key] = f" {' '.join(tokens)} "
            for run in _runs(tokens, self._ngram):
                self._runs.setdefault(run, problem.key)

    def match(self, problem: Comparable) -> Match | None:
        """What a problem has in common with one that is held out, the strongest that is found; None for nothing."""
        for known in problem.hashes:
            if known in self._hashes:
                return Match(self._hashes[known], SAME, 1.0)
        if is_grids(problem.kind):
            return self._match_task(problem)
        tokens = tokens_of(problem.text)
        return self._match_near(tokens) or self._match_words(tokens)

    def match_text(self, text: str) -> Match | None:
        """The first words in a row that a text has in common with a statement that is held out; None for none."""
        return self._match_words(tokens_of(text)) if self._ngram is not None else None

    def _match_task(self, problem: Comparable) -> Match | None:
        if (known := self._tasks.get(_task_hash(problem))) is not None:
            return Match(known, SAME_TASK, 1.0)
        if problem.reference is None and (known := self._match_training_pairs(problem)) is not None:
            return Match(known, SAME_TASK, 1.0)
        pairs = _pairs(problem) if self._pairs else ()
        shared = [self._pairs[pair] for pair in pairs if pair in self._pairs]
        return Match(shared[0], PAIR, round(len(shared) / len(pairs), 3)) if shared else None

    def _match_training_pairs(self, problem: Comparable) -> int | None:
        """The held-out task whose training pairs alone are those of a task: its answers are not known, so that as a
        whole it is like none. They are hashed with the first one that is asked about."""
        for held_out in self._grids:
            self._without_tests.setdefault(_task_hash(_without_tests(held_out)), held_out.key)
        self._grids.clear()
        return self._without_tests.get(_task_hash(_without_tests(problem)))

    def _match_near(self, tokens: tuple[str, ...]) -> Match | None:
        if self._near is None or not tokens:
            return None
        shingles = shingles_of(tokens)
        common = Counter(key for shingle in shingles for key in self._shingles.get(shingle, ()))
        best = max(
            ((count / (len(shingles) + self._sizes[key] - count), -key) for key, count in common.items()), default=None
        )
        if best is None or best[0] < self._near:
            return None
        return Match(-best[1], NEAR, round(best[0], 3))

    def _match_words(self, tokens: tuple[str, ...]) -> Match | None:
        size = self._ngram
        if size is None:
            return None
        for place, run in enumerate(_runs(tokens, size)):
            if (key := self._runs.get(run)) is None:
                continue
            shared = " ".join(tokens[place : place + size])
            if f" {shared} " in self._tokens[key]:  # not only the same hash
                return Match(key, WORDS, 1.0, shared[:LONGEST_SHARED])
        return None


def groups_of_same(problems: Iterable[Comparable]) -> dict[str, str]:
    """Of problems that are the same as others, one by one or through a third: by the content hash of each, the least
    one of all that are. Same as HeldOut finds it without thresholds: content, words, or an ARC task but for symmetry,
    colours and the order of its pairs, or whose training pairs are.

    Problems that are only like one another are not joined: statements of one template are, and would all be one.
    """
    parents: dict[str, str] = {}

    def root(known: str) -> str:
        while (above := parents.setdefault(known, known)) != known:
            parents[known] = known = parents[above]
        return known

    own = []
    for problem in problems:
        own.append(problem.hashes[0])
        same = [f"same {known}" for known in problem.hashes]
        if is_grids(problem.kind):
            same += [f"task {_task_hash(problem)}", f"pairs {_task_hash(_without_tests(problem))}"]
        for known in same:
            parents[root(known)] = root(problem.hashes[0])
    least: dict[str, str] = {}
    for known in sorted(own):
        least.setdefault(root(known), known)
    return {known: first for known in own if (first := least[root(known)]) != known}


def shared_words(first: str, second: str, *, least: int = 3) -> list[str]:
    """The longest runs of at least `least` words that both texts have, in the order of the first."""
    one, other = tokens_of(first), tokens_of(second)
    known: dict[tuple[str, ...], list[int]] = {}
    for place in range(len(other) - least + 1):
        known.setdefault(other[place : place + least], []).append(place)
    found: list[str] = []
    at = 0
    while at + least <= len(one):
        longest = 0
        for place in known.get(one[at : at + least], ()):
            size = least
            while at + size < len(one) and place + size < len(other) and one[at + size] == other[place + size]:
                size += 1
            longest = max(longest, size)
        if longest:
            found.append(" ".join(one[at : at + longest]))
        at += longest or 1
    return found


def _runs(tokens: tuple[str, ...], size: int) -> Iterable[int]:
    return (hash(tokens[place : place + size]) for place in range(len(tokens) - size + 1))


_known_tasks: dict[str, str] = {}


def _task_hash(problem: Comparable) -> str:
    """The hash that tasks share which differ only by symmetry, colours or the order of their pairs. It takes some
    milliseconds, and is kept."""
    key = content_hash([dict(problem.spec), problem.reference])
    if key not in _known_tasks:
        if len(_known_tasks) >= MOST_KNOWN:
            _known_tasks.clear()
        try:
            _known_tasks[key] = canonical_hash(problem.spec, problem.reference)
        except ProblemError:
            return f"no task: {problem.hashes}"
    return _known_tasks[key]


def _without_tests(problem: Comparable) -> Comparable:
    return replace(problem, spec={"train": problem.spec.get("train", ()), "test": ()}, reference=None)


def _pairs(problem: Comparable) -> tuple[str, ...]:
    """Hashes of the pairs of a task that have an output; pairs that are too small to tell tasks apart are left out."""
    spec = problem.spec
    outputs = list(problem.reference) if isinstance(problem.reference, list | tuple) else []
    tests = zip(spec.get("test", ()), outputs, strict=False)
    pairs = [(pair["input"], pair["output"]) for pair in spec.get("train", ())]
    pairs += [(pair["input"], output) for pair, output in tests if output is not None]
    return tuple(content_hash(pair) for pair in pairs if sum(map(len, pair[0])) >= LEAST_CELLS)
