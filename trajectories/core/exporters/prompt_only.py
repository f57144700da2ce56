"""Prompts with a reference answer beside them, for reinforcement learning with a verifiable reward."""

from collections.abc import Mapping

from trajectories.core.exporters.base import ExportItem, OneRowEach
from trajectories.core.exporters.conversations import MESSAGE, answer_column, prompt_messages
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, Thoughts
from trajectories.core.records import JSON


class PromptOnlyExporter(OneRowEach):
    """One row per trace; the answer is text because a column of a data set has one type (grids are JSON text)."""

    name = "prompt-only"
    title = "Prompts with answers (reinforcement learning)"
    read_by = "TRL GRPO, RLOO and Distillation, and other trainers with a verifiable reward"
    writes_thoughts = True
    is_table = True
    columns: JSON = {"prompt": [MESSAGE], "answer": "string", "problem_id": "string"}

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:
        """{"prompt": [messages], "answer": text or null, "problem_id": text}."""
        return {
            "prompt": prompt_messages(item, thoughts),
            "answer": answer_column(item.reference),
            "problem_id": item.problem_name,
        }
