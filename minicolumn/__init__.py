"""Minicolumn from a program: `from minicolumn import Client`."""

from minicolumn.client import Client, MinicolumnError

__all__ = ["Client", "MinicolumnError"]
