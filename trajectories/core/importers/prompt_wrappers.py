"""Instructions around questions: what all prompts of a file begin and end with, and where it may be cut off.

A harness asks "Solve this problem.", the question below, and "Put the answer in a box." below that. The longest common
beginning and end of its prompts hold these words, and maybe the first ones of every question ("What is"): so there are
several places to cut, and which is right is told by the problems that are here.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_CUTS = 12
LEAST_PROMPTS = 2
"""Different prompts that have to be there: of one alone everything is common."""

LEAST_TOLD = 3
"""Different prompts that tell of themselves what is around the questions, where no problem here does."""

_ENDS = re.compile(r"\n\s*|[:?.!>\]]\s+|[\"'“`]")
"""Where the words in front of a question may end."""
_BEGINS = re.compile(r"\s*\n|\s+(?=[A-Z(\[<])|[\"'”`]")
"""Where the words behind a question may begin."""


@dataclass(frozen=True, slots=True)
class Wrapper:
    """The words in front of every question and behind it, spaces included; either may be empty."""

    before: str
    behind: str

    def strip(self, prompt: str) -> str | None:
        """The question in a prompt; None for one that is not wrapped like this."""
        enough = len(prompt) > len(self.before) + len(self.behind)
        if not enough or not prompt.startswith(self.before) or not prompt.endswith(self.behind):
            return None
        return prompt[len(self.before) : len(prompt) - len(self.behind)].strip() or None


def find_wrappers(prompts: Iterable[str]) -> list[Wrapper]:
    """Every way to cut what is common to some prompts, those that cut the most first; [] where nothing is."""
    before, behind = _common(prompts)
    fronts = [before[: found.end()] for found in _ENDS.finditer(before)][-MOST_CUTS:]
    backs = [behind[found.start() :] for found in _BEGINS.finditer(behind)][:MOST_CUTS]
    cuts = [Wrapper(front, back) for front in ["", *fronts, before] for back in ["", *backs, behind]]
    unique = dict.fromkeys(cut for cut in cuts if cut.before or cut.behind)
    return sorted(unique, key=lambda cut: -len(cut.before) - len(cut.behind))


def surest_wrapper(prompts: Iterable[str]) -> Wrapper | None:
    """The words around questions as whole lines, for prompts of which no question is known; None where there are none.

    A line that is the same in all prompts is no part of any question.
    """
    told = list(dict.fromkeys(prompts))
    if len(told) < LEAST_TOLD:
        return None
    before, behind = _common(told)
    front = before[: before.rfind("\n") + 1]
    back = behind[behind.find("\n") :] if "\n" in behind else ""
    return Wrapper(front, back) if front.strip() or back.strip() else None


def _common(prompts: Iterable[str]) -> tuple[str, str]:
    """The longest common beginning and end, which do not meet in any prompt."""
    told = list(dict.fromkeys(prompts))
    if len(told) < LEAST_PROMPTS:
        return "", ""
    before = _beginning(told)
    rest = [prompt[len(before) :] for prompt in told]
    return before, _beginning([prompt[::-1] for prompt in rest])[::-1]


def _beginning(texts: Sequence[str]) -> str:
    """The longest beginning that all texts share: what the first and the last of them in order share."""
    first, last = min(texts), max(texts)
    return first[: next((at for at, (one, two) in enumerate(zip(first, last, strict=False)) if one != two), len(first))]
