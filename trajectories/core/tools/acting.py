"""The tool by which an agent acts in a world: one action at a time, by its name, which the task tells."""

from trajectories.core.records import JSON

ACT = "act"
DESCRIPTION = "Take one action in the world, by its name, and get what it does."


def act_tool() -> dict[str, JSON]:
    """The tool as Chat Completions and trainers' `tools` columns have it."""
    return {
        "type": "function",
        "function": {
            "name": ACT,
            "description": DESCRIPTION,
            "parameters": {
                "type": "object",
                "properties": {"action": {"type": "string", "description": "The name of the action."}},
                "required": ["action"],
                "additionalProperties": False,
            },
        },
    }
