"""Bells: how a service says that there is work, without knowing what hears it.

The row in the database is the work; a bell only makes a worker look at it at once. `tasks` connects a function to each
name; a bell that is lost is rung again by a sweep.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction

_ringers: dict[str, Callable[..., None]] = {}


def connect_bell(name: str, ringer: Callable[..., None]) -> None:
    """Have `ringer` called with what a service rings `name` for."""
    _ringers[name] = ringer


def ring(name: str, *arguments: Any) -> None:
    """Ring once this transaction commits. A broker that does not answer is logged; the work itself is stored.

    Raises KeyError where nothing is connected to that name.
    """
    ringer = _ringers[name]

    def rung() -> None:  # a function: Django asks what has failed for its name, which a partial has not
        ringer(*arguments)

    transaction.on_commit(rung, robust=True)
