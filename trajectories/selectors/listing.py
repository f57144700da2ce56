"""Lists: what each can be sorted by, its columns, its pages by key in every order, and counts that do not scan.

A page begins beside a row that is named by its id: where that row stands in the order is looked up, so that an address
holds ids alone and pages do not shift. In every order the rows of a page are read from an index, however far down;
where filters leave few rows, of which none may be near, that index is followed for a moment only: see first_keys.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import Case, F, Field, Func, Max, Min, Model, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan, LessThan
from psycopg.errors import QueryCanceled

from trajectories.selectors.paging import Page, read_page

Table = TypeVar("Table", bound=Model)

COUNT_LIMIT = 10_000
"""Counts are exact up to here; past it a page says "more than 10,000" and about how many."""
COUNT_MILLISECONDS = 25
"""A count that takes longer is given up for an estimate."""
WALK_MILLISECONDS = 100
"""So long rows are looked for one after the other in their order; then all that the filters leave is sorted."""
FEW = 5_000
"""To find so many of a million rows takes about as long as to look for the first fifty of them in their order."""
FEW_KEYS = 500
"""So few rows are known by their ids once they are counted: their page need not look for them again."""
NEARBY_SHARE = 4
"""At most such a part of all ids is looked through as the nearest ones."""
KEPT_SECONDS = 60
"""So long it is kept what was said of a count that is not exact, and that an order was followed in vain: whoever turns
the pages of a list asks the same again."""


class _Row(Func):
    """Several values compared one after the other, as one."""

    function = "ROW"
    output_field = Field()


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of a list: by `key`, which is never null, and among equals by id; without a key by id alone.

    `descending` says whether the greatest key comes first, `newest_first` the same of ids.
    """

    title: str
    key: Combinable | None = None
    descending: bool = True
    newest_first: bool = True

    def order_by(self, *, up: bool = False) -> list[Any]:
        """What to sort rows by that have their key as `sort_key`, down the list or up."""
        keys = [] if self.key is None else [f"{'-' if self.descending != up else ''}sort_key"]
        return [*keys, "-pk" if self.newest_first != up else "pk"]

    def sort_by(self, *, up: bool = False) -> list[Any]:
        """The same order, told so that no index can be followed for it."""
        first, *rest = self.order_by(up=up)
        name = first.removeprefix("-")
        hidden = Coalesce(name, name)
        return [hidden.desc() if first.startswith("-") else hidden.asc(), *rest]

    def annotate(self, rows: QuerySet[Table]) -> QuerySet[Any]:
        """The rows with their key, where the order has one."""
        return rows if self.key is None else rows.annotate(sort_key=self.key)

    def bound(self, row_id: int, twins: Sequence[str], *, up: bool = False) -> Q:
        """The condition that rows come after a given one, on columns that equal their id; none where ids alone do not
        make the order."""
        end = "lt" if self.newest_first != up else "gt"
        return Q() if self.key is not None else Q(**{f"{twin}__{end}": row_id for twin in twins})

    def beyond(self, among: QuerySet[Any], row_id: int, *, up: bool = False) -> Q | LessThan | GreaterThan:
        """The condition on annotated rows that they come after a given row, down the list or up. Where that row is
        gone, or is not `among` the rows whose position may be known, its id takes its place."""
        falls = self.newest_first != up
        past_id = Q(pk__lt=row_id) if falls else Q(pk__gt=row_id)
        if self.key is None:
            return past_id
        found = among.filter(pk=row_id).annotate(at=self.key).values_list("at", flat=True).first()
        if found is None:
            return past_id
        if self.descending == self.newest_first:
            # Compared as rows, so that the index leads there even among thousands of equal keys.
            compare = LessThan if falls else GreaterThan
            return compare(_Row(F("sort_key"), F("pk")), _Row(Value(found), Value(row_id)))
        past = Q(sort_key__lt=found) if self.descending != up else Q(sort_key__gt=found)
        here = Q(sort_key__lte=found) if self.descending != up else Q(sort_key__gte=found)
        return here & (past | past_id)  # the first half is what the index takes


