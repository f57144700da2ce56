"""Samples that call a tool: the model writes Python, or acts in the world of an episode, sees what it does, and goes on
(see core.records.AgentLimits)."""

from collections.abc import Sequence

from trajectories.core.strategies.base import Look, Parameter, Planned, Settings, Situation, Slot, all_slots


class Agent:
    """Every sample is a conversation with the sandbox or a world, bounded in calls and tokens."""

    name = "agent"
    title = "Agent with a tool"
    summary = (
        "Every sample may run Python in the sandbox, or act in the world of its episode, see the result and go on."
    )
    needs_model = True
    adapts = False
    calls_tools = True
    writes_programs = False
    steps = False
    looks_at = Look.NOTHING
    parameters: tuple[Parameter, ...] = (
        Parameter("turns", "Turns", 8, 2, 500, "Calls to the model in one sample at the most."),
        Parameter("tokens", "Tokens a sample", 40_000, 2_000, 5_000_000, "Input and output of all its calls together."),
        Parameter(
            *("memory", "Earlier episodes", 0, 0, 50),
            "Of a world: so many earlier episodes are told before one, which are then acted in by order.",
        ),
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
