"""Intervals in one spelling: ]0, 1] as (0, 1], and a U between two of them as the sign of union."""

import re

_UNION_SIGN = re.compile(r"(?<=[)\]\[⦄])\s*U\s*(?=[(\[\]⦃])")
_END = r"\s*[^\[\]\s,;][^\[\],;]*"
_FRENCH = re.compile(
    rf"(?P<low>\])(?P<a>{_END})[,;](?P<b>{_END})(?P<high>[\[\]])|(?P<l>\[)(?P<c>{_END})[,;](?P<d>{_END})(?P<h>\[)"
)


def plain_intervals(text: str) -> str:
    """The text with round brackets at open ends, and with the sign of union."""
    return _UNION_SIGN.sub(" ∪ ", _FRENCH.sub(_turned, text))


def _turned(found: re.Match[str]) -> str:
    """An interval whose brackets are turned outwards where it is open, as one with round brackets."""
    if found["low"]:
        return f"({found['a']},{found['b']}{')' if found['high'] == '[' else ']'}"
    return f"[{found['c']},{found['d']})"