@dataclass(frozen=True, slots=True)
class Lying:
    """How the rows of a list are ordered and spread. `among` selects the rows whose position the reader may know, None
    for all. `twins` are columns of joined tables that equal the id: the database does not conclude that a bound on the
    id is one on these, and would follow them from the first row of the list on. `is_sparse` says that the list is a
    small, scattered part of the table, so that ids are looked up first (see first_keys). `is_counted` says that all
    rows have just been counted, which is what finding and sorting them costs too. `about` is how many rows there are,
    or are estimated to be, None where nobody knows. `name` is the same for all pages of the list, whoever sees the same
    rows in it. `whole` is every row of the table as the list shows it, from which those are read whose ids are found.
    """

    among: QuerySet[Any] | None = None
    twins: tuple[str, ...] = ()
    is_sparse: bool = False
    is_counted: bool = False
    about: int | None = None
    name: str = ""
    whole: QuerySet[Any] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list. `sorts` are the orders that its heading gives, the first at the first press. `is_usual` says
    whether it is shown where nobody chose columns, `is_wide` that a narrow screen shows it only by choice."""

    title: str
    sorts: tuple[str, ...] = ()
    is_usual: bool = True
    is_wide: bool = True
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class ListShape:
    """What a list of one kind of rows can be: its orders and columns by the words in the address.

    `noun` names one row. `turns` are the parameters that lead down and up the list.
    """

    noun: str
    sorts: Mapping[str, Sort]
    columns: Mapping[str, Column] = field(default_factory=dict)
    turns: tuple[str, str] = ("after", "before")
    size: int = 50

    def sort(self, word: str) -> Sort:
        """The order of that name; the usual one for an unknown name."""
        return self.sorts.get(word, self.sorts[""])

    def chosen_columns(self, words: Sequence[str]) -> tuple[str, ...]:
        """The columns that are shown, in their own order; unknown words count for nothing."""
        known = set(words) & set(self.columns)
        usual = {word for word, column in self.columns.items() if column.is_usual}
        return tuple(word for word in self.columns if word in (known or usual))

    def page(
        self,
        rows: QuerySet[Table],
        sort: Sort,
        *,
        down: int | None,
        up: int | None,
        size: int | None = None,
        lying: Lying | None = None,
    ) -> Page[Table, int]:
        """The rows that come after the row `down`, or those that end just before the row `up`, or the first ones. One
        query, and one that finds where that row stands; where rows lie far from each other, one more for their ids."""
        lying = lying or Lying()
        is_up = up is not None
        at = up if is_up else down
        rows = sort.annotate(rows)
        if at is not None:
            placed = rows.model._default_manager.all() if lying.among is None else lying.among
            rows = rows.filter(sort.beyond(placed, at, up=is_up), sort.bound(at, lying.twins, up=is_up))
        size, ordered = size or self.size, rows.order_by(*sort.order_by(up=is_up))
        if not lying.is_sparse:
            return read_page(ordered, size=size, is_first=at is None, backwards=is_up)
        keys = first_keys(rows, sort, size + 1, at=at, up=is_up, lying=lying)
        # Without the filters, which a search would go through once more.
        shown = ordered if lying.whole is None else sort.annotate(lying.whole).order_by(*sort.order_by(up=is_up))
        return read_page(shown.filter(pk__in=keys), size=size, is_first=at is None, backwards=is_up)


def first_keys(
    rows: QuerySet[Any],
    sort: Sort,
    count: int,
    *,
    at: int | None = None,
    up: bool = False,
    lying: Lying | None = None,
) -> list[int]:
    """The ids of the first rows in an order, down the list or up, of rows with their key; those that come after the row
    `at` where one is given.

    The database takes filters for independent and rows for evenly spread: it follows the order until enough rows have
    passed, a million times where the last run has none of them. So it may do that for WALK_MILLISECONDS, a quarter of
    that where the list is small; then it has to find all that pass by the indexes of what they are filtered by, and
    sort those; at once where all are counted, and where another page of the list was lately looked for in vain. Where
    the list is of words, whose index knows no order, the nearest ids are looked through first: see _nearby.
    """
    keys, lying = rows.values_list("pk", flat=True), lying or Lying()
    if (found := _nearby(keys, sort, count, at, up, lying)) is not None:
        return found
    in_vain = _key("walked in vain", lying.name) if lying.name else ""
    if not (lying.is_counted or (in_vain and cache.get(in_vain))):
        is_small = lying.about is not None and lying.about < FEW
        patience = WALK_MILLISECONDS // 4 if is_small else WALK_MILLISECONDS
        walked = _in_time(keys.order_by(*sort.order_by(up=up))[:count], "{}", patience)
        if walked is not None:
            return [key for (key,) in walked]
        if in_vain:
            cache.set(in_vain, True, KEPT_SECONDS)
    return list(keys.order_by(*sort.sort_by(up=up))[:count])


def _nearby(
    keys: QuerySet[Any, Any], sort: Sort, count: int, at: int | None, up: bool, lying: Lying
) -> list[int] | None:
    """The first ids of a list in the order of ids whose filters are of a joined table, looked for among the nearest ids
    alone, of which twice as many are taken as should do; None where these hold too few or would be too many.

    The database is told the range in both tables, and joins what each of its indexes finds there: 10 ms instead of 60
    for a word in one run of a million traces.
    """
    if sort.key is not None or not lying.twins or not lying.about:
        return None
    falls = sort.newest_first != up
    table = keys.model._default_manager
    ends = table.aggregate(least=Min("pk"), most=Max("pk"))
    if ends["most"] is None:
        return []
    span = ends["most"] - ends["least"] + 1
    reach = 2 * count * span // lying.about
    begin = at if at is not None else (ends["most"] + 1 if falls else ends["least"] - 1)
    for wider in (1, 4):
        if wider * reach > span // NEARBY_SHARE:
            break
        end = begin - wider * reach if falls else begin + wider * reach
        near = Q(**{f"{name}__{'gte' if falls else 'lte'}": end for name in ("pk", *lying.twins)})
        found = list(keys.filter(near).order_by(*sort.sort_by(up=up))[:count])
        if len(found) == count:
            return found
    return None


def _in_time(rows: QuerySet[Any, Any], around: str, milliseconds: int | None) -> list[tuple[Any, ...]] | None:
    """What the database answers to a statement `around` a query, None where it would take longer."""
    try:
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    statement = around.format(sql)
    if milliseconds is None:
        return _ask(statement, parameters)
    try:
        # Not in one message: a limit that ends with the message can still strike the statement after it.
        with transaction.atomic():
            _ask(LIMIT, [str(milliseconds)])
            found = _ask(statement, parameters)
            _ask(LIMIT, ["0"])
            return found
    except OperationalError as fault:
        if isinstance(fault.__cause__, QueryCanceled):
            return None
        raise


LIMIT = "SELECT set_config('statement_timeout', %s, true)"
"""Gives the rest of a transaction so many milliseconds for each statement."""


def _ask(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def _key(*parts: Any) -> str:
    """Under what something is kept that depends on all of these."""
    return f"list-{hashlib.sha256(repr(parts).encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows there are: exactly `least` where `is_exact`, else more than that. `about` is the database's
    estimate, None where there is none. `among` is how many of them are of another kind that was asked for, None where
    that was not counted. `keys` are the ids of the rows where they were counted and are at most FEW_KEYS."""

    least: int
    is_exact: bool = True
    about: int | None = None
    among: int | None = None
    keys: tuple[int, ...] | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        return bool(self.least) or not self.is_exact

    @property
    def is_one(self) -> bool:
        """Whether it is exactly one."""
        return self.is_exact and self.least == 1

    @property
    def words(self) -> str:
        """The count as a page says it, without what is counted."""
        if self.is_exact:
            return f"{self.least:,}"
        more = f"more than {self.least:,}" if self.least else ""
        about = f"about {_rounded(self.about):,} (estimated)" if self.about else ""
        return ", ".join(filter(None, (more, about))) or "many"


