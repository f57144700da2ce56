"""Memory: traces of the nearest other problems, looked up as things stand at this moment.

Nothing of what memory holds is kept anywhere: a trace that is accepted now is found by the next look, and one that is
rejected, withdrawn or found wrong is not. What is kept for a while are facts of problems, which never change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Case, IntegerField, Q, QuerySet, When

from trajectories.core.generation.nearness import Nearness, Row, near_by_features, near_by_vectors, near_by_words
from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import task_of
from trajectories.core.problems.kinds import is_grids
from trajectories.core.records import Example, Outcome
from trajectories.core.releases.overlaps import HeldOut
from trajectories.core.samplers.symbolic.task_features import task_features
from trajectories.core.strategies.memories import Memory, MemorySource
from trajectories.core.text.quoting import without_turns
from trajectories.core.text.tokens import estimate_tokens
from trajectories.models import Generation, Problem, ReleaseItem, Trace
from trajectories.selectors.blinding import Sight
from trajectories.selectors.examples import load_example, showing
from trajectories.selectors.indexed_vectors import IndexedVectors
from trajectories.selectors.overlaps import comparable
from trajectories.selectors.problems import to_public
from trajectories.selectors.trace_filters import shown_to, tells_of

LANGUAGE = "pg_catalog.english"
"""The rules by which PostgreSQL makes words of statements."""

LONGEST_READ = 200_000
"""Characters of a statement whose words are compared: PostgreSQL takes no more than a mebibyte of words."""

READ_AT_ONCE = 500
LOOKED_AT_ONCE = 20
"""Problems that are read together, nearest first, until enough of them have shown a trace."""

LONGEST_SHOWN = 4_000
"""Tokens of a response that is shown; a problem whose traces are all longer shows none. Budgets count on this."""

MOST_KEPT = 50_000
"""Problems whose features or words a process keeps: some 400 bytes each."""


def remembered(memory: Memory) -> QuerySet[Trace]:
    """The traces that memory holds now: none that was hinted, shown a varied task, rejected or withdrawn."""
    traces = Trace.objects.filter(hinted=False, withdrawn=False, tombstone__isnull=True)
    traces = traces.exclude(facts__has_key="variation")
    match memory.source:
        case MemorySource.PEOPLE:
            traces = traces.filter(decision=Trace.Decision.ACCEPTED)
        case MemorySource.VERIFIERS:
            traces = traces.filter(correctness=Outcome.PASS).exclude(decision=Trace.Decision.REJECTED)
        case MemorySource.RELEASE:
            items = ReleaseItem.objects.filter(release=memory.release).order_by()
            traces = traces.filter(pk__in=items.values("trace")).exclude(decision=Trace.Decision.REJECTED)
    if not memory.any_split:
        traces = traces.filter(problem__split=Problem.Split.TRAIN)
    if memory.campaign is not None:
        runs = Generation.objects.filter(campaign=memory.campaign, run__isnull=False).order_by()
        traces = traces.filter(run__in=runs.values("run"))
    return traces


def count_remembered(memory: Memory, kinds: Sequence[str]) -> tuple[int, int]:
    """(traces, problems) that memory holds now for problems of these kinds."""
    found = remembered(memory).filter(problem__kind__in=kinds)
    return found.count(), found.order_by().values("problem").distinct().count()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A problem with traces in memory."""

    problem: int
    content_hash: str
    family: str


