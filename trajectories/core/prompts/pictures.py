"""Pictures of grids in prompts.

In the text of a message a picture is a mark that holds its grid, so that prompts stay texts wherever they are stored,
compared and counted. Only what is sent has parts: texts and grids, of which the endpoint is given pictures.
"""

import re
from collections.abc import Sequence

from trajectories.core.problems.arc import render_grid
from trajectories.core.problems.grid_codes import decode_grid, encode_grid
from trajectories.core.problems.grids import Grid, GridError
from trajectories.core.prompts.base import Message
from trajectories.core.records import JSON
from trajectories.core.text.tokens import estimate_tokens

GRID = "grid"
"""The type of a part of a message that is a grid; its field of this name is the code of the grid."""

PICTURE_TOKENS = 255
"""What GPT-4o counts for a picture of up to 512 by 512 pixels seen in detail; others count 190 to 390."""

_MARK = re.compile(r"!\[grid\]\(grid:([A-Za-z0-9_-]{1,800})\)")


def picture_mark(grid: Grid) -> str:
    """The mark that stands for a picture of the grid."""
    return f"![grid](grid:{encode_grid(grid)})"


def split_pictures(text: str) -> list[str | Grid]:
    """The text in pieces: what stands between marks, without blank pieces, and their grids. What only looks like a mark
    stays text."""
    pieces: list[str | Grid] = []
    begun = 0
    for mark in _MARK.finditer(text):
        try:
            grid = decode_grid(mark[1])
        except GridError:
            continue
        pieces += [text[begun : mark.start()], grid]
        begun = mark.end()
    pieces.append(text[begun:])
    return [piece for piece in pieces if not isinstance(piece, str) or piece.strip()]


def write_out(text: str) -> str:
    """The text with the digits of each grid where a picture of it is shown."""
    if "](grid:" not in text:
        return text
    return "".join(piece if isinstance(piece, str) else render_grid(piece) for piece in split_pictures(text))


def written_out(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Messages as texts alone, for whoever does not know marks."""
    return tuple(
        {**message, "content": write_out(content)} if isinstance(content := message.get("content"), str) else message
        for message in messages
    )


def estimate_shown(text: str, picture_tokens: int = PICTURE_TOKENS) -> int:
    """About how many tokens a text with marks has, each picture `picture_tokens` of them."""
    pieces = split_pictures(text)
    words = "".join(piece for piece in pieces if isinstance(piece, str))
    pictures = sum(not isinstance(piece, str) for piece in pieces)
    return estimate_tokens(words if pictures else text) + pictures * picture_tokens


def with_pictures(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages as they are sent, those of the user with parts where marks stand: `{"type": "text", "text": ...}`
    and `{"type": "grid", "grid": code}`. What a model has written shows no pictures."""
    return tuple(_parted(message) for message in messages)


def _parted(message: Message) -> Message:
    content = message.get("content")
    if message.get("role") != "user" or not isinstance(content, str):
        return message
    pieces = split_pictures(content)
    if all(isinstance(piece, str) for piece in pieces):
        return message
    return {**message, "content": [_part(piece) for piece in pieces]}


def _part(piece: str | Grid) -> dict[str, JSON]:
    if isinstance(piece, str):
        return {"type": "text", "text": piece.strip("\n")}
    return {"type": GRID, GRID: encode_grid(piece)}


def without_grids(message: Message) -> Message:
    """The message, as it is sent, without the parts that are grids."""
    content = message.get("content")
    if not isinstance(content, list) or not grids_of(message):
        return message
    return {**message, "content": [part for part in content if not isinstance(part, dict) or part.get("type") != GRID]}


def grids_of(message: Message) -> list[str]:
    """The codes of the grids of which a message, as it is sent, has pictures."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return [str(part[GRID]) for part in parts if isinstance(part, dict) and part.get("type") == GRID]
