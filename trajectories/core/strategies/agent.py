"""Samples that call a tool: the model writes Python, sees what it does, and goes on (see core.records.AgentLimits)."""

from collections.abc import Sequence

from trajectories.core.strategies.base import Look, Parameter, Planned, Settings, Situation, Slot, all_slots


class Agent:
    """Every sample is a conversation with the sandbox, bounded in calls and tokens."""

    name = "agent"
    title = "Agent with Python"
    summary = "Every sample may run Python in the sandbox, see the result and go on."
    needs_model = True
    adapts = False
    calls_tools = True
    writes_programs = False
    steps = False
    looks_at = Look.NOTHING
    parameters: tuple[Parameter, ...] = (
        Parameter("turns", "Turns", 8, 2, 50, "Calls to the model in one sample at the most."),
        Parameter("tokens", "Tokens a sample", 40_000, 2_000, 5_000_000, "Input and output of all its calls together."),
    )

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:  # noqa: ARG002
        """Every slot."""
        return all_slots(slots)

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:  # noqa: ARG002
        """Nothing."""
        return ()

    def most(self, slots: int, settings: Settings) -> int:  # noqa: ARG002
        """One for each slot; each makes up to `turns` calls."""
        return slots
