"""How files write what models thought: apart from what they said, in the place a trainer looks for it."""

from collections.abc import Mapping
from enum import StrEnum

from trajectories.core.records import JSON


class Thoughts(StrEnum):
    """Where the thoughts of an assistant's message go. The fields are those that chat templates read."""

    REASONING_CONTENT = "reasoning_content"
    THINKING = "thinking"
    REASONING = "reasoning"
    TAGS = "tags"
    NONE = "none"


FIELDS = (Thoughts.REASONING_CONTENT.value, Thoughts.THINKING.value, Thoughts.REASONING.value)
"""The ways that are fields of a message, by the field's name."""

DEFAULT_THOUGHTS = Thoughts.REASONING_CONTENT

THOUGHTS_WORDS: Mapping[Thoughts, str] = {
    Thoughts.REASONING_CONTENT: "in the field “reasoning_content” (Qwen, DeepSeek, GLM, Kimi; TRL, Axolotl)",
    Thoughts.THINKING: "in the field “thinking” (gpt-oss)",
    Thoughts.REASONING: "in the field “reasoning” (Together, vLLM)",
    Thoughts.TAGS: "in <think> tags before the answer (LLaMA-Factory, templates without a field)",
    Thoughts.NONE: "left out: answers only",
}
"""What each way means, for people who choose."""


def write_thoughts(message: Mapping[str, JSON], thoughts: str, how: Thoughts) -> dict[str, JSON]:
    """An assistant's message with its thoughts; the message as it is where there are none."""
    if not thoughts or how is Thoughts.NONE:
        return dict(message)
    if how is Thoughts.TAGS:
        return {**message, "content": f"<think>\n{thoughts}\n</think>\n\n{message['content']}".rstrip("\n")}
    return {**message, how.value: thoughts}
