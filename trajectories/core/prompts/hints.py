"""Hints that give the answer away, for rationalisation (STaR: Zelikman et al. 2022, arXiv 2203.14465, section 3.3).

The hint is part of what a model is sent and of nothing that is kept: a trace is stored as if it had been reasoned
without, marked as hinted. In difference to the paper the model is told to justify the answer by itself, and a stated
rule looks for traces that talk about the hint all the same.
"""

import re
from collections.abc import Sequence

from trajectories.core.prompts.base import Message, PromptError

HINT = """\
The right answer to this problem is:

{answer}

Explain step by step why it is right, by reasoning that stands by itself and would lead to this answer without knowing \
it. Do not mention that the answer was given. End with the answer in the form asked for above."""

_GIVEN = r"(?:given|provided|told|supplied|stated|revealed)"
_ANSWER = r"(?:answer|solution|result|output|program)"
_MENTIONS = re.compile(
    rf"\b{_GIVEN} (?:us |me )?(?:the |that the )?(?:right |correct |final |expected )?{_ANSWER}\b"
    rf"|\b(?:the|this|that) (?:right |correct |final |expected )?{_ANSWER}[^.!?\n]{{0,20}} "
    rf"(?:is|was|were|has been|as) (?:already )?{_GIVEN}\b"
    r"|\b(?:we|i)(?:'re| are|'ve been| have been| was| were) (?:already )?(?:told|given) (?:that|the|what)\b"
    r"|\b(?:according to|as|from|per|by|in) the hint\b|\bthe hint (?:says|said|tells|gives|states)\b",
    re.IGNORECASE,
)


def with_hint(messages: Sequence[Message], hint: str) -> tuple[Message, ...]:
    """The messages with the hint as the last paragraph of the last message of the user; as they are without a hint.

    Raises PromptError where there is no such message to put it in.
    """
    if not hint:
        return tuple(messages)
    places = [place for place, message in enumerate(messages) if message.get("role") == "user"]
    if not places or not isinstance(messages[places[-1]].get("content"), str):
        raise PromptError("There is no message of the user that a hint could follow.")
    last = messages[places[-1]]
    hinted = {**last, "content": f"{last['content'].rstrip()}\n\n{HINT.format(answer=hint)}"}
    return (*messages[: places[-1]], hinted, *messages[places[-1] + 1 :])


def mentions_hint(text: str) -> bool:
    """Whether the text says that the answer was given: "given the answer", "the answer was provided", "we are told
    that", "the hint says" and the like.

    A rule about words: it misses what is said otherwise, and a trace that it finds may be innocent ("the solution is
    given by"), so it marks and gives no verdict.
    """
    return _MENTIONS.search(text) is not None
