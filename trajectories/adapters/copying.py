"""Many new rows in one statement: PostgreSQL's COPY, which takes a fifth of the time of INSERT through the models."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Field, Model
from django.db.models.fields import NOT_PROVIDED
from django.utils import timezone

from trajectories.adapters.plain_json import write_finite

NULL = "\\N"
"""Nothing, as COPY reads it."""

_SPECIAL = re.compile(r"[\\\b\f\n\r\t\v]")
_ESCAPED = {ord(sign): f"\\{word}" for sign, word in zip("\\\b\f\n\r\t\v", ("\\", *"bfnrtv"), strict=True)}


def copy_rows(model: type[Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows whose values are in the order of `names` (attribute names such as `problem_id`); returns how many.

    Columns that are not named get their field's default. JSON values are given as they are; None is NULL. Raises
    django.db.IntegrityError as an INSERT would.
    """
    return _copy_into(connection.ops.quote_name(model._meta.db_table), model, names, rows)


def copied_line(values: Sequence[Any]) -> str:
    """One row in the text format of PostgreSQL's COPY, without the end of the line. Objects and lists become JSON.

    Rows that are set aside in this form are inserted later without being read again. Raises ValueError for numbers
    within objects and lists that are not finite.
    """
    return "\t".join(map(_copied, values))


def copy_lines(model: type[Model], names: Sequence[str], blocks: Iterable[bytes], **fixed: Any) -> None:
    """Insert rows that `copied_line` wrote, each with its end of line, with values that are the same in all of them;
    `blocks` are these lines in pieces of any size.

    All columns are named, in `names` or `fixed`, but for those that the database fills. Raises as `copy_rows`.
    """
    fields = {field.attname: field for field in model._meta.concrete_fields}
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(fields[name].column)) for name in (*names, *fixed))
    end = ("".join(f"\t{_copied(value)}" for value in fixed.values()) + "\n").encode()
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN") as copy,
    ):
        for block in blocks:
            copy.write(block.replace(b"\n", end))  # within a line they are escaped


def _copied(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    text = write_finite(value) if isinstance(value, dict | list) else str(value)
    return text.translate(_ESCAPED) if _SPECIAL.search(text) else text


def copy_missing(model: type[Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert those rows, in their order, whose key is not there yet; see `copy_rows`."""
    quote = connection.ops.quote_name
    table, aside = quote(model._meta.db_table), quote(f"{model._meta.db_table}_new")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {aside} (LIKE {table})")
        _copy_into(aside, model, names, rows)
        cursor.execute(f"INSERT INTO {table} SELECT * FROM {aside} ON CONFLICT DO NOTHING")
        cursor.execute(f"DROP TABLE {aside}")


def _copy_into(table: str, model: type[Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    chosen = [fields[name] for name in names]
    others = [field for name, field in fields.items() if name not in names and not _filled_by_database(field)]
    fixed = [_prepare(field, _default(field)) for field in others]
    written = [position for position, field in enumerate(chosen) if isinstance(field, models.JSONField)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in (*chosen, *others))
    count = 0
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            values = list(row)
            for position in written:
                values[position] = _prepare(chosen[position], values[position])
            copy.write_row([*values, *fixed])
            count += 1
    return count


def reserve_ids(model: type[Model], count: int) -> list[int]:
    """So many new ids of a table, in ascending order, which nobody else will get."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
        return sorted(row[0] for row in cursor.fetchall())


def _filled_by_database(field: "Field[Any, Any]") -> bool:
    return isinstance(field, models.AutoField | models.BigAutoField) or field.db_default is not NOT_PROVIDED


def _default(field: "Field[Any, Any]") -> Any:
    return timezone.now() if getattr(field, "auto_now_add", False) else field.get_default()


def _prepare(field: "Field[Any, Any]", value: Any) -> Any:
    if isinstance(field, models.JSONField) and value is not None:
        return write_finite(value)
    return value
