"""Rows as Axolotl and LLaMA-Factory read them: conversations of a person and a model by turns, with one last answer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from trajectories.adapters.training.rows import DPO, KTO
from trajectories.core.exporters import encode_line

TURNS = ("user", "assistant")
SYSTEM = "system"


class PlainRows:
    """The rows of a file that such a conversation can hold; `left_out` counts the others once they were gone through:
    those with tools, and answers of several turns."""

    def __init__(self, file: Path, method: str) -> None:
        self._file, self._method = file, method
        self.left_out = 0

    def lines(self) -> Iterator[bytes]:
        """The rows, encoded."""
        with self._file.open(encoding="utf-8") as lines:
            for line in lines:
                row = _plain(json.loads(line), self._method)
                if row is None:
                    self.left_out += 1
                else:
                    yield encode_line(row)


def plain_rows(file: Path, method: str) -> PlainRows:
    """The rows of a file that `write_data` wrote."""
    return PlainRows(file, method)


def _plain(row: Mapping[str, Any], method: str) -> dict[str, Any] | None:
    """{"messages"}, of preferences with {"chosen", "rejected"} and of unpaired answers with {"label"}; None where no
    such conversation holds it."""
    prompt = row["prompt"]
    answers = [row["chosen"], row["rejected"]] if method == DPO else [row["completion"]]
    if row.get("tools") or any(len(answer) != 1 for answer in answers) or not _by_turns([*prompt, answers[0][0]]):
        return None
    asked, said = [_words(each) for each in prompt], [_words(answer[0]) for answer in answers]
    if method == DPO:
        return {"messages": asked, "chosen": said[0], "rejected": said[1]}
    return {"messages": [*asked, said[0]], **({"label": row["label"]} if method == KTO else {})}


def _by_turns(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a person and a model speak in turns, the model last, after at most one instruction."""
    spoken = messages[1:] if messages and messages[0]["role"] == SYSTEM else messages
    roles = [message["role"] for message in spoken]
    return bool(roles) and len(roles) % 2 == 0 and all(role == TURNS[at % 2] for at, role in enumerate(roles))


def _words(message: Mapping[str, Any]) -> dict[str, Any]:
    """Role and content, and the thoughts where they have a field of their own."""
    return {key: value for key, value in message.items() if isinstance(value, str)}
