"""A model that adds numbers step by step, slips now and then, and goes on with unfinished texts of its own."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from trajectories.core.identity import derive_seed
from trajectories.stand_ins.fake_endpoint.answers import Answer

_NUMBER = re.compile(r"\d+")
_REACHED = re.compile(r"= (\d+)")


class Adder:
    """Adds the numbers of a question one after the other, a paragraph each. One step in `slips_every` is wrong, and
    has a longer word, so that its tokens are less likely; 0 for none."""

    def __init__(self, slips_every: int = 3) -> None:
        self._slips_every = slips_every

    def converse(self, messages: Sequence[Mapping[str, Any]], tools: bool, asked_before: int) -> Answer:  # noqa: ARG002
        """See Converser: all that is left of the solution."""
        question = str(messages[0].get("content")) if messages else ""
        begun = str(messages[-1].get("content")) if messages[-1].get("role") == "assistant" else ""
        numbers = [int(each) for each in _NUMBER.findall(question.partition("\n\n")[0])] or [0]
        if "boxed" in begun:
            return Answer("")
        done = _REACHED.findall(begun)
        total, chance = int(done[-1]) if done else numbers[0], random.Random(derive_seed(begun, asked_before))
        parts = []
        for number in numbers[1 + len(done) :]:
            slips = self._slips_every and chance.randrange(self._slips_every) == 0
            reached = total + number + (chance.choice((-10, -1, 1, 10)) if slips else 0)
            parts.append(f"{total} + {number} = {reached}{' approximately-speaking' if slips else ''}")
            total = reached
        text = "\n\n".join([*parts, f"So it is \\boxed{{{total}}}."])
        return Answer(text if not begun or begun.endswith("\n\n") else f"\n\n{text}")
