"""Pages that are fetched ahead: the next thing to review is asked for, and leased, while another is read."""

import uuid

from django.http import HttpRequest


def is_ahead(request: HttpRequest) -> bool:
    """Whether a page asks for what comes next while it shows something else."""
    return "X-Ahead" in request.headers


def ahead_token(request: HttpRequest) -> uuid.UUID | None:
    """The token that the page wants its lease to have; None where it names none.

    The page chooses it, so that it can let go of a lease whose answer it never gets: one left while it was fetched.
    """
    try:
        return uuid.UUID(request.headers["X-Ahead"])
    except (KeyError, ValueError):
        return None
