"""Schemas of projects: the tables, functions and triggers of the first project once more, for another one.

Everything is read from the catalogue of the database, with its names: a schema that was made looks like one that every
migration was applied to, and later migrations find what they expect.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection

from trajectories.adapters.acting import FIRST, SHARED_SCHEMA, acting_in, schema_of

SHARED_MODELS = frozenset(
    ("apitoken", "endpointgate", "invitation", "membership", "project", "scheduler", "signin", "worker"),
)
"""Models of the application that all projects share: their tables are in the first schema alone."""
PREFIX = "trajectories_"
MIGRATIONS = "django_migrations"
"""Each schema has its own table of applied migrations: one that failed halfway is known."""

TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = %s::regnamespace AND relkind = 'r' AND (relname LIKE %s OR relname = %s) ORDER BY relname
"""
# Of one table, in their order; the sequence of an identity column keeps its name, and so does what forbids nulls (which
# has one since PostgreSQL 18).
COLUMNS = """
SELECT quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)
    || CASE WHEN attcollation <> typcollation THEN ' COLLATE ' || attcollation::regcollation::text ELSE '' END
    || CASE attidentity
        WHEN '' THEN CASE
            WHEN attgenerated <> '' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(adbin, adrelid) || ') STORED'
            WHEN adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(adbin, adrelid)
            ELSE '' END
        ELSE ' GENERATED ' || CASE attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END
            || ' AS IDENTITY (SEQUENCE NAME ' || quote_ident(%(target)s) || '.'
            || quote_ident((SELECT relname FROM pg_class WHERE oid = pg_get_serial_sequence(
                quote_ident(%(source)s) || '.' || quote_ident(%(table)s), attname)::regclass)) || ')'
        END
    || CASE WHEN attnotnull THEN coalesce(' CONSTRAINT ' || quote_ident((
        SELECT conname FROM pg_constraint WHERE conrelid = attrelid AND contype = 'n' AND conkey = ARRAY[attnum]
        AND conname <> %(table)s || '_' || attname || '_not_null')), '') || ' NOT NULL' ELSE '' END
FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = (quote_ident(%(source)s) || '.' || quote_ident(%(table)s))::regclass
AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
FUNCTIONS = """
SELECT pg_get_functiondef(oid) FROM pg_proc
WHERE pronamespace = %s::regnamespace AND proname LIKE %s ORDER BY prolang, proname
"""
# Primary keys and uniqueness first: foreign keys stand on them.
CONSTRAINTS = """
SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid), contype FROM pg_constraint
JOIN pg_class ON pg_class.oid = conrelid
WHERE relnamespace = %s::regnamespace AND relname = ANY(%s) AND contype IN ('p', 'u', 'x', 'c', 'f')
ORDER BY contype = 'f', contype = 'c', relname, conname
"""
INDEXES = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = %s::regnamespace AND relname = ANY(%s)
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
ORDER BY indexrelid
"""
TRIGGERS = """
SELECT pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = %s::regnamespace AND relname = ANY(%s) AND NOT tgisinternal ORDER BY relname, tgname
"""
STORAGE = """
SELECT relname, array_to_string(reloptions, ', ') FROM pg_class
WHERE relnamespace = %s::regnamespace AND relname = ANY(%s) AND reloptions IS NOT NULL
"""
STATISTICS = """
SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxnamespace = %s::regnamespace
"""
HEAD = "SELECT max(name) FROM {schema}.django_migrations WHERE app = 'trajectories'"
SCHEMAS = r"""
SELECT substr(nspname, 9)::bigint FROM pg_namespace WHERE nspname ~ '^project_[0-9]+$' ORDER BY 1
"""


def is_shared(model_name: str) -> bool:
    """Whether all projects share the table of a model of the application, by its name in small letters."""
    return model_name in SHARED_MODELS


def projects_with_schemas() -> list[int]:
    """The ids of the projects that have a schema of their own, all but the first."""
    with connection.cursor() as cursor:
        cursor.execute(SCHEMAS)
        return [project for (project,) in cursor.fetchall()]


def unmigrated_projects() -> list[int]:
    """The ids of the projects whose tables are not at the migration of the first one's: a migration has failed there.
    Nobody may work in them: what is missing there would be found in the first schema."""
    heads = {project: _rows(HEAD.format(schema=schema_of(project)), None) for project in projects_with_schemas()}
    first = _rows(HEAD.format(schema=SHARED_SCHEMA), None) if heads else []
    return [project for project, head in heads.items() if head != first]


def make_schema(project: int) -> None:
    """Make the schema of a project with every table that projects have, empty, in the transaction of the caller.

    Raises django.db.ProgrammingError where this database's role may make no schemas, or there is one already.
    """
    with acting_in(FIRST):
        tables = project_tables(SHARED_SCHEMA)
        statements = list(statements_of(tables, SHARED_SCHEMA, schema_of(project)))
        _run([f"CREATE SCHEMA {schema_of(project)}"])
    with acting_in(project):
        _run(statements)
        _run(
            [
                f"INSERT INTO {MIGRATIONS} (app, name, applied) "
                f"SELECT app, name, applied FROM {SHARED_SCHEMA}.{MIGRATIONS} ORDER BY id"
            ]
        )


def all_tables() -> list[str]:
    """The tables of the application in the first schema, by name."""
    return [name for (name,) in _rows(TABLES, [SHARED_SCHEMA, f"{PREFIX}%", ""])]


def project_tables(schema: str) -> list[str]:
    """The tables that each project has for itself, by name."""
    shared = {f"{PREFIX}{name}" for name in SHARED_MODELS}
    return [name for (name,) in _rows(TABLES, [schema, f"{PREFIX}%", MIGRATIONS]) if name not in shared]


def statements_of(tables: Sequence[str], source: str, target: str) -> Iterator[str]:
    """What makes tables in a schema like those in another one, with their functions. To be run with the new schema
    first in the search path."""
    of_tables = [source, list(tables)]
    yield from (_without(source, text) for (text,) in _rows(FUNCTIONS, [source, f"{PREFIX}%"]))
    for table in tables:
        columns = _rows(COLUMNS, {"source": source, "target": target, "table": table})
        yield f'CREATE TABLE "{table}" ({", ".join(text for (text,) in columns)})'
    for table, name, text, _ in _rows(CONSTRAINTS, of_tables):
        yield f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {text}'
    for query in (INDEXES, TRIGGERS):
        yield from (_without(source, text) for (text,) in _rows(query, of_tables))
    for table, options in _rows(STORAGE, of_tables):
        yield f'ALTER TABLE "{table}" SET ({options})'
    yield from (_without(source, text) for (text,) in _rows(STATISTICS, [source]))


def _without(schema: str, text: str) -> str:
    """A definition from the catalogue that names its schema, naming none."""
    return text.replace(f" {schema}.", " ")


def _rows(query: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def _run(statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(";\n".join(statements))
