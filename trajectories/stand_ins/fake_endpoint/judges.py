"""A judge for trying model judges without a model: deterministic, and if asked it likes what is shown first. It also
divides texts into steps."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trajectories.core.identity import text_hash
from trajectories.stand_ins.fake_endpoint.agents import Converser
from trajectories.stand_ins.fake_endpoint.answers import Answer, Answerer

QUOTED = re.compile(r"\[begin (quoted-[0-9a-f]{20}) ([^\]\n]*)\]\n(.*?)\n\[end \1\]", re.DOTALL)
SCALE = re.compile(r'"score", a whole number from (-?\d+) \(worst\) to (-?\d+) \(best\)')
STEPS = '"first_wrong", the number of the first wrong step'
COMPARES = '"better", which is "A", "B" or "tie"'
CUTS = '"steps": a list of texts, one for each step'

SLIP = 0.2
"""A step of less merit is wrong."""

OPENING = 60
"""Characters of a step that are copied."""

Merit = Callable[[str], float]
"""How good a work is, from 0 to 1, by its text."""


class Judge:
    """Judges where it is asked to, and answers anything else as `otherwise` does.

    Without `merit`, the merit of a work is drawn from its text, so that equal works are always judged alike. `bias`
    from 0 to 1 is added to the merit of the work that is shown first.
    """

    def __init__(self, otherwise: Answerer | Converser, *, merit: Merit | None = None, bias: float = 0.0) -> None:
        self._otherwise, self._merit, self._bias = otherwise, merit or _drawn_merit, bias

    def converse(self, messages: Sequence[Mapping[str, Any]], tools: bool, asked_before: int) -> Answer:
        """See Converser."""
        prompt = "\n\n".join(str(message.get("content")) for message in messages)
        judged = self._judge(prompt)
        if judged is not None:
            return judged
        if isinstance(self._otherwise, Converser):
            return self._otherwise.converse(messages, tools, asked_before)
        return self._otherwise(prompt, asked_before)

    def _judge(self, prompt: str) -> Answer | None:
        parts = [(title, text) for _, title, text in QUOTED.findall(prompt)]
        if COMPARES in prompt:
            first, second = (self._merit(_work(parts, f"work {letter}")) for letter in "AB")
            first += self._bias
            better = "tie" if first == second else "A" if first > second else "B"
            return Answer(json.dumps({"reason": f"My preference is {better}.", "better": better}))
        if STEPS in prompt:
            works = [text for title, text in parts if title.startswith("step ")]
            wrong = next((number for number, text in enumerate(works, start=1) if self._merit(text) < SLIP), 0)
            return Answer(json.dumps({"reason": f"I see it at {wrong or 'none'}.", "first_wrong": wrong}))
        if CUTS in prompt:
            texts = [text for title, text in parts if title.startswith("text ")]
            return Answer(json.dumps({"steps": [words for text in texts for words in _openings(text)]}))
        scale = SCALE.search(prompt)
        if scale is None:
            return None
        least, most = int(scale[1]), int(scale[2])
        score = least + round(self._merit(_work(parts, "the work")) * (most - least))
        return Answer(json.dumps({"reason": f"It is worth {score}.", "score": score}))


def _work(parts: list[tuple[str, str]], title: str) -> str:
    return "\n\n".join(text for name, text in parts if name.startswith(f"{title}:"))


def _drawn_merit(text: str) -> float:
    return int(text_hash(text)[:8], 16) / 0xFFFFFFFF


def _openings(text: str) -> list[str]:
    """The words that the paragraphs of a text begin with."""
    first_lines = (paragraph.strip().split("\n")[0].strip() for paragraph in text.split("\n\n"))
    return [line[:OPENING] for line in first_lines if line]
