"""What comparing two expressions found out.

Comparing runs elsewhere (base.Tools.compare_expressions): a computer algebra system can be kept busy for ever by a
dozen characters. What of a text is an expression is said in `core.answers.expressions`.
"""

from dataclasses import dataclass
from fractions import Fraction


class ExpressionError(Exception):
    """Two expressions could not be compared within the limits; the message says why."""


@dataclass(frozen=True, slots=True)
class MathComparison:
    """What comparing two expressions found out.

    `unreadable` is "expected" or "found" where one of them is no expression. `numbers` are both values (expected,
    found) where both are real numbers: exact where they are rational, else to 30 digits. Otherwise `equal` counts.
    `engine` is what compared, and its version.
    """

    equal: bool = False
    numbers: tuple[Fraction, Fraction] | None = None
    unreadable: str = ""
    engine: str = ""
