"""The turns of a conversation in a file of traces: checked, and read in whatever spelling they came."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trajectories.core.completions.messages import (
    BLOCK_FIELDS,
    THOUGHT_FIELDS,
    Piece,
    left_out,
    read_items,
    read_message,
)
from trajectories.core.completions.parts import Completion, build_completion
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.completions.turns import ASSISTANT, TOOL, assistant_turn, kept_turns
from trajectories.core.importers.speakers import speaker_of, with_role
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON

WORDS_ONLY = ("reasoning_content", "reasoning")
"""Fields that mean thoughts wherever they stand: what is no text there is a fault, not another setting."""


SETTINGS = frozenset(("on", "off", "true", "false", "low", "medium", "high", "minimal", "none", "auto"))
"""What a column named for thoughts holds where it says how a model was asked to think (Nemotron: "on")."""


@dataclass(frozen=True, slots=True)
class Turns:
    """A conversation: what came before, in the form that is kept, and what the assistant said last, None where somebody
    else spoke last. `left_out` counts parts that are no text, such as images, by their type."""

    before: tuple[Mapping[str, JSON], ...]
    last: tuple[Piece, ...] | None
    left_out: Mapping[str, int] = field(default_factory=dict)
    unanswered: int = 0
    """How many messages behind the model's last were left out."""

    @property
    def all(self) -> tuple[Mapping[str, JSON], ...]:
        """Every message in the form that is kept."""
        return self.before if self.last is None else (*self.before, assistant_turn(self.last))

    @property
    def facts(self) -> dict[str, JSON]:
        """What a trace's facts keep of it: what was left out."""
        lost: dict[str, JSON] = {"left_out": dict(self.left_out)} if self.left_out else {}
        return {**lost, **({"unanswered": self.unanswered} if self.unanswered else {})}

    @property
    def completion(self) -> Completion:
        """What the assistant said last."""
        return build_completion(self.last or ())


def listed(value: JSON) -> JSON:
    """The messages that a text of JSON holds, as tables write them; anything else as it is."""
    try:
        found = json.loads(value) if isinstance(value, str) and value.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        return value
    are_messages = isinstance(found, list) and all(isinstance(one, dict) and speaker_of(one) for one in found)
    return found if found and are_messages else value


def read_turns(value: JSON, path: str) -> Turns:
    """The turns of a list of messages, items of the Responses API among them. Raises ProblemError."""
    if not isinstance(value, list):
        raise ProblemError(path, f"found {describe(value)}, expected a list of messages")
    reader = _Reader()
    for index, message in enumerate(value):
        reader.add(message, f"{path}[{index}]")
    return Turns(tuple(reader.turns), tuple(reader.said) if reader.speaks else None, dict(reader.left_out))


class _Reader:
    """The turns so far, and what the assistant said since somebody else spoke: items, a message, or both."""

    def __init__(self) -> None:
        self.turns: list[Mapping[str, JSON]] = []
        self.said: list[Piece] = []
        self.left_out: Counter[str] = Counter()
        self.speaks = False
        self._message: Mapping[str, Any] | None = None
        self._has_items = False

    def add(self, message: JSON, where: str) -> None:
        """Take one message or item. Raises ProblemError for what is neither."""
        message = with_role(message)
        if isinstance(message, dict) and "role" not in message and (pieces := read_items([message])):
            self._take(check_pieces(pieces, where))
            self._has_items = True
            if pieces[-1].kind is PartKind.TOOL_RESULT:
                self._flush()
            return
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise ProblemError(where, f'found {describe(message)}, expected an object with "role" and "content"')
        check_text(message["role"], where)
        pieces = read_said(message, where)
        self.left_out.update(left_out_of_message(message))
        if message["role"] != ASSISTANT or self._message is not None:
            self._flush()
        if message["role"] == ASSISTANT:
            self._take(pieces)
            self._message = message
        else:
            self.turns += kept_turns(message)

    def _take(self, pieces: Iterable[Piece]) -> None:
        self.said += pieces
        self.speaks = True

    def _flush(self) -> None:
        """Close what the assistant said; results of tools that came with it are turns of their own."""
        if self._message is not None and not self._has_items:
            self.turns += kept_turns(self._message)
        elif self.said:
            own = [piece for piece in self.said if piece.kind is not PartKind.TOOL_RESULT]
            results = [piece.data["result"] for piece in self.said if piece.kind is PartKind.TOOL_RESULT]
            self.turns += [assistant_turn(own)] if own else []
            self.turns += kept_turns({"role": TOOL, "content": results}) if results else []
        self.said, self.speaks, self._message, self._has_items = [], False, None, False


def left_out_of_message(message: JSON | Mapping[str, Any]) -> list[str]:
    """The types of what is no text in a message: parts of its content, and images and sound beside it."""
    if not isinstance(message, Mapping):
        return []
    content = message.get("content", message.get("parts"))
    images = message.get("images")
    beside = ["images"] * len(images) if isinstance(images, list) else []
    sound = message.get("audio")
    if isinstance(sound, Mapping) and (sound.get("data") or sound.get("id")):
        beside.append("audio")
    return [*left_out(content), *beside]


def read_said(message: Mapping[str, Any], path: str) -> tuple[Piece, ...]:
    """The pieces of one message. Raises ProblemError for a content or thoughts that are no text."""
    _check_content(message.get("content"), f"{path}.content" if path else "content")
    for name in WORDS_ONLY:
        value = message.get(name)
        if value is not None and not isinstance(value, str | list):
            raise ProblemError(f"{path}.{name}".lstrip("."), f"found {describe(value)}, expected text")
    return check_pieces(read_message(message), path)


def thoughts_beside(row: Mapping[str, Any]) -> dict[str, JSON]:
    """The fields of a row that hold thoughts. A switch or a setting of the same name is none."""
    return {
        name: row[name]
        for name in (*THOUGHT_FIELDS, *BLOCK_FIELDS)
        if name in row and (name in WORDS_ONLY or isinstance(row[name], str | list)) and not _is_setting(row[name])
    }


def _is_setting(value: JSON) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in SETTINGS)


def check_pieces(pieces: Iterable[Piece], path: str) -> tuple[Piece, ...]:
    """The pieces, if a database can hold their texts. Raises ProblemError."""
    checked = tuple(pieces)
    for piece in checked:
        check_text(piece.text, path)
    return checked


def _check_content(value: JSON, path: str) -> None:
    if value is not None and not isinstance(value, str | list):
        raise ProblemError(path, f"found {describe(value)}, expected text")
