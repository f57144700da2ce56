"""Rows that are written many at a time: one statement, whose values go over as one JSON text.

Django's `bulk_create` makes a model, walks through its fields and quotes an array for each column: of what a small row
costs, nine tenths. Rows that people write one by one go through the models as ever.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import connection, models

Row = Mapping[str, Any]
"""A row by the names of its columns: JSON values, Decimals and times."""


def _spelled(value: Any) -> str:
    """A value that JSON has no form for, as PostgreSQL reads it. Raises TypeError for any other."""
    if isinstance(value, Decimal | datetime):
        return str(value)
    raise TypeError(f"found a {type(value).__name__}, expected a value of a row")


# Texts as they are: what stands in a text beyond ASCII would go over as six characters each.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_spelled)


def insert_rows(
    model: type[models.Model], rows: Sequence[Row], *, conflicts: str = "", returning: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    """Insert rows that name the same columns, in their order; returns the columns `returning` of each that came in.

    Columns that no row names get what the database has for them. `conflicts` is the end of an ON CONFLICT. Raises
    DataError for a value that its column does not take.
    """
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_insert(model, tuple(rows[0]), conflicts, tuple(returning)), [_ENCODER.encode(rows)])
        return cursor.fetchall() if returning else []


@lru_cache(maxsize=32)
def _insert(model: type[models.Model], columns: tuple[str, ...], conflicts: str, returning: tuple[str, ...]) -> str:
    """The statement; its names come from models and from this program, never from anybody else."""
    types = {field.column: field.db_type(connection) for field in model._meta.concrete_fields}
    names = ", ".join(columns)
    typed = ", ".join(f"{name} {types[name]}" for name in columns)
    end = f" ON CONFLICT {conflicts}" if conflicts else ""
    end += f" RETURNING {', '.join(returning)}" if returning else ""
    return (
        f"INSERT INTO {model._meta.db_table} ({names}) "
        f"SELECT {names} FROM json_to_recordset(%s::json) AS given({typed}){end}"
    )


def row_of(record: models.Model, *, without: Sequence[str] = ("id",)) -> dict[str, Any]:
    """The row of an unsaved record, but for some columns."""
    return {
        str(field.column): getattr(record, field.attname)
        for field in record._meta.concrete_fields
        if field.column not in without
    }
