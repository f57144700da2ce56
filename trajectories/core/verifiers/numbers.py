"""Reading numbers as people and models write them, exactly: as fractions, with their unit."""

import re
from dataclasses import dataclass
from fractions import Fraction

from trajectories.core.records import JSON

MAX_CHARACTERS = 200
MAX_EXPONENT = 400

_PLAIN = r"(?:\d{1,3}(?:[,  ]\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_SIGN = r"(?P<sign>[-+−]?)\s?"
_SHAPES = (
    re.compile(rf"{_SIGN}(?P<currency>[$€£¥]?)\s?(?P<whole>\d+)\s(?P<top>\d+)\s?/\s?(?P<bottom>\d+)(?P<unit>.*)"),
    re.compile(rf"{_SIGN}(?P<currency>[$€£¥]?)\s?(?P<top>{_PLAIN})\s?/\s?(?P<bottom>{_PLAIN})(?P<unit>.*)"),
    re.compile(rf"{_SIGN}(?P<currency>[$€£¥]?)\s?(?P<top>{_PLAIN})(?:[eE](?P<exponent>[-+]?\d{{1,4}}))?(?P<unit>.*)"),
)
_NO_UNIT = re.compile(r"[\d=+*/^<>\\()\[\]√π∞]")
_CONSTANTS_AND_UNKNOWNS = frozenset("eijnxyz")
_LATEX_FRACTION = re.compile(r"\\[dt]?frac\s?\{([^{}]*)\}\s?\{([^{}]*)\}")
_LATEX_NOISE = re.compile(r"\\(?:text|mathrm|left|right|displaystyle|[,!; ])|[{}]|\$(?=\s*$)|^\$(?=.*\$$)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number and its unit ("" for none). 45% has the value 45 and the unit "%"."""

    value: Fraction
    unit: str


def read_quantity(value: JSON) -> Quantity | None:
    """The number that a JSON value or a text states, or None.

    Texts may have thousands separators, a fraction, a mixed number, an exponent, a percent sign, a currency sign in
    front or a unit behind, and a simple LaTeX fraction.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        # A float's shortest decimal form is what was written, not its binary value.
        value = repr(value)
    if not isinstance(value, str) or len(value) > MAX_CHARACTERS:
        return None
    text = _LATEX_FRACTION.sub(r"\1/\2", value.strip().replace("\\%", "%").replace("\\$", "$"))
    text = _LATEX_NOISE.sub("", text).strip().rstrip(".").strip()
    return next((found for shape in _SHAPES if (found := _read_shape(shape.fullmatch(text))) is not None), None)


def _read_shape(match: re.Match[str] | None) -> Quantity | None:
    if match is None:
        return None
    parts = match.groupdict()
    unit = _clean_unit(parts["unit"]) or parts["currency"]
    # What still has digits, operators or commands behind the number is an expression, not a unit; so is 2x or 3i.
    if _NO_UNIT.search(re.sub(r"(?<=[^\W\d])[\^]?[23]", "", unit)) or unit in _CONSTANTS_AND_UNKNOWNS:
        return None
    bottom = _decimal(parts.get("bottom") or "1")
    exponent = int(parts.get("exponent") or 0)
    if bottom == 0 or abs(exponent) > MAX_EXPONENT:
        return None
    number = _decimal(parts["top"]) / bottom + _decimal(parts.get("whole") or "0")
    number *= Fraction(10) ** exponent
    return Quantity(-number if parts["sign"] in ("-", "−") else number, unit)


def _decimal(digits: str) -> Fraction:
    return Fraction(re.sub(r"[,\s]", "", digits))


def _clean_unit(text: str) -> str:
    return " ".join(text.split()).strip(".,;:!").casefold()
