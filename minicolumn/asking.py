"""How every part of a client asks: one request, all pages of a list, and what makes something once."""

import uuid
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from minicolumn.connection import KEY, Connection, Row


class AskingClient:
    """What all parts of minicolumn.Client share."""

    _connection: Connection

    def _pages(self, path: str, filters: Mapping[str, Any]) -> Iterator[Row]:
        given: Row = {"limit": 200, **filters}
        while True:
            page = self._ask("GET", path, params=given)
            if "cursor" not in given and (waiting := page.get("unsearchable", 0)):
                told = f"{waiting:,} traces that came lately are still being read for their words and are not found yet"
                warnings.warn(told, stacklevel=3)
            yield from page["items"]
            if page["next"] is None:
                return
            given["cursor"] = page["next"]

    def _ask(self, method: str, path: str, **options: Any) -> Row:
        return self._connection.ask(method, path, **options)

    def _make(self, path: str, body: Row, key: str | None) -> Row:
        return self._ask("POST", path, json=body, headers={KEY: key or str(uuid.uuid4())})
