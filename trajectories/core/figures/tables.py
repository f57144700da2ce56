"""The numbers of a figure as texts and as the rows of a CSV file."""

import csv
import io
from collections.abc import Iterator

from trajectories.core.figures.records import Figure, Unit, Value

NOTHING = "–"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def shown(value: Value, unit: Unit, currency: str = "") -> str:
    """A value as people read it."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    if unit is Unit.SHARE:
        return f"{100 * value:.1f}%"
    if unit is Unit.COUNT:
        return f"{value:,.0f}"
    if unit is Unit.MONEY:
        return f"{value:,.{2 if value >= 1 else 4}f} {currency}".strip()
    if unit is Unit.SECONDS:
        return f"{value:,.1f} s" if value >= 1 else f"{1000 * value:,.0f} ms"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def exact(value: Value) -> str:
    """A value as a file holds it: every digit, a full stop, no unit; empty where there is none.

    Text that a spreadsheet would take for a formula is set off by an apostrophe.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(round(value, 10)) if isinstance(value, float) else str(value)


def csv_lines(figure: Figure) -> Iterator[str]:
    """The table of a figure as the lines of a CSV file (RFC 4180), headings first."""
    for row in ([column.title for column in figure.columns], *(each.values for each in figure.rows)):
        line = io.StringIO()
        csv.writer(line).writerow([exact(value) for value in row])
        yield line.getvalue()
