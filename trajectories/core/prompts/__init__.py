"""From problems to what a model is sent, and from what it says to steps, answer and program."""

from trajectories.core.prompts.base import Example, Message, ParsedResponse, PromptError
from trajectories.core.prompts.hints import mentions_hint, with_hint
from trajectories.core.prompts.pictures import with_pictures
from trajectories.core.prompts.rendering import render_messages, shows_pictures
from trajectories.core.prompts.responses import (
    ReadAnswer,
    fenced,
    read_answer,
    read_completion,
    read_response,
    steps_of,
    storable_completion,
    storable_pieces,
)
from trajectories.core.prompts.steps import parse_steps
from trajectories.core.prompts.variation import Variation, draw_variation, variation_from_json

__all__ = [
    "Example",
    "Message",
    "ParsedResponse",
    "PromptError",
    "ReadAnswer",
    "Variation",
    "draw_variation",
    "fenced",
    "mentions_hint",
    "parse_steps",
    "read_answer",
    "read_completion",
    "read_response",
    "render_messages",
    "shows_pictures",
    "steps_of",
    "storable_completion",
    "storable_pieces",
    "variation_from_json",
    "with_hint",
    "with_pictures",
]