def _rounded(count: int) -> int:
    """A number with two digits that count."""
    scale = 10 ** max(0, len(str(count)) - 2)
    return int(round(count / scale) * scale)


def count_rows(rows: QuerySet[Any], *, among: Q | None = None, may_estimate: bool = True) -> Count:
    """Count the rows, exactly up to COUNT_LIMIT; beyond that, or where counting takes longer than COUNT_MILLISECONDS,
    by the database's estimate. `among` selects rows that are counted besides, where all are counted exactly.

    Without `may_estimate` nothing is estimated: an estimate goes by all rows, of which some may not be seen. A count
    that is not exact is kept for KEPT_SECONDS.
    """
    some = rows.order_by().annotate(is_among=Case(When(among, then=1), default=0) if among else Value(0))
    some = some.values("pk", "is_among")[: COUNT_LIMIT + 1]
    try:
        key = _key("count", may_estimate, some.query.sql_with_params())
    except EmptyResultSet:
        return Count(0, among=0 if among else None, keys=())
    kept: Count | None = cache.get(key)
    if kept is not None:
        return kept
    found = _in_time(some, COUNTED, COUNT_MILLISECONDS if may_estimate else None)
    if found is not None and found[0][0] <= COUNT_LIMIT:
        counted, marked, keys = found[0]
        return Count(int(counted), among=int(marked) if among else None, keys=None if keys is None else tuple(keys))
    least = 0 if found is None else COUNT_LIMIT
    about = estimate_rows(rows) if may_estimate else None
    count = Count(least, is_exact=False, about=about if about is not None and about > least else None)
    cache.set(key, count, KEPT_SECONDS)
    return count


COUNTED = f"""
SELECT count(*), coalesce(sum(is_among), 0),
    CASE WHEN count(*) <= {FEW_KEYS} THEN coalesce(array_agg(pk), '{{{{}}}}') END
FROM ({{}}) AS rows
"""


def estimate_rows(rows: QuerySet[Any]) -> int:
    """About how many rows there are, by the statistics of the database: nothing is read."""
    sql, parameters = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        (plan,) = cursor.fetchone()
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return int(plan[0]["Plan"]["Plan Rows"])
