"""Preference pairs: a right answer before a wrong one to the same prompt."""

from collections.abc import Mapping

from trajectories.core.exporters.conversations import (
    MESSAGE,
    TOOLS,
    completion_messages,
    prompt_messages,
    tools_column,
)
from trajectories.core.exporters.pairs import Pair, PairingExporter
from trajectories.core.exporters.thoughts import Thoughts
from trajectories.core.records import JSON


class PreferenceExporter(PairingExporter):
    """A pair per row, in the conversational form with the prompt apart."""

    name = "preference"
    title = "Preference pairs (right over wrong, edit over original)"
    read_by = "TRL DPO and Reward"
    writes_thoughts = True
    is_table = True
    columns: JSON = {"prompt": [MESSAGE], "chosen": [MESSAGE], "rejected": [MESSAGE], "tools": TOOLS}

    def pair_row(self, pair: Pair, thoughts: Thoughts) -> Mapping[str, JSON]:
        """{"prompt": [messages], "chosen": [messages], "rejected": [messages]}, and {"tools"} where it called some."""
        return {
            "prompt": prompt_messages(pair.chosen, thoughts),
            "chosen": completion_messages(pair.chosen, thoughts),
            "rejected": completion_messages(pair.rejected, thoughts),
            **tools_column(pair.chosen, thoughts),
        }
