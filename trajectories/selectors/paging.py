"""Lists in parts: the rows of one page, and the keys by which the neighbouring pages are asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row")
Other = TypeVar("Other")
Key = TypeVar("Key")
Table = TypeVar("Table", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row, Key]):
    """Part of a list, in the list's order.

    `previous` and `next` are the keys of the first and the last row, None where nothing comes before or after them.
    """

    rows: Sequence[Row]
    previous: Key | None = None
    next: Key | None = None

    def of(self, rows: Sequence[Other]) -> "Page[Other, Key]":
        """The same page with other rows, which say more of the same things."""
        return Page(rows, self.previous, self.next)


def cut_page(
    found: Sequence[Row], key: Callable[[Row], Key], *, size: int, is_first: bool, backwards: bool = False
) -> Page[Row, Key]:
    """The page of `size` rows, of rows that were read in the direction of turning the pages, one more than `size`.

    `backwards` says that they were read up the list, `is_first` that they begin with the list's first row.
    """
    more, rows = len(found) > size, found[:size]
    if backwards:
        rows = rows[::-1]
    has_previous, has_next = (more, True) if backwards else (not is_first, more)
    return Page(
        rows,
        previous=key(rows[0]) if rows and has_previous else None,
        next=key(rows[-1]) if rows and has_next else None,
    )


def read_page(rows: QuerySet[Table], *, size: int, is_first: bool, backwards: bool = False) -> Page[Table, int]:
    """One page of rows that are in the order of reading: down the list, or up where `backwards`. One query."""
    return cut_page(list(rows[: size + 1]), _id_of, size=size, is_first=is_first, backwards=backwards)


def page_by_id(
    rows: QuerySet[Table],
    *,
    size: int,
    before: int | None = None,
    after: int | None = None,
    newest_first: bool = True,
) -> Page[Table, int]:
    """One page in the order of ids: the rows nearest to the id `before` among the smaller ones, or nearest to the id
    `after` among the larger ones, or the first rows of the list. One query."""
    if after is not None:
        return read_page(rows.filter(pk__gt=after).order_by("pk"), size=size, is_first=False, backwards=newest_first)
    if before is not None:
        return read_page(
            rows.filter(pk__lt=before).order_by("-pk"), size=size, is_first=False, backwards=not newest_first
        )
    return read_page(rows.order_by("-pk" if newest_first else "pk"), size=size, is_first=True)


def _id_of(row: Model) -> int:
    return int(row.pk)