class Look:
    """One look into a memory: what it holds is read once, when it is first asked for, and is forgotten with the look.

    Samples that are asked together share a look; the next ones get one of their own. By `vectors` problems that are no
    grids are near, by their words where it is None.
    """

    def __init__(self, memory: Memory, vectors: "Vectors | IndexedVectors | None" = None) -> None:
        self._memory, self._vectors = memory, vectors
        self._held: dict[tuple[str, str], list[_Candidate]] = {}
        self._found: dict[tuple[int, str], tuple[Example, ...]] = {}

    def examples(self, problem: Problem, style: str) -> tuple[Example, ...]:
        """The examples for a problem in the form a style asks for, the nearest first; fewer where there are no more.

        None is of the problem itself or of a near duplicate of it; each is of another problem.
        """
        key = (problem.pk, style)
        if key not in self._found:
            self._found[key] = tuple(self._look_up(problem, style))
        return self._found[key]

    def _look_up(self, problem: Problem, style: str) -> Iterator[Example]:
        itself = HeldOut([comparable(problem)], near=self._memory.near, ngram=None)
        left = self._memory.count
        for of in self._problems(self._nearest(problem, style)):
            found = self._example_of(of, style, itself)
            if found is not None:
                yield found
                left -= 1
            if not left:
                return

    def _problems(self, keys: Iterator[int]) -> Iterator[Problem]:
        """The problems of ids, in their order, some at a time: near duplicates are passed over by the dozen."""
        while some := list(islice(keys, LOOKED_AT_ONCE)):
            found = Problem.objects.in_bulk(some)
            yield from (found[key] for key in some if key in found)

    def _nearest(self, problem: Problem, style: str) -> Iterator[int]:
        """The ids of the problems with traces in memory: those of the problem's family, of those that it builds on,
        then all others, in each the nearest first."""
        if isinstance(self._vectors, IndexedVectors) and not is_grids(problem.kind):
            traces = showing(remembered(self._memory), problem.kind, style)
            return self._vectors.in_order(problem, traces, self._tiers(problem))
        return (each.problem for each in self._in_order(problem, self._candidates(problem, style)))

    def _preferred(self, problem: Problem) -> tuple[str, ...]:
        return tuple((self._memory.prefer or {}).get(problem.family, ()))

    def _tiers(self, problem: Problem) -> list[Q]:
        """Those of a problem's family, of those that it builds on, and all others."""
        families = ([problem.family] if problem.family else [], list(self._preferred(problem)))
        tiers, others = [], Q()
        for names in families:
            if names:
                tiers.append(Q(family__in=names) & others)
                others &= ~Q(family__in=names)
        return [*tiers, others]

    def _candidates(self, problem: Problem, style: str) -> list[_Candidate]:
        key = (problem.kind, style)
        if key not in self._held:
            rows = showing(remembered(self._memory), *key).order_by("problem_id")
            columns = ("problem_id", "problem__content_hash", "problem__family")
            self._held[key] = [_Candidate(*row) for row in rows.values_list(*columns).distinct()]
        return [each for each in self._held[key] if each.problem != problem.pk]

    def _in_order(self, problem: Problem, candidates: Sequence[_Candidate]) -> list[_Candidate]:
        """The nearest first: those of the problem's family, of those that it builds on, then all others, in each by how
        near they are."""
        if not candidates:
            return []
        vectors = None if isinstance(self._vectors, IndexedVectors) else self._vectors
        near = nearness(problem, {each.problem: each.content_hash for each in candidates}, vectors)
        preferred = self._preferred(problem)

        def place(each: _Candidate) -> tuple[int, float, int]:
            mine = bool(problem.family) and each.family == problem.family
            return (0 if mine else 1 if each.family in preferred else 2, -near[each.problem], each.problem)

        return sorted(candidates, key=place)

    def _example_of(self, of: Problem, style: str, itself: HeldOut) -> Example | None:
        """The first trace of a problem that can be shown, accepted ones before others and newer before older."""
        if itself.match(comparable(of)) is not None:
            return None
        decided = Case(When(decision=Trace.Decision.ACCEPTED, then=0), default=1, output_field=IntegerField())
        traces = showing(remembered(self._memory), of.kind, style).filter(problem=of)
        for key in traces.order_by(decided, "-pk").values_list("pk", flat=True):
            found = load_example(key, style)
            if found is not None and estimate_tokens(found.response) <= LONGEST_SHOWN:
                return replace(found, response=without_turns(found.response), trace=key)
        return None


def nearness(problem: Problem, others: Mapping[int, str], vectors: "Vectors | None" = None) -> dict[int, float]:
    """How near other problems of the same kind are to a problem, by their ids; `others` gives their content hashes.

    ARC tasks by their features, all others by their vectors where there are some, else by the words that PostgreSQL
    finds in their statements. One of which nothing is known is farther than all others.
    """
    of_tasks = is_grids(problem.kind)
    source: _Known = _features if of_tasks else _words if vectors is None else vectors
    known = source.of({problem.pk: problem.content_hash, **others})
    keys = [key for key in others if known[key] is not None]
    nothing = dict.fromkeys(others, -1.0)
    if known[problem.pk] is None or not keys:
        return nothing
    measure: Any = near_by_features if of_tasks else near_by_words if vectors is None else near_by_vectors
    found: Nearness = measure(known[problem.pk], [known[key] for key in keys])
    return nothing | dict(zip(keys, found.tolist(), strict=True))


