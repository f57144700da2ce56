"""What a sampler whose calls go out in batches cannot be asked for."""

from trajectories.core.strategies import Strategy
from trajectories.models import Sampler


def transport_lack(sampler: Sampler, strategy: Strategy, *, has_memory: bool) -> str:
    """Why a plan cannot be followed by the sampler's transport, for people; "" where it can.

    Where answers come within a day no prompt can wait for an earlier one, and each has to read the same then as when it
    was sent.
    """
    if not sampler.sends_batches:
        return ""
    end = f"{sampler} sends prompts in batches, which are answered within a day."
    if strategy.adapts or strategy.calls_tools:
        return f"Found the strategy {strategy.title!r}, expected one whose prompts need no earlier answer: {end}"
    if has_memory:
        return f"Found a memory, which is looked up anew whenever a prompt is made, expected none: {end}"
    return ""
