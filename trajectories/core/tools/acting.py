"""The tool by which an agent acts in a world: one action at a time, by its name."""

from collections.abc import Sequence

from trajectories.core.records import JSON

ACT = "act"
DESCRIPTION = "Take one action in the world and get what it does."


def act_function(actions: Sequence[str]) -> dict[str, JSON]:
    """Name, description and JSON schema of the arguments."""
    return {
        "name": ACT,
        "description": DESCRIPTION,
        "parameters": {
            "type": "object",
            "properties": {"action": {"type": "string", "enum": list(actions), "description": "The action."}},
            "required": ["action"],
            "additionalProperties": False,
        },
    }


def act_tool(actions: Sequence[str]) -> dict[str, JSON]:
    """The tool as Chat Completions and trainers' `tools` columns have it."""
    return {"type": "function", "function": act_function(actions)}
