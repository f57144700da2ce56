"""Where a list goes on: keys of rows in addresses."""

from django.http import HttpRequest

KEY_DIGITS = 18
"""So many decimal digits fit in a key of 64 bits; what is longer is the key of nothing, and may be megabytes long."""


MOST_KEYS = 100


def read_key(request: HttpRequest, name: str) -> int | None:
    """The row id in a parameter of the address; None where there is none."""
    return _key(request.GET.get(name, ""))


def posted_key(request: HttpRequest, name: str) -> int | None:
    """The row id in a field that was sent; None where there is none."""
    return _key(request.POST.get(name, ""))


def read_keys(request: HttpRequest, name: str) -> list[int]:
    """The row ids in a parameter that the address may hold several times, at most MOST_KEYS of them."""
    return [key for value in request.GET.getlist(name)[:MOST_KEYS] if (key := _key(value)) is not None]


def _key(value: str) -> int | None:
    return int(value) if len(value) <= KEY_DIGITS and value.isascii() and value.isdigit() else None
