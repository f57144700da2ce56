"""Dumps of databases of earlier versions: a database of their own to restore them in, and what is found there."""

import lzma
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.db import connection

DATA = Path(__file__).resolve().parent / "data" / "upgrade"

Snapshot = dict[str, dict[str, str]]
"""By table: "" is the number of its rows, and of each column what all its values in order come to."""


def tables() -> list[str]:
    """The tables of Django and of the application."""
    return column_of("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")


def column_of(sql: str, *values: Any) -> list[Any]:
    """The first column of what a query finds."""
    return [row[0] for row in rows_of(sql, *values)]


def rows_of(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a query finds."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def snapshot() -> Snapshot:
    """What all tables hold."""
    found = {}
    for table in tables():
        columns = column_of(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " ORDER BY attnum",
            table,
        )
        hashes = ", ".join(
            f"""md5(coalesce(string_agg(coalesce("{name}"::text, E'\\x01'), E'\\x02' ORDER BY "{columns[0]}"), ''))"""
            for name in columns
        )
        (row,) = rows_of(f'SELECT count(*)::text, {hashes} FROM "{table}"')
        found[table] = dict(zip(["", *columns], row, strict=True))
    return found


def values_of(columns: dict[str, set[str]]) -> dict[tuple[str, str], dict[int, str]]:
    """By table and column: every value, by the key of its row."""
    return {
        (table, name): dict(rows_of(f"SELECT id, {name} FROM {table}"))
        for table, each in columns.items()
        for name in each
    }


def schema() -> dict[str, set[tuple[Any, ...]]]:
    """Columns, indexes, constraints and triggers of the tables of the application."""
    return {
        "columns": set(
            rows_of(
                "SELECT table_name, column_name, udt_name, character_maximum_length, is_nullable, column_default,"
                " is_identity FROM information_schema.columns WHERE table_schema = 'public'"
            )
        ),
        "indexes": {
            (table, name, _without_casts(definition))
            for table, name, definition in rows_of(
                "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            )
        },
        "constraints": {
            (table, name, _without_casts(definition))
            for table, name, definition in rows_of(
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE connamespace = 'public'::regnamespace"
            )
        },
        "triggers": set(
            rows_of(
                "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled FROM pg_trigger"
                " WHERE NOT tgisinternal AND NOT tgrelid::regclass::text LIKE 'pgmq.%%'"
            )
        ),
        "sequences": set(rows_of("SELECT sequencename, data_type::text FROM pg_sequences WHERE schemaname = 'public'")),
    }


def _without_casts(definition: str) -> str:
    """A condition without casts and brackets: one that was restored is told with them in other places."""
    return re.sub(r"::character varying|::text(\[\])?|[()]", "", definition)


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """This process's one connection goes to another database of the same server."""

    def move(to: str) -> None:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        connection.settings_dict["NAME"] = to
        ContentType.objects.clear_cache()  # keys are others there

    before = connection.settings_dict["NAME"]
    move(name)
    try:
        yield
    finally:
        move(before)


@contextmanager
def own_database(name: str, template: str = "template0") -> Iterator[None]:
    """A database of that name, empty or a copy of another one, dropped afterwards."""
    given = connection.get_connection_params()
    parameters = {key: given[key] for key in ("host", "port", "user", "password") if key in given}
    with psycopg.connect(**parameters, dbname="postgres", autocommit=True) as server:
        drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode()
        server.execute(drop)
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        try:
            with connected_to(name):
                yield
        finally:
            server.execute(drop)


def restore(version: str) -> None:
    """Fill the empty database with the dump of a version."""
    sql = lzma.decompress((DATA / f"{version}.sql.xz").read_bytes())
    with connection.cursor() as cursor:
        cursor.connection.execute(sql)
    connection.close()  # a dump sets its session's search path


def rights_of_groups() -> dict[str, set[str]]:
    """The code names of the permissions of each group."""
    found: dict[str, set[str]] = {group: set() for group in column_of("SELECT name FROM auth_group")}
    for group, right in rows_of(
        "SELECT auth_group.name, codename FROM auth_group_permissions JOIN auth_group ON group_id = auth_group.id"
        " JOIN auth_permission ON permission_id = auth_permission.id"
    ):
        found[group].add(right)
    return found


def guarded_tables() -> set[str]:
    """Tables whose rows are never changed."""
    return set(column_of("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only'"))
