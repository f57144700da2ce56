"""Long texts, each stored once under its hash."""

from collections.abc import Mapping

from trajectories.models import Text
from trajectories.services.rows import insert_rows


def store_texts(bodies: Mapping[str, str]) -> None:
    """Store texts by hash, each once; in one order, so that concurrent writers cannot block each other in a circle."""
    rows = [{"content_hash": key, "body": body} for key, body in sorted(bodies.items())]
    insert_rows(Text, rows, conflicts="DO NOTHING")
