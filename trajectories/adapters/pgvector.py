"""Vectors in the database by its extension `pgvector`, where that can be had: one table for each project, model and
length of vectors, which is searched by an HNSW index once it is large.

The tables are copies of what is kept as answers that were paid for. They are in a schema of their own, which neither
migrations nor backups know: what is missing there is copied again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import ProgrammingError, connection, transaction
from numpy.typing import NDArray
from psycopg.errors import InsufficientPrivilege

from trajectories.adapters.acting import acting_project

SCHEMA = "minicolumn_vectors"
LEAST = (0, 8)
"""The version from which on an index goes on looking where its nearest rows are not among those asked for."""
INDEXED_FROM = 10_000
"""Rows from which on a table has an index: fewer are searched in some milliseconds, exactly, and cost less to add."""
MOST_INDEXED = 4_000
"""Numbers of a vector that an index takes; longer ones are searched without."""
BUILD_MEMORY = "256MB"
LOOKED_AT = 100
"""Rows that an index keeps in view (hnsw.ef_search)."""

FIND = """
SELECT
    (SELECT default_version FROM pg_available_extensions WHERE name = 'vector'),
    (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
    (SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
     WHERE extname = 'vector'),
    coalesce(has_schema_privilege(to_regnamespace(%s)::oid, 'CREATE'), false)
"""


@dataclass(frozen=True, slots=True)
class VectorSearch:
    """How the nearest vectors are found in this database. `schema` is the one of the extension, "" where the search is
    an exact one in the process; `lack` says then why."""

    schema: str = ""
    lack: str = ""

    def __bool__(self) -> bool:
        """Whether the database searches."""
        return bool(self.schema)

    @property
    def words(self) -> str:
        """Which search is in use, and why, in a sentence."""
        if self:
            return "The nearest embeddings are found by pgvector in the database."
        return f"The nearest embeddings are found exactly in the process, without pgvector: {self.lack}"


def find_vector_search() -> VectorSearch:
    """Which search is in use, by what the database has at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(FIND, [SCHEMA])
        available, version, schema, is_ours = cursor.fetchone()
    if version is None:
        lack = (
            "the database server does not have it."
            if available is None
            else "the server has it, this database does not; have a superuser CREATE EXTENSION vector, then run "
            "“manage.py prepare”."
        )
        return VectorSearch(lack=lack)
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST:
        return VectorSearch(lack=f"found version {version}, expected {'.'.join(map(str, LEAST))} or newer.")
    if not is_ours:
        return VectorSearch(
            lack=f"there is no schema {SCHEMA} that this role may make tables in; GRANT CREATE ON DATABASE, then run "
            "“manage.py prepare”."
        )
    return VectorSearch(schema)


def ensure_vector_search() -> VectorSearch:
    """Put the extension and the schema of vectors into the database, as far as its server has the one and its role may
    make both; may be repeated. Returns which search is in use then."""
    with connection.cursor() as cursor:
        cursor.execute(FIND, [SCHEMA])
        available, version, _, is_ours = cursor.fetchone()
    if version is None and available is not None:
        _run_where_allowed("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
    if (version is not None or available is not None) and not is_ours:
        _run_where_allowed(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    return find_vector_search()


def _run_where_allowed(statement: str) -> None:
    """Run a statement; nothing where the role may not, which `find_vector_search` tells of."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError as fault:
        if not isinstance(fault.__cause__, InsufficientPrivilege):
            raise


class VectorTable:
    """The vectors of one length by one model, in the project that acts, by the content hashes of problems. `space` is
    the hash of the model. The table is made when it is first asked for."""

    def __init__(self, search: VectorSearch, space: str, numbers: int) -> None:
        self._numbers = numbers
        self._type = f"{search.schema}.halfvec({numbers})"
        self._nearer = f"OPERATOR({search.schema}.<=>)"
        self._operators = f"{search.schema}.halfvec_cosine_ops"
        self._key = f"of_{acting_project()}_{space[:24]}_{numbers}"
        self._name, self._index = f"{SCHEMA}.{self._key}", f"{self._key}_nearest"
        if not self._is_there(self._key):
            self._make(
                self._key,
                f"CREATE TABLE {self._name} (content varchar(64) PRIMARY KEY, numbers {self._type})",
            )

    def missing(self, problems: str, values: Sequence[Any]) -> list[int]:
        """The ids of the problems that a query finds whose vectors are not in the table."""
        return self._ids(
            f"SELECT id FROM trajectories_problem WHERE id IN ({problems}) AND NOT EXISTS"
            f" (SELECT FROM {self._name} WHERE content = content_hash) ORDER BY id",
            values,
        )

    def add(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Add vectors of length 1 by content hashes; one that has not as many numbers as the table's is noted to have
        none here."""
        texts = [_text(vector) if len(vector) == self._numbers else None for vector in vectors.values()]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {self._name} SELECT content, written::{self._type}"
                " FROM unnest(%s::text[], %s::text[]) AS new (content, written) ON CONFLICT DO NOTHING",
                [list(vectors), texts],
            )

    def ensure_index(self) -> None:
        """Build the index of a table that has grown large, once."""
        if self._numbers > MOST_INDEXED or self._is_there(self._index):
            return
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {self._name}")
            (count,) = cursor.fetchone()
        if count >= INDEXED_FROM:
            self._make(
                self._index,
                f"SET LOCAL maintenance_work_mem = '{BUILD_MEMORY}';"
                f"CREATE INDEX {self._index} ON {self._name} USING hnsw (numbers {self._operators})",
            )

    def nearest(self, problems: str, values: Sequence[Any], asked: NDArray[np.float32], limit: int) -> list[int]:
        """The ids of so many of the problems that a query finds, the nearest first: found by the index where there is
        one, which may overlook a few. Fewer than so many do not say that there are no more."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('hnsw.iterative_scan', 'strict_order', true),"
                    " set_config('hnsw.ef_search', %s, true)",
                    [str(LOOKED_AT)],
                )
            return self._ids(
                f"SELECT id FROM {self._name} JOIN trajectories_problem ON content_hash = content"
                f" WHERE numbers IS NOT NULL AND id IN ({problems})"
                f" ORDER BY numbers {self._nearer} %s::{self._type} LIMIT {limit:d}",
                [*values, _text(asked)],
            )

    def in_order(self, problems: str, values: Sequence[Any], asked: NDArray[np.float32]) -> list[int]:
        """The ids of all problems that a query finds, exactly by how near they are; those without a vector last."""
        return self._ids(
            f"SELECT id FROM trajectories_problem LEFT JOIN {self._name} ON content = content_hash"
            f" WHERE id IN ({problems}) ORDER BY numbers {self._nearer} %s::{self._type} NULLS LAST, id",
            [*values, _text(asked)],
        )

    def _ids(self, query: str, values: Sequence[Any]) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            return [key for (key,) in cursor.fetchall()]

    def _is_there(self, name: str) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.{name}"])
            return bool(cursor.fetchone()[0])

    def _make(self, name: str, statements: str) -> None:
        """Run what makes a table or an index, one process at a time."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{SCHEMA}.{name}"])
            if not self._is_there(name):
                cursor.execute(statements)


def _text(vector: NDArray[np.float32]) -> str:
    return f"[{','.join(f'{number:.6g}' for number in vector.tolist())}]"
