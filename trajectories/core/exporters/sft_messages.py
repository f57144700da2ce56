"""Chat messages for supervised fine-tuning."""

from collections.abc import Mapping

from trajectories.core.exporters.base import ExportItem, completion_messages, prompt_messages
from trajectories.core.records import JSON


class SftMessagesExporter:
    """One conversation per row: the prompt as it was sent, then the reasoning with its program as the assistant."""

    name = "sft-messages"
    title = "Chat messages (supervised fine-tuning)"
    read_by = "TRL SFT, Axolotl, LLaMA-Factory, Unsloth, OpenAI-style fine-tuning"

    def row(self, item: ExportItem) -> Mapping[str, JSON]:
        """{"messages": [{"role", "content"}, ...]}."""
        return {"messages": [*prompt_messages(item), *completion_messages(item)]}
