"""Seeing: what a model reads of a message whose content has parts, pictures of grids among them."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from trajectories.core.prompts.views import COLOURS
from trajectories.core.rendering.palettes import CANONICAL

TOKENS = 255
"""What a picture counts as."""

_PICTURES = ("image_url", "input_image")
_COLOURS = {
    tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5)): digit
    for digit, colour in enumerate(CANONICAL.colours)
}


def pictures_in(message: Mapping[str, Any]) -> list[str]:
    """The addresses of the pictures in a message, in the form of either API."""
    return [_address(part) for part in _parts(message) if part.get("type") in _PICTURES]


def words_in(message: Mapping[str, Any]) -> str:
    """What a message says without its pictures."""
    content = message.get("content") or message.get("output")
    if isinstance(content, str):
        return content
    return "\n".join(str(part["text"]) for part in _parts(message) if "text" in part)


def seen(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message as a text, with the digits of each picture in its place."""
    if not pictures_in(message):
        return message
    read = [
        _digits(_address(part)) if part.get("type") in _PICTURES else str(part.get("text", ""))
        for part in _parts(message)
    ]
    return {**message, "content": "\n".join(read)}


def colour_asked_for(messages: Sequence[Any]) -> str:
    """The name of the one colour in a picture, where the last message asks for it; "" where it asks something else."""
    text = str(messages[-1].get("content")) if messages else ""
    question, _, digits = text.rpartition("colour alone.\n")
    colours = set(digits.split())
    return dict(COLOURS).get(colours.pop(), "") if question and len(colours) == 1 else ""


def _parts(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = message.get("content")
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _address(part: Mapping[str, Any]) -> str:
    given = part.get("image_url")
    return str(given.get("url") if isinstance(given, dict) else given)


def _digits(address: str) -> str:
    """The grid in a picture: the colour in the middle of each cell, by the lines between them."""
    head, _, data = address.partition("base64,")
    if head != "data:image/png;":
        raise ValueError("Found a picture that is no PNG in its address, expected one.")
    image = Image.open(io.BytesIO(base64.b64decode(data, validate=True))).convert("RGB")
    line = image.getpixel((0, 0))
    step = next(x for x in range(1, image.width) if image.getpixel((x, 1)) == line)
    rows = range(step // 2 + 1, image.height, step)
    return "\n".join(
        " ".join(str(_COLOURS[image.getpixel((x, y))]) for x in range(step // 2 + 1, image.width, step))  # type: ignore[index]
        for y in rows
    )
