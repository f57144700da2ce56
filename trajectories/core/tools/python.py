"""The one tool that models may call: Python in the sandbox (core.programs.snippets)."""

from collections.abc import Mapping

from trajectories.core.records import JSON

PYTHON = "python"
DESCRIPTION = (
    "Run Python code and get what it prints, the value of its last line, or its error. Every call starts anew: names "
    "of an earlier call are not known. No network, no files, ten seconds, output is cut at a few thousand characters."
)
PARAMETERS: Mapping[str, JSON] = {
    "type": "object",
    "properties": {"code": {"type": "string", "description": "The Python code."}},
    "required": ["code"],
    "additionalProperties": False,
}


def python_function() -> dict[str, JSON]:
    """Name, description and JSON schema of the arguments."""
    return {"name": PYTHON, "description": DESCRIPTION, "parameters": dict(PARAMETERS)}


def python_tool() -> dict[str, JSON]:
    """The tool as Chat Completions and trainers' `tools` columns have it."""
    return {"type": "function", "function": python_function()}
