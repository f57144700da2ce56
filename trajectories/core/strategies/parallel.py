"""Every sample by itself: what rejection sampling and voting are done with."""

from trajectories.core.strategies.base import AtOnce, Parameter


class Parallel(AtOnce):
    """All samples of the plan at once."""

    name = "parallel"
    title = "Parallel"
    summary = "Every sample by itself, all at once."
    parameters: tuple[Parameter, ...] = ()
