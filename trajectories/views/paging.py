"""Where a list goes on: keys of rows in addresses."""

from django.http import HttpRequest

KEY_DIGITS = 18
"""So many decimal digits fit in a key of 64 bits; what is longer is the key of nothing, and may be megabytes long."""


def read_key(request: HttpRequest, name: str) -> int | None:
    """The row id in a parameter of the address; None where there is none."""
    value = request.GET.get(name, "")
    return int(value) if len(value) <= KEY_DIGITS and value.isascii() and value.isdigit() else None
