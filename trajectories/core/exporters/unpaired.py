"""Single answers with whether they are right, for trainers that need no pairs."""

from collections.abc import Mapping

from trajectories.core.exporters.base import ExportItem, OneRowEach, Reads
from trajectories.core.exporters.conversations import (
    MESSAGE,
    TOOLS,
    completion_messages,
    prompt_messages,
    tools_column,
)
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, Thoughts
from trajectories.core.records import JSON


class UnpairedExporter(OneRowEach):
    """A row for each trace that is known to be right or wrong."""

    name = "unpaired"
    title = "Right and wrong answers, unpaired"
    read_by = "TRL KTO"
    writes_thoughts = True
    is_table = True
    reads = Reads.ASSESSMENTS
    columns: JSON = {"prompt": [MESSAGE], "completion": [MESSAGE], "label": "bool", "tools": TOOLS}
    needs = "traces that people or verifiers call right or wrong"

    def takes(self, item: ExportItem) -> bool:
        """Traces that are known to be right or wrong."""
        return item.label is not None

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:
        """{"prompt": [messages], "completion": [messages], "label": true or false}, and {"tools"} where it called some.

        Raises ValueError for an item that it does not take.
        """
        if item.label is None:
            raise ValueError("found a trace that is neither right nor wrong, expected one that is known")
        return {
            "prompt": prompt_messages(item, thoughts),
            "completion": completion_messages(item, thoughts),
            "label": item.label,
            **tools_column(item, thoughts),
        }
