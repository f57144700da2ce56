"""What came out of a training, in words: for the page of the training."""

from collections.abc import Mapping
from typing import Any

from trajectories.core.records import JSON

LABELS = {
    "rows": "Rows learnt from",
    "rows_held_out": "Rows measured on",
    "too_long": "Left out as too long",
    "torn": "Prompts torn by the template",
    "longest": "Longest row in tokens",
    "rows_with_tools_or_more_turns": "Rows that trl alone reads",
    "weights": "Weights",
    "trained_weights": "Weights trained",
    "steps": "Steps",
    "last_loss": "Last loss",
    "device": "Device",
    "versions": "Versions",
    "network": "Network",
    "model": "Model",
}
"""By the name of the fact."""


def in_words(facts: Mapping[str, Any]) -> dict[str, JSON]:
    """The facts, and below "told" those that have a label, in the order of the labels."""
    told = {label: _written(facts[name]) for name, label in LABELS.items() if facts.get(name) is not None}
    if answers := facts.get("answers"):
        told["Answers rewarded"] = (
            f"{answers['right']:,} right, {answers['wrong']:,} wrong, {answers['left_open']:,} left open"
        )
    return {**facts, "told": told}


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
