"""Preference pairs of people's edits: what an edit made of a trace, before the trace itself."""

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

REFUSED_CHOSEN = ("fail", "error")


def is_better(*, chosen: str, rejected: str, rejected_decision: str) -> bool:
    """Whether an accepted edit stands before its original, by the correctness of both and what people decided on it.

    An edit that verifiers refuse is no example, and an original that is right, or that people accept as well, is none
    of the opposite: what was edited for its style alone makes no pair.
    """
    return chosen not in REFUSED_CHOSEN and rejected != "pass" and rejected_decision != "accepted"


class PreferenceRepairsExporter(OneRowEach):
    """One pair per human edit in the release: the edit is chosen, its original rejected, under the same prompt."""

    name = "preference-repairs"
    title = "Preference pairs (human edit over its original)"
    read_by = "TRL DPO and Reward"
    writes_thoughts = True
    is_table = True
    reads = Reads.ASSESSMENTS
    columns: JSON = {"prompt": [MESSAGE], "chosen": [MESSAGE], "rejected": [MESSAGE], "tools": TOOLS}
    needs = "human edits of traces that were worse"

    def takes(self, item: ExportItem) -> bool:
        """Human edits whose originals are worse as far as is known."""
        return item.original is not None

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:
        """{"prompt": [messages], "chosen": [messages], "rejected": [messages]}, and {"tools": [...]} where it called
        some. Raises ValueError for an item that it does not take."""
        if item.original is None:
            raise ValueError("found an item without an original, expected a human edit")
        chosen, rejected = (completion_messages(each, thoughts) for each in (item, item.original))
        return {
            "prompt": prompt_messages(item, thoughts),
            "chosen": chosen,
            "rejected": rejected,
            **tools_column(item, thoughts),
        }
