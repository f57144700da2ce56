"""Minicolumn from a program: `from minicolumn import Client`. The command `minicolumn` is in minicolumn.command.

The client comes in once it is asked for: commands of the server have no use for what it imports.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicolumn.client import Client, MinicolumnError

__all__ = ["Client", "MinicolumnError"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from minicolumn import client

    return getattr(client, name)
