"""What an address says behind its question mark, as text that may be looked for."""

from django.http import HttpRequest

LONGEST = 1_000
"""Characters of a parameter that are looked at."""


def read_text(request: HttpRequest, name: str) -> str:
    """A parameter of the address without NUL characters, which no database takes; "" where there is none."""
    return request.GET.get(name, "")[:LONGEST].replace("\0", "")
