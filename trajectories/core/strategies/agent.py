"""Samples that call a tool: the model writes Python, or acts in the world of an episode, sees what it does, and goes on
(see core.records.AgentLimits)."""

from trajectories.core.strategies.base import AtOnce, Parameter


class ToolAgent(AtOnce):
    """Every sample is a conversation with the sandbox or a world, of at most so many calls to the model and tokens."""

    name = "agent"
    title = "Agent with a tool"
    summary = (
        "Every sample may run Python in the sandbox, or act in the world of its episode, see the result and go on."
    )
    needs_model = True
    calls_tools = True
    parameters: tuple[Parameter, ...] = (
        Parameter("turns", "Turns", 8, 2, 500, "Calls to the model in one sample at the most."),
        Parameter("tokens", "Tokens a sample", 40_000, 2_000, 5_000_000, "Input and output of all its calls together."),
        Parameter(
            *("memory", "Earlier episodes", 0, 0, 50),
            "Of a world: so many earlier episodes are told before one, which are then acted in by order.",
        ),
    )
