"""A database whose vectors are searched by pgvector, for a test."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from trajectories.adapters.pgvector import SCHEMA, VectorSearch, ensure_vector_search


@contextmanager
def vector_search() -> Iterator[VectorSearch]:
    """The extension and the schema of vectors, which are taken away again."""
    found = ensure_vector_search()
    if not found:
        pytest.skip(found.words)
    try:
        yield found
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            cursor.execute("DROP EXTENSION IF EXISTS vector CASCADE")
