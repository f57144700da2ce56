"""Long texts, each stored once under its hash."""

from collections.abc import Mapping

from django.db.models import Value

from trajectories.models import Text


def store_texts(bodies: Mapping[str, str]) -> None:
    """Store texts by hash, each once; in one order, so that concurrent writers cannot block each other in a circle.

    As expressions they go as values of their own: an array of them would be escaped quote by quote, in Python.
    """
    rows = [Text(content_hash=key, body=Value(body)) for key, body in sorted(bodies.items())]
    Text.objects.bulk_create(rows, ignore_conflicts=True)
