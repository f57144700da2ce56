"""Pictures of grids in what is sent, in the form of either API."""

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from trajectories.adapters.chat_api.wire.faults import CallError
from trajectories.adapters.chat_api.wire.settings import RESPONSES, ChatSettings
from trajectories.core.problems.grid_codes import decode_grid
from trajectories.core.prompts.pictures import GRID, grids_of
from trajectories.core.records import JSON
from trajectories.core.rendering.images import model_png

BLIND = (
    'The prompt shows pictures, and the sampler is not known to see them. Test it and switch on "Sees pictures", or '
    "choose an instruction without pictures."
)


def with_urls(message: Mapping[str, JSON], settings: ChatSettings) -> Mapping[str, JSON]:
    """The message with an address that holds the picture in the place of each grid. Raises CallError where the sampler
    does not see."""
    if not grids_of(message):
        return message
    if not settings.sees_pictures:
        raise CallError("pictures", BLIND, stops=True)
    parts = message["content"]
    assert isinstance(parts, list)
    return {**message, "content": [_part(part, settings.api) for part in parts]}


def _part(part: Any, api: str) -> dict[str, JSON]:
    if part["type"] != GRID:
        return {"type": "input_text", "text": part["text"]} if api == RESPONSES else part
    url = _url(part[GRID])
    if api == RESPONSES:
        return {"type": "input_image", "image_url": url, "detail": "high"}
    return {"type": "image_url", "image_url": {"url": url, "detail": "high"}}


@lru_cache(maxsize=512)
def _url(code: str) -> str:
    png = model_png(decode_grid(code))
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
