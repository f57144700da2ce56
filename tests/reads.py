"""What an answer was made of: the tables that were read for it, and which of them hold something else by now.

A page that reads none of the tables in which two worlds differ is the same in both. Walks over all pages in several
worlds ask for it once. Whatever cannot be told apart so is taken to read everything: what writes, since triggers and
references read by themselves, what is found in the cache, and the queues.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

import psycopg
from django.apps import apps
from django.core.cache import caches
from django.db import connection

EVERYTHING = "*"
WORD = re.compile(r"[a-z_]\w+")
READS = re.compile(r"\s*(?:select|with|declare|fetch|close|savepoint|release|rollback|set|show|copy \()", re.I)
WRITES = re.compile(r"\b(?:insert|update|delete|merge|truncate)\b", re.I)
RAW = (
    (psycopg.Cursor, "execute"),
    (psycopg.Cursor, "executemany"),
    (psycopg.Cursor, "copy"),
    (psycopg.Cursor, "stream"),
    (psycopg.ServerCursor, "execute"),
)
"""Whatever reaches the database, past Django's own cursors too."""


@contextmanager
def noting_reads(names: set[str]) -> Iterator[None]:
    """Write down the tables that are read meanwhile, EVERYTHING where that cannot be told."""

    def spying(original: Any) -> Any:
        def spy(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
            text = query if isinstance(query, str) else query.decode() if isinstance(query, bytes) else None
            names.update(_read_by(text) if text is not None else {EVERYTHING})
            return original(cursor, query, *arguments, **options)

        return spy

    cache = caches["default"]
    look = cache.get

    def get(key: Any, default: Any = None, **options: Any) -> Any:
        found = look(key, default, **options)
        if found is not default:
            names.add(EVERYTHING)
        return found

    with ExitStack() as stack:
        for kind, method in RAW:
            stack.enter_context(patch.object(kind, method, spying(getattr(kind, method))))
        stack.enter_context(patch.object(cache, "get", get))
        yield


@lru_cache(maxsize=20_000)
def _read_by(query: str) -> frozenset[str]:
    """The tables that a statement names."""
    words = frozenset(WORD.findall(query))
    if "pgmq" in words or WRITES.search(query) or not READS.match(query):
        return frozenset({EVERYTHING})
    return words & _tables()


@lru_cache(maxsize=1)
def _tables() -> frozenset[str]:
    return frozenset(model._meta.db_table for model in apps.get_models(include_auto_created=True))


def fingerprint(but: frozenset[str] | set[str] = frozenset()) -> dict[str, str]:
    """A hash of the rows of every table `but` some."""
    hashed = "SELECT '{0}', md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) FROM {0} t"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(hashed.format(table) for table in sorted(_tables() - but)))
        return dict(cursor.fetchall())


def changed(one: dict[str, str], other: dict[str, str]) -> frozenset[str]:
    """The tables that hold something else in one world than in another; EVERYTHING stands for any of them."""
    return frozenset({EVERYTHING, *(name for name, rows in one.items() if other[name] != rows)})
