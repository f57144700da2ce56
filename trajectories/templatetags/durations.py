"""Spans of time in words."""

from django import template

register = template.Library()

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as their two largest units: '2 h 5 min', '48 s'; a dash where there are none to show."""
    if seconds is None:
        return "–"
    left = max(0, round(seconds))
    for place, (size, name) in enumerate(UNITS):
        if left >= size:
            whole, rest = divmod(left, size)
            smaller = UNITS[place + 1] if place + 1 < len(UNITS) else None
            part = rest // smaller[0] if smaller else 0
            return f"{whole} {name} {part} {smaller[1]}" if smaller and part else f"{whole} {name}"
    return "0 s" if seconds <= 0 else "<1 s"


@register.filter
def brief(seconds: float) -> str:
    """Seconds of computing in the unit that suits them: '1.25 s', '12 ms', '<1 ms'."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.001 else "<1 ms"
