"""The pixel view: programs that decide each output cell from local or learned evidence."""

from trajectories.core.samplers.symbolic.pixel.search import search

__all__ = ["search"]
