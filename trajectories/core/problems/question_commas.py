"""What a lone comma between digits means in a column of answers: "1,2" may be 1.2 or the two numbers 1 and 2."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from trajectories.core.problems import ProblemError
from trajectories.core.problems.question_files import Row
from trajectories.core.problems.question_values import is_nothing
from trajectories.core.records import ProblemKind

LONGEST = 60
"""Characters of a value that is looked at."""

_DOUBTFUL = re.compile(r"(?P<first>[-+]?\d+),(?P<second>\d+)")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+")
_DECIMAL = re.compile(r"[-+]?(?:0\d*,\d+|[1-9]\d{0,2}(?:\.\d{3})+,\d+)")
_LIST = re.compile(
    r"[-+]?\d+(?:\s*,\s*[-+]?\d+){2,}|[-+]?\d+,\s+[-+]?\d+|[-+]?\d+,[-+]\d+|[(\[{].*\d\s*,\s*[-+]?\d.*[)\]}]"
)
_POINT = re.compile(r"[-+]?(?:\d*\.\d{1,2}|0?\.\d+|\d+\.\d{4,}|[1-9]\d{0,2}(?:,\d{3})+\.\d+)")


@dataclass
class CommaTally:
    """What the values of each column say of commas: that they part decimals, or that they cannot."""

    decimal: set[str] = field(default_factory=set)
    other: set[str] = field(default_factory=set)

    def look(self, row: Row) -> None:
        """Take in the values of one row."""
        for column, value in row.items():
            if not isinstance(value, str) or len(value) > LONGEST or not ("," in value or "." in value):
                continue
            text = value.strip()
            if _DECIMAL.fullmatch(text):
                self.decimal.add(column)
            elif _POINT.fullmatch(text) or (_LIST.fullmatch(text) and not _THOUSANDS.fullmatch(text)):
                self.other.add(column)

    def settle(self, row: Row, mapping: Mapping[str, str], kind: str) -> Row:
        """The row with its answer as the other rows of its column show it to be meant: 1.2 or "1, 2".

        A row whose answer is compared as text, or by a match, stays what it is. Raises ProblemError where the column
        does not tell.
        """
        column = mapping.get("answer", "")
        value = row.get(column)
        found = _DOUBTFUL.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None or _THOUSANDS.fullmatch(found[0]) or not _is_compared(row, mapping, kind):
            return row
        is_decimal, is_other = column in self.decimal or _DECIMAL.fullmatch(found[0]), column in self.other
        if bool(is_decimal) is bool(is_other):
            decimal, numbers = f"{found['first']}.{found['second']}", f"({found['first']}, {found['second']})"
            means = f"found {found[0]!r}, which may be {decimal} or the numbers {numbers}"
            raise ProblemError(column, f"{means}, expected one of these spellings, or the kind text")
        return {**row, column: ".".join(found.groups()) if is_decimal else ", ".join(found.groups())}


def _is_compared(row: Row, mapping: Mapping[str, str], kind: str) -> bool:
    """Whether an answer is compared as a number, as far as anything says so."""
    said = kind or str(row.get(mapping.get("kind", "")) or "").strip().lower()
    others = (row.get(mapping.get(name, "")) for name in ("choices", "match", "tests"))
    return said in ("", ProblemKind.NUMERIC.value) and all(is_nothing(value) for value in others)
