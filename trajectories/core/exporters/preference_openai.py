"""Preference pairs as OpenAI's direct preference optimisation took them."""

from collections.abc import Mapping, Sequence

from trajectories.core.exporters.base import LINES
from trajectories.core.exporters.conversations import MESSAGE, completion_messages, prompt_messages
from trajectories.core.exporters.pairs import Pair, PairingExporter
from trajectories.core.exporters.thoughts import Thoughts
from trajectories.core.records import JSON

SAID: JSON = {"role": "string", "content": "string"}


class PreferenceOpenaiExporter(PairingExporter):
    """One answer against another: each is one message of the assistant, so that traces which called tools have no row.

    The format knows no field for thoughts: they are in tags or left out.
    """

    name = "preference-openai"
    title = "Preference pairs (legacy OpenAI)"
    read_by = "OpenAI DPO (closed to new users), Together, Fireworks"
    writes_thoughts = True
    is_table = True
    containers = LINES
    columns: JSON = {"input": {"messages": [MESSAGE]}, "preferred_output": [SAID], "non_preferred_output": [SAID]}

    def pair_row(self, pair: Pair, thoughts: Thoughts) -> Mapping[str, JSON] | None:
        """{"input": {"messages": [...]}, "preferred_output": [message], "non_preferred_output": [message]}."""
        how = thoughts if thoughts is Thoughts.TAGS else Thoughts.NONE
        asked = prompt_messages(pair.chosen, how)
        both = [completion_messages(item, how) for item in (pair.chosen, pair.rejected)]
        if any(len(said) != 1 for said in both) or not _is_plain([*asked, *both[0], *both[1]]):
            return None
        return {"input": {"messages": asked}, "preferred_output": both[0], "non_preferred_output": both[1]}


def _is_plain(messages: Sequence[Mapping[str, JSON]]) -> bool:
    return all(set(message) <= {"role", "content", "name"} and message["content"] for message in messages)