class _Known:
    """What is known of problems by their content hashes, kept by a process."""

    def __init__(self) -> None:
        self._rows: dict[str, Any] = {}

    def of(self, problems: Mapping[int, str]) -> dict[int, Any]:
        """What is known of each, read where it is not yet; None for one of which nothing can be."""
        missing = [key for key, content in problems.items() if content not in self._rows]
        if len(self._rows) + len(missing) > MOST_KEPT:
            self._forget()
            missing = list(problems)
        for start in range(0, len(missing), READ_AT_ONCE):
            found = self._read(missing[start : start + READ_AT_ONCE])
            self._rows |= {problems[key]: row for key, row in found.items()}
        return {key: self._rows.get(content) for key, content in problems.items()}

    def _forget(self) -> None:
        self._rows = {}

    def _read(self, keys: Sequence[int]) -> dict[int, Any]:
        raise NotImplementedError


class _Features(_Known):
    """The features of ARC tasks (core.samplers.symbolic.task_features), 4 ms each."""

    def _read(self, keys: Sequence[int]) -> dict[int, Any]:
        return {problem.pk: _features_of(problem) for problem in Problem.objects.filter(pk__in=keys)}


def _features_of(problem: Problem) -> Any:
    try:
        return np.array(task_features(task_of(to_public(problem))), dtype=np.float32)
    except ProblemError:
        return None


class _Words(_Known):
    """The words of statements, as PostgreSQL's full text search cuts and stems them, as numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[str, int] = {}

    def _forget(self) -> None:
        super()._forget()
        self._numbers = {}

    def _read(self, keys: Sequence[int]) -> dict[int, Any]:
        texts = {problem.pk: comparable(problem).text[:LONGEST_READ] for problem in Problem.objects.filter(pk__in=keys)}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT key, tsvector_to_array(to_tsvector(%s::regconfig, body))"
                " FROM unnest(%s::bigint[], %s::text[]) AS statement (key, body)",
                [LANGUAGE, list(texts), list(texts.values())],
            )
            return {key: self._numbered(words) for key, words in cursor.fetchall()}

    def _numbered(self, words: Sequence[str]) -> Any:
        return np.array([self._numbers.setdefault(word, len(self._numbers)) for word in words], dtype=np.int32)


class Vectors(_Known):
    """The embeddings of statements, as long as one look into memory lasts. `embed` gives those of texts, None for one
    that has none yet."""

    def __init__(self, embed: Callable[[Sequence[str]], Sequence[Row | None]]) -> None:
        super().__init__()
        self._embed = embed

    def _read(self, keys: Sequence[int]) -> dict[int, Any]:
        texts = {problem.pk: comparable(problem).text for problem in Problem.objects.filter(pk__in=keys)}
        return dict(zip(texts, self._embed(list(texts.values())), strict=True))


_features, _words = _Features(), _Words()


@dataclass(frozen=True, slots=True)
class Recalled:
    """The traces that memory showed before a trace was sampled: (id, name of its problem) of those that the reader may
    see, and the number of the others."""

    seen: Sequence[tuple[int, str]]
    hidden: int

    @property
    def is_empty(self) -> bool:
        """Whether memory had nothing to show."""
        return not self.seen and not self.hidden


def find_remembered(trace: Trace, sight: Sight) -> Recalled | None:
    """What memory showed before a trace was sampled; None for one that was sampled without."""
    kept = trace.facts.get("memory")
    if not isinstance(kept, list):
        return None
    shown = [key for key in kept if type(key) is int]
    names = dict(Trace.objects.filter(pk__in=shown).values_list("pk", "problem__name"))
    seen = [(key, names[key]) for key in shown if key in names and tells_of(key, sight)]
    return Recalled(seen, len(kept) - len(seen))


def count_shown_to(trace: Trace, sight: Sight) -> int:
    """How many samples memory showed a trace to, 0 where that may not be known: it tells of what was said of it."""
    return Trace.objects.filter(shown_to(trace.pk)).count() if tells_of(trace.pk, sight) else 0
