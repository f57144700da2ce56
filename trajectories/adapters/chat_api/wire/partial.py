"""A streamed answer as far as it has come, for whoever looks at it before it is whole."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trajectories.adapters.chat_api.wire.faults import redact
from trajectories.adapters.chat_api.wire.streams import Choice
from trajectories.core.completions.messages import Piece, read_message
from trajectories.core.completions.parts import said_in, thoughts_in
from trajectories.core.completions.replies import list_of, text_of
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.prompts import storable_completion

GAP = "\n\n"
RESPONSE_TEXTS = ("response.output_text.delta", "response.refusal.delta")
RESPONSE_THOUGHTS = ("response.reasoning_text.delta", "response.reasoning_summary_text.delta")
PLACES = ("output_index", "content_index", "summary_index")
"""Where in a Responses body a piece of text belongs: texts of different places are parts of their own."""


@dataclass(slots=True)
class PartialAnswer:
    """Reads the events of a stream as they come; what is no whole line yet waits, and what is no event is passed over.

    `key` is never told, whole or in its beginning at the end of a text. An answer that is not streamed says nothing
    until it is there.
    """

    key: str = ""
    _rest: bytes = b""
    _choices: dict[int, Choice] = field(default_factory=dict)
    _items: list[tuple[PartKind, tuple[Any, ...], list[str]]] = field(default_factory=list)

    def feed(self, pieces: Iterable[bytes]) -> None:
        """Read what has come since."""
        *lines, self._rest = b"".join((self._rest, *pieces)).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._add(line[5:])

    def _add(self, text: bytes) -> None:
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):  # the end of a stream, or an answer whose fault is told when it is whole
            return
        if not isinstance(event, dict):
            return
        for part in list_of(event.get("choices")):
            if isinstance(part, dict):
                index = part.get("index")
                self._choices.setdefault(index if isinstance(index, int) else 0, Choice()).add(part)
        kind = event.get("type")
        if kind in RESPONSE_TEXTS or kind in RESPONSE_THOUGHTS:
            self._add_response(PartKind.THINKING if kind in RESPONSE_THOUGHTS else PartKind.CONTENT, event)

    def _add_response(self, kind: PartKind, event: Mapping[str, Any]) -> None:
        place = tuple(str(event.get(name)) for name in PLACES)
        if not self._items or self._items[-1][:2] != (kind, place):
            self._items.append((kind, place, []))
        self._items[-1][2].append(text_of(event.get("delta")))

    def said(self, index: int = 0) -> tuple[str, str]:
        """(thoughts, what was said besides) of one sample of the answer so far."""
        pieces = tuple(Piece(kind, "".join(texts)) for kind, _, texts in self._items)
        if not pieces and index in self._choices:
            pieces = read_message(self._choices[index].whole(index)["message"])
        parts = storable_completion(pieces).parts
        return self._without_key(thoughts_in(parts)), self._without_key(said_in(parts))

    def _without_key(self, text: str) -> str:
        if not self.key:
            return text
        text = text.replace(self.key, redact(self.key, self.key))
        begun = next((size for size in range(len(self.key) - 1, 0, -1) if text.endswith(self.key[:size])), 0)
        return text[: len(text) - begun]
