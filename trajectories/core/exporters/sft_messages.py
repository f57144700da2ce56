"""Conversations as chat messages, for supervised fine-tuning."""

from collections.abc import Mapping

from trajectories.core.exporters.base import ExportItem, OneRowEach
from trajectories.core.exporters.conversations import (
    MESSAGE,
    TOOLS,
    completion_messages,
    prompt_messages,
    tools_column,
)
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, Thoughts
from trajectories.core.records import JSON


class SftMessagesExporter(OneRowEach):
    """One conversation per row: the prompt as it was sent, an agent's turns, then the reasoning with its program."""

    name = "sft-messages"
    title = "Chat messages (supervised fine-tuning)"
    read_by = "TRL SFT, Axolotl, LLaMA-Factory, Unsloth, OpenAI-style fine-tuning"
    writes_thoughts = True
    is_table = True
    columns: JSON = {"messages": [MESSAGE], "tools": TOOLS}

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:
        """{"messages": [{"role", "content"}, ...]}, and {"tools": [...]} where the sample called some."""
        messages = [*prompt_messages(item, thoughts), *completion_messages(item, thoughts)]
        return {"messages": messages, **tools_column(item, thoughts)}
