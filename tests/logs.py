"""What an installation writes into its log, in both formats."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from webapp.logs import JsonFormatter, PlainFormatter

PLAIN = "{asctime} {levelname} {name}:{about} {message}"


class Lines:
    """What both formats make of everything that is logged."""

    def __init__(self) -> None:
        self.handlers: list[Any] = []
        for formatter in (JsonFormatter(), PlainFormatter(PLAIN, style="{")):
            handler = logging.StreamHandler(io.StringIO())
            handler.setFormatter(formatter)
            self.handlers.append(handler)

    @property
    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.handlers[0].stream.getvalue().splitlines()]

    @property
    def plain(self) -> str:
        return self.handlers[1].stream.getvalue()


@contextmanager
def listening() -> Iterator[Lines]:
    """Everything that is logged within the block, whatever its level."""
    found, root, level = Lines(), logging.getLogger(), logging.getLogger().level
    for handler in found.handlers:
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield found
    finally:
        root.setLevel(level)
        for handler in found.handlers:
            root.removeHandler(handler)
