"""Instructions: the views of the embedded sampler."""

from trajectories.models import Instruction

SYMBOLIC_STYLE = "program"
SYMBOLIC_VIEWS = {"grid": "Grid view", "object": "Object view", "pixel": "Pixel view"}
"""Titles by view (John & Motani 2023, arXiv 2310.05146)."""


def ensure_symbolic_views() -> list[Instruction]:
    """The three views of the symbolic sampler in the order grid, object, pixel, made on first use."""
    return [
        Instruction.objects.get_or_create(
            name=view, version=1, defaults={"title": title, "view": view, "style": SYMBOLIC_STYLE}
        )[0]
        for view, title in SYMBOLIC_VIEWS.items()
    ]
