"""Prompt and completion apart, so that a trainer takes its loss on the completion alone."""

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


class SftPromptCompletionExporter(OneRowEach):
    """The same conversation as sft-messages, cut before the assistant speaks."""

    name = "sft-prompt-completion"
    title = "Prompt and completion (loss on the completion only)"
    read_by = "TRL SFT"
    writes_thoughts = True
    is_table = True
    columns: JSON = {"prompt": [MESSAGE], "completion": [MESSAGE], "tools": TOOLS}

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:
        """{"prompt": [messages], "completion": [messages]}, and {"tools": [...]} where the sample called some."""
        prompt, completion = prompt_messages(item, thoughts), completion_messages(item, thoughts)
        return {"prompt": prompt, "completion": completion, **tools_column(item, thoughts)}
