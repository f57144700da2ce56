"""Published efficiency of others, to stand beside one's own: figures as their authors give them, nothing worked out."""

from dataclasses import dataclass

CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Published:
    """A row of the announcement of o3 on ARC-AGI-1 (ARC Prize, December 2024). None is what it does not say.

    `score` is in [0, 1]; `tokens` are of all tasks together; `cost` (US dollars) and `seconds` (of the clock) are of
    one task.
    """

    title: str
    problem_set: str
    tasks: int
    samples: int
    """Samples of one task."""
    score: float
    tokens: int
    cost: float | None
    seconds: float | None


PUBLISHED = (
    Published("o3, low compute", "ARC-AGI-1 semi-private", 100, 6, 0.757, 33_000_000, 20.0, 78.0),
    Published("o3, high compute", "ARC-AGI-1 semi-private", 100, 1_024, 0.875, 5_700_000_000, None, 828.0),
    Published("o3, low compute", "ARC-AGI-1 public", 400, 6, 0.828, 111_000_000, 17.0, None),
    Published("o3, high compute", "ARC-AGI-1 public", 400, 1_024, 0.915, 9_500_000_000, None, None),
)
