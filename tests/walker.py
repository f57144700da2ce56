"""Somebody who visits addresses, and what they are answered."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.cookies import SimpleCookie
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from tests.plain_client import PlainClient
from tests.reads import noting_reads


@dataclass(frozen=True)
class Visit:
    """A request: an address, and what is posted there (None: it is read).

    `in_part` marks one more value of a filter whose page is visited whole with another: only what depends on the value
    is asked for, the fragment that htmx takes.
    """

    name: str
    address: str
    data: Mapping[str, Any] | None = None
    in_part: bool = False


@dataclass(frozen=True)
class Answer:
    """What came back: the text without what differs from one request to the next.

    `is_for_all` says that nothing looked whether htmx asked: it would be answered the same. `read` are the tables that
    it was made of (`tests/reads.py`).
    """

    status: int
    goes_to: str
    text: str
    is_for_all: bool = field(default=False, compare=False)
    read: frozenset[str] = field(default=frozenset(), compare=False)


BLOCKS = [
    # Bells that other tests rang, and how long they have waited by now.
    (re.compile(r'<tr id="queue-[^"]+">.*?</tr>', re.DOTALL), "QUEUE"),
]
"""What may go over several lines."""
VARYING = [
    (re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"'), "CSRF"),
    (re.compile(r'"X-CSRFToken": "[^"]+"'), "CSRF"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    # That somebody decided may be told, and this is told to who decides on the same trace.
    (re.compile(r'name="despite" value="[0-9]+"'), "NEWEST"),
    # Django writes an unbreakable space between number and unit, lists write a plain one.
    (re.compile(r"\b(?:now|(?:\d+[\xa0 ]|an? )(?:second|minute|hour)s? ago)\b"), "LATELY"),
    # A person's own pace, told once their session has lasted a minute.
    (re.compile(r"<dt>Pace</dt><dd>\d+ an hour</dd>"), ""),
    # The day too: what a visit makes is dated, and between two visits it may have become another day.
    (re.compile(r"\b20\d\d-\d\d-\d\d(?=\b|T)"), "DAY"),
    (re.compile(r"\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* 20\d\d\b"), "DAY"),
    (re.compile(r"T\d\d:\d\d:\d\d(\.\d+)?"), "TIME"),
    (re.compile(r"\b\d\d:\d\d(:\d\d)?\b"), "TIME"),
    # Numbers of threads that were begun by the visit itself, and are given once, whatever is taken back.
    (re.compile(r"(?<=thread-|answer-)[0-9]+|(?<=/threads/)[0-9]+"), "NEW"),
    # A token that was made by the visit itself: it is drawn at random, told once, and known by how it begins.
    (re.compile(r"\bmc_[\w-]{6,}"), "TOKEN"),
    (re.compile(r"(?<=/tokens/)[0-9]+"), "NEW"),
]
"""What stands in one line."""


def settled(text: str) -> str:
    """A page's text without what differs from one request to the next."""
    for pattern, word in BLOCKS:
        text = pattern.sub(word, text)
    return "\n".join(map(_settled_line, text.split("\n")))


@lru_cache(maxsize=50_000)
def _settled_line(line: str) -> str:
    """Kept: most lines of a page are those of others, and to look through them takes a third of making them."""
    for pattern, word in VARYING:
        line = pattern.sub(word, line)
    return line


@dataclass
class Walker:
    """Somebody who looks at pages; whatever a request changes is undone after it."""

    user: User
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._client = PlainClient()
        self._client.force_login(self.user)
        self.cookies = {name: morsel.value for name, morsel in self._client.cookies.items()}

    def answer(self, visit: Visit, *, htmx: bool = False) -> Answer:
        """What a visit brings, whole or as the fragment that htmx asks for."""
        client = self._client
        client.cookies = SimpleCookie(self.cookies)
        headers = {"HX-Request": "true"} if htmx else {}
        read: set[str] = set()
        with undone(), noting_reads(read):
            if visit.data is None:
                response = client.get(visit.address, headers=headers)
            else:
                response = client.post(visit.address, visit.data, headers=headers)
            body = b"".join(response.streaming_content) if response.streaming else response.content
        there = response.headers.get("Location", "") + response.headers.get("HX-Push-Url", "")
        text = settled(body.decode(errors="replace"))
        return Answer(response.status_code, there, text, is_for_all=not client.looked_for_htmx, read=frozenset(read))

    def walk(
        self, visited: list[Visit], *, in_part: bool = True, known: Mapping[str, Answer] | None = None
    ) -> Iterator[tuple[str, Visit, Answer]]:
        """(what was asked, in words; the visit; what came back) of each, whole and if asked for in part.

        Where htmx would be answered the same it is not asked again: that is so of most pages that take a form. Nor is
        what is `known`, by what was asked: answers that would be the same.
        """
        known = known or {}
        for visit in visited:
            asked = f"{'GET' if visit.data is None else 'POST'} {visit.address}"
            if visit.data:
                asked += f" {json.dumps(dict(visit.data))}"
            whole = None if visit.in_part else known.get(asked) or self.answer(visit)
            if whole is not None:
                yield asked, visit, whole
            if visit.in_part or in_part:
                same = whole is not None and whole.is_for_all
                part = whole if same else known.get(f"htmx {asked}")
                yield f"htmx {asked}", visit, part or self.answer(visit, htmx=True)


@contextmanager
def undone() -> Iterator[None]:
    """Take back at the end whatever happens in the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
