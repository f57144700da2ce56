"""Texts that grow step by step: where a step ends, what is sent to go on, and when a text is at its end. Pure."""

import re
from collections.abc import Sequence

from trajectories.core.prompts.base import Message, ParsedResponse
from trajectories.core.records import Begun

BETWEEN_STEPS = "\n\n"
"""A step ends at a blank line, as steps do that a trace is cut into as it comes."""

MARKED = ("tag", "boxed", "label")
"""Rules that find an answer which is marked as one. What the weaker rules find may be a result on the way."""

_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_FENCE = re.compile(r"^[ \t]{0,3}```", re.MULTILINE)


def messages_of_step(asked: Sequence[Message], begun: Begun) -> tuple[Message, ...]:
    """What a model is sent to go on: the text so far as its own message, up to where the next step begins."""
    if not begun.text:
        return tuple(asked)
    return (*asked, {"role": "assistant", "content": f"{begun.text}{BETWEEN_STEPS}"})


def first_step(text: str) -> tuple[str, bool]:
    """(the first step of what a model wrote, whether there is more of it)."""
    found = _BLANK_LINE.search(text, len(text) - len(text.lstrip()))
    if found is None:
        return text, False
    return text[: found.start()], bool(text[found.end() :].strip())


def with_step(begun: Begun, said: str) -> str:
    """The text so far with what was written next."""
    said = said.strip("\r\n").rstrip()
    return f"{begun.text}{BETWEEN_STEPS}{said}" if begun.text else said


def gives_answer(text: str, parsed: ParsedResponse) -> bool:
    """Whether a text says that it is at its end, by an answer that is marked as one or by a whole program."""
    if parsed.span is not None and parsed.span.rule in MARKED:
        return True
    return bool(parsed.program.strip()) and len(_FENCE.findall(text)) % 2 == 0
