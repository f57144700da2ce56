"""What commands say of imported problems that are known on the other side of training and evaluation."""

from collections.abc import Callable, Sequence
from typing import Any

from trajectories.core.problems import Crossing


def warn_of_crossings(say: Callable[[str], Any], count: int, first: Sequence[Crossing]) -> None:
    """Say how many problems are known on the other side of the line, and which the `first` of them are."""
    are = "problem is" if count == 1 else "problems are"
    say(f"warning: {count:,} {are} known on the other side (train/eval):")
    for crossing in first:
        say(f"  {crossing}")
    if count > len(first):
        say(f"  ... and {count - len(first):,} more")
