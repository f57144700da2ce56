"""A model that writes small problems and solves them, for trying problem generation without any model.

Everything follows from the prompt, so the same prompts bring the same problems. Some of what it writes is bad on
purpose, as of any model: one problem in so many states a wrong answer, is one that was written before, or cannot be
agreed upon.
"""

import json
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from trajectories.core.identity import derive_seed
from trajectories.stand_ins.fake_endpoint.agents import SymbolicAgent
from trajectories.stand_ins.fake_endpoint.answers import Answer, Answerer, read_task
from trajectories.stand_ins.fake_endpoint.worlds import Walker, is_episode

NAMES = ("Ada", "Bruno", "Chidi", "Dana", "Emeka", "Freya", "Goran", "Hana")
STORIES = (
    "{name} puts {a} pieces of {one} beside the {two}. Later {b} more are brought. How many pieces lie there now?",
    "A {one} costs {a} coins and a {two} costs {b} coins. What does {name} pay for one of each?",
    "On Monday {name} walks {a} steps to the {one}; on Tuesday it is {b} steps to the {two}. How many steps are that?",
    "There are {a} people waiting at the {one} when {name} arrives with {b} friends from the {two}, who all wait too. "
    "Without {name}, how many people wait?",
    "Behind the {two} {name} finds {a} old notes about the {one}, and in a drawer another {b}. Count the notes.",
    "The {one} weighs {a} grams, the {two} weighs {b} grams. {name} lifts both: how many grams is that?",
)
STALE = (
    "Ada buys 3 apples on her way to school and then 4 more apples on her way back, when the shop is about to close "
    "and everything that is left over costs only half as much as it did in the morning. How many apples does Ada buy?"
)
BAD_EVERY = 6
"""Of so many problems, one states a wrong answer, one was written before and one finds no agreement."""

_WORD = re.compile(r"^- (.+)$", re.MULTILINE)
_COUNT = re.compile(r"a list of (\d+) problems?, each of the form")
_NUMBER = re.compile(r"\d+")
_CHOICE = re.compile(r"^([A-Z])\. (.+)$", re.MULTILINE)
_BACKWARDS = re.compile(r"Write the word (\w+) backwards")
_MURKY = "roughly"


def problem_writer() -> Answerer:
    """Writes problems where the prompt asks for them in JSON, and solves its own where it does not."""

    def answer(prompt: str, asked_before: int) -> Answer:
        wanted = _COUNT.search(prompt)
        if wanted is None:
            return Answer(_solution(prompt, asked_before))
        written = _written(prompt, int(wanted[1]), asked_before)
        return Answer(f"Here they are.\n\n```json\n{json.dumps({'problems': written}, indent=1)}\n```")

    return answer


class Versatile:
    """Programs for ARC tasks, problems where some are asked for, answers to those, and actions in worlds."""

    def __init__(self) -> None:
        self._agent, self._writer, self._walker = SymbolicAgent(), problem_writer(), Walker()

    def converse(self, messages: Sequence[Mapping[str, Any]], tools: bool, asked_before: int) -> Answer:
        """See Converser."""
        if is_episode(messages):
            return self._walker.converse(messages, tools, asked_before)
        prompt = str(messages[0].get("content")) if messages else ""
        if _COUNT.search(prompt) is None and read_task(prompt) is not None:
            return self._agent.converse(messages, tools, asked_before)
        return self._writer(prompt, asked_before)


def _written(prompt: str, count: int, asked_before: int) -> list[dict[str, object]]:
    words = _WORD.findall(prompt.partition("Each problem has all")[0]) or ["box", "table"]
    write = _choice if '"choices"' in prompt else _text if '"answer": "..."' in prompt else _number
    first = derive_seed(prompt, asked_before)
    return [write(random.Random(derive_seed(first, place)), words, first + place) for place in range(count)]


def _number(chance: random.Random, words: Sequence[str], place: int) -> dict[str, object]:
    a, b, turn = chance.randrange(11, 90), chance.randrange(11, 90), place % BAD_EVERY
    story = STORIES[chance.randrange(len(STORIES))]
    told = story.format(name=chance.choice(NAMES), a=a, b=b, one=words[0], two=words[-1])
    for word in words[1:-1]:
        told = f"Mind the {word}. {told}"
    if turn == 0:
        return {"question": told, "answer": str(a + b + 1)}
    if turn == 1:
        return {"question": f"{STALE} (Here: {', '.join(words)}.)", "answer": "7"}
    if turn == 2:
        return {"question": f"{told} Say it {_MURKY}.", "answer": str(a + b)}
    return {"question": told, "answer": str(a + b)}


def _choice(chance: random.Random, words: Sequence[str], place: int) -> dict[str, object]:  # noqa: ARG001
    numbers = chance.sample(range(10, 99), 4)
    question = f"Labels at the {' and the '.join(words)} show four numbers. Which is the largest?"
    return {
        "question": question,
        "choices": [str(number) for number in numbers],
        "answer": "ABCD"[numbers.index(max(numbers))],
    }


def _text(chance: random.Random, words: Sequence[str], place: int) -> dict[str, object]:
    word = words[place % len(words)]
    question = f"{chance.choice(NAMES)} reads about {', '.join(words)}. Write the word {word} backwards."
    return {"question": question, "answer": word[::-1]}


def _solution(prompt: str, asked_before: int) -> str:
    """The answer to one of its own problems: the largest choice, a word backwards, or the sum of two numbers."""
    choices = _CHOICE.findall(prompt)
    if choices:
        letter = max(choices, key=lambda choice: int(choice[1]) if choice[1].isdigit() else -1)[0]
        return f"I compare them.\n\nAnswer: {letter}"
    backwards = _BACKWARDS.search(prompt)
    if backwards:
        return f"I turn it round.\n\n<answer>{backwards[1][::-1]}</answer>"
    numbers = [int(number) for number in _NUMBER.findall(prompt.partition("\n\n")[0])[:2]]
    off = asked_before if _MURKY in prompt else 0
    return f"I add {' and '.join(map(str, numbers))}.\n\n\\boxed{{{sum(numbers) + off}}}"
