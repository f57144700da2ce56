"""What prompts are made of and what is read from answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from trajectories.core.completions.thoughts import Part
from trajectories.core.records import JSON, AnswerSpan, Example, Step

__all__ = ["Example", "Message", "ParsedResponse", "PromptError"]

Message = Mapping[str, JSON]
"""One message of a conversation: `role` and `content`."""


class PromptError(ValueError):
    """An instruction cannot be rendered. The message says which slot or word is wrong and what was expected."""


@dataclass(frozen=True, slots=True)
class ParsedResponse:
    """Steps in order, the answer as JSON (None where there is none), the program ("" where there is none) and the
    reasoning: all that the model thought and said. `parts` are its parts; `place` is where in it the answer was found.
    """

    steps: tuple[Step, ...]
    answer: JSON
    program: str
    reasoning: str = ""
    span: AnswerSpan | None = None
    parts: tuple[Part, ...] = ()
