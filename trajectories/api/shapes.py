"""What goes in: numbers of rows, pages, bodies that take no field they do not know, and requests that count once."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Generic, TypeVar

from django.http import HttpRequest
from ninja import Header, Path, Query, Schema
from ninja.responses import Status
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import core_schema

from trajectories.api.auth import asking
from trajectories.core.records import JSON
from trajectories.core.selections import GREATEST_ID
from trajectories.selectors.paging import Page
from trajectories.services.clients.answers import answer_once

MOST_ROWS = 200
LONGEST_KEY = 200

Key = Annotated[int, Path(ge=1, le=GREATEST_ID)]
"""The id of a row in an address."""
RowId = Annotated[int, Field(ge=1, le=GREATEST_ID)]


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("Found a NUL character, expected none.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("Found half of a surrogate pair, expected whole characters.") from None
    return text


Text = Annotated[str, AfterValidator(_storable)]
Word = Annotated[str, AfterValidator(_storable), Field(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description=f"Rows of a page, at most {MOST_ROWS}.")]
Cursor = Annotated[
    int | SkipJsonSchema[None],
    Query(ge=1, le=GREATEST_ID, description="Where to go on: the `next` of the page before."),
]
IdempotencyKey = Annotated[
    str | SkipJsonSchema[None],
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=LONGEST_KEY,
        pattern=r"^[\x21-\x7e]+$",
        description="The same request with the same key again makes nothing anew, and is answered the same for 7 days.",
    ),
]


class OneOf:
    """Says of a text that it is one of these words: `Annotated[str, OneOf(words)]`."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = list(dict.fromkeys(words))

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> Any:
        return core_schema.literal_schema(self.words)


class Body(Schema):
    """What is sent: every field is known, and of the type it is said to be."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Free(Body):
    """A body of which some parts are anybody's; texts in them are checked too."""

    @model_validator(mode="before")
    @classmethod
    def check_texts(cls, value: Any) -> Any:
        """Raise ValueError for a text that no database takes."""
        _check_texts(value)
        return value


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        _storable(value)
    elif isinstance(value, dict):
        for name, part in value.items():
            _check_texts(name)
            _check_texts(part)
    elif isinstance(value, list):
        for part in value:
            _check_texts(part)


Row = TypeVar("Row")


class Rows(BaseModel, Generic[Row]):
    """A page of a list; `next` is the cursor of the page that follows, null at the end."""

    items: list[Row]
    next: int | None


def rows_of(page: Page[Any, int], show: Callable[[Any], Any]) -> dict[str, Any]:
    """A page as it is answered."""
    return {"items": [show(row) for row in page.rows], "next": page.next}


def once(
    request: HttpRequest,
    key: str | None,
    content: Schema | dict[str, Any],
    make: Callable[[], dict[str, JSON]],
    *,
    status: int = 201,
) -> Status[Any]:
    """The answer, with this status, of what `make` makes; to the same request with the same key again, 200 with the
    same answer."""
    if key is None:
        return Status(status, make())
    sent: Any = content.model_dump(mode="json") if isinstance(content, Schema) else content
    answered = answer_once(
        person_id=asking(request).pk,
        operation=f"{request.method} {request.path}",
        key=key,
        content=sent,
        make=lambda: (status, make()),
    )
    return Status(200 if answered.again else answered.status, answered.body)
