"""Lists as pages show them: headings that sort, columns to choose, where the pages go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from trajectories.selectors.listing import Count, ListShape
from trajectories.selectors.paging import Page
from trajectories.views.addresses import read_text


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a column. `query` leads to the list sorted by it, "" where it cannot be; `direction` is how it is
    sorted now (the value of aria-sort), "" for not."""

    word: str
    title: str
    query: str = ""
    direction: str = ""
    next_sort: str = ""
    is_wide: bool = True
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list, for templates/trajectories/listing/_list.html.

    `shows` says of each column whether it is shown; `next` and `previous` are the queries of the neighbouring pages, ""
    where there are none.
    """

    name: str
    shape: ListShape
    page: Page[Any, int]
    headings: Sequence[Heading]
    shows: Mapping[str, bool]
    count: Count | None = None
    next: str = ""
    previous: str = ""
    next_title: str = "Next"
    previous_title: str = "Previous"

    @property
    def rows(self) -> Sequence[Any]:
        """The rows."""
        return self.page.rows

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """(word, title, whether it is shown) of every column that may be chosen."""
        return [(word, column.title, self.shows[word]) for word, column in self.shape.columns.items()]


def columns_of(request: HttpRequest, shape: ListShape) -> tuple[str, ...]:
    """The columns that an address asks for, each by itself or several with commas between."""
    words = [word for value in request.GET.getlist("columns")[:50] for word in value[:400].split(",")]
    return shape.chosen_columns(words)


@dataclass(frozen=True, slots=True)
class Look:
    """How a list is shown: its columns, the parameter that sorts it, and what leads down and up it is called."""

    columns: Sequence[str]
    sort_field: str = "sort"
    titles: tuple[str, str] = ("Next", "Previous")


def show_list(
    request: HttpRequest, name: str, shape: ListShape, page: Page[Any, int], *, look: Look, count: Count | None = None
) -> ListPage:
    """A page of a list with everything that its template says."""
    down, up = shape.turns
    sort = read_text(request, look.sort_field)
    return ListPage(
        name=name,
        shape=shape,
        page=page,
        headings=[_heading(request, shape, word, sort, look.sort_field) for word in look.columns],
        shows={word: word in look.columns for word in shape.columns},
        count=count,
        next=query_with(request, {down: page.next, up: None}) if page.next is not None else "",
        previous=query_with(request, {up: page.previous, down: None}) if page.previous is not None else "",
        next_title=look.titles[0],
        previous_title=look.titles[1],
    )


def query_with(request: HttpRequest, changes: Mapping[str, object]) -> str:
    """The query of the address with some parameters changed; None or "" takes one out."""
    parameters = request.GET.copy()
    for name, value in changes.items():
        parameters.pop(name, None)
        if value not in (None, ""):
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"


def _heading(request: HttpRequest, shape: ListShape, word: str, sort: str, sort_field: str) -> Heading:
    column = shape.columns[word]
    plain: dict[str, Any] = {
        "word": word,
        "title": column.title,
        "is_wide": column.is_wide,
        "is_number": column.is_number,
    }
    if not column.sorts:
        return Heading(**plain)
    current = sort if sort in shape.sorts else ""
    place = column.sorts.index(current) if current in column.sorts else -1
    following = column.sorts[(place + 1) % len(column.sorts)]
    order = shape.sorts[current]
    falls = order.newest_first if order.key is None else order.descending
    direction = "" if place < 0 else "descending" if falls else "ascending"
    query = query_with(request, {sort_field: following, **dict.fromkeys(shape.turns)})
    return Heading(**plain, query=query, direction=direction, next_sort=shape.sorts[following].title)
