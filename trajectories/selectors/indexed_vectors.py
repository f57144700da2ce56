"""Which problems are near by their embeddings, found by the database (adapters.pgvector)."""

from collections.abc import Callable, Iterator, Sequence

from django.db.models import Q, QuerySet

from trajectories.adapters.pgvector import VectorSearch, VectorTable
from trajectories.core.generation.nearness import Row
from trajectories.models import Problem, Trace
from trajectories.selectors.overlaps import comparable

FOUND_FIRST = 20
"""Problems that the index is asked for: enough for a full memory, some near duplicates besides. All others follow
exactly, where these do not suffice."""

READ_AT_ONCE = 500


class IndexedVectors:
    """The embeddings of statements in the tables of one model, as long as one look into memory lasts. `embed` gives
    those of texts, None for one that has none yet; `space` the hash of the model, once `embed` has been called."""

    def __init__(
        self, embed: Callable[[Sequence[str]], Sequence[Row | None]], search: VectorSearch, space: Callable[[], str]
    ) -> None:
        self._embed, self._search, self._space = embed, search, space
        self._filled = set[tuple[int, str]]()

    def in_order(self, problem: Problem, traces: QuerySet[Trace], tiers: Sequence[Q]) -> Iterator[int]:
        """The ids of the problems of traces other than one, tier by tier, in each the nearest first and those without a
        vector last."""
        (asked,) = self._embed([comparable(problem).text])
        others = Problem.objects.filter(pk__in=traces.order_by().values("problem_id")).exclude(pk=problem.pk)
        others = others.order_by()
        if asked is None:
            for tier in tiers:
                yield from others.filter(tier).order_by("pk").values_list("pk", flat=True)
            return
        table = VectorTable(self._search, self._space(), len(asked))
        self._fill(table, len(asked), traces)
        for tier in tiers:
            found = table.nearest(*_query(others.filter(tier)), asked, FOUND_FIRST)
            yield from found
            yield from table.in_order(*_query(others.filter(tier).exclude(pk__in=found)), asked)

    def _fill(self, table: VectorTable, numbers: int, traces: QuerySet[Trace]) -> None:
        """Add what the table lacks of the problems of traces, once a look."""
        problems, values = _query(Problem.objects.filter(pk__in=traces.order_by().values("problem_id")).order_by())
        key = (numbers, f"{problems}{values}")
        if key in self._filled:
            return
        missing = table.missing(problems, values)
        for start in range(0, len(missing), READ_AT_ONCE):
            found = list(Problem.objects.filter(pk__in=missing[start : start + READ_AT_ONCE]))
            vectors = self._embed([comparable(problem).text for problem in found])
            known = zip((problem.content_hash for problem in found), vectors, strict=True)
            table.add({content: vector for content, vector in known if vector is not None})
        if missing:
            table.ensure_index()
        self._filled.add(key)


def _query(problems: QuerySet[Problem]) -> tuple[str, tuple[object, ...]]:
    """The SQL that finds the ids of problems, and its values."""
    return problems.values("pk").query.sql_with_params()
