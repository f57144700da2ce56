"""What the endpoint says: a fixed text, or what the symbolic sampler finds for the ARC task in the prompt."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trajectories.core.identity import content_hash, text_hash
from trajectories.core.problems.grids import Grid
from trajectories.core.records import InstructionRecord, ProblemKind, PublicProblem, SampleRequest, SampleResult
from trajectories.core.samplers.symbolic import SymbolicSampler

IDENTITY = "def transform(grid):\n    return grid\n"
DIGIT_GRID = re.compile(r"(?:^[ \t]*\d(?:[ \t,]?\d)*[ \t]*$\n?)+", re.MULTILINE)
JSON_GRID = re.compile(r"\[\s*\[[\d\s,\[\]]+\]\s*\]")
WORDS_BEFORE = 120
TOLD = "Your program is right on"
"""How feedback on a program begins (core.prompts.feedback)."""

VIEWS = ("grid", "object", "pixel")
WORK = 3_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call brings. `stop` is the text that stopped it, "" for none."""

    text: str
    reasoning: str = ""
    tool_calls: Sequence[Mapping[str, Any]] = ()
    refusal: str = ""
    stop: str = ""


def stopped(answer: Answer, stops: Any) -> Answer:
    """The answer up to the first of the texts at which the model is stopped."""
    found = [
        (place, stop)
        for stop in (stops if isinstance(stops, list) else [])
        if isinstance(stop, str) and (place := answer.text.find(stop)) >= 0
    ]
    if not found:
        return answer
    place, stop = min(found)
    return replace(answer, text=answer.text[:place], stop=stop)


def continued(answer: Answer, begun: str) -> Answer:
    """What is left of an answer behind as many paragraphs as the unfinished message has; behind blanks, where it ends
    in none, as the model writes them itself."""
    before = [part for part in begun.split("\n\n") if part.strip()]
    rest = "\n\n".join(answer.text.split("\n\n")[len(before) :])
    return replace(answer, text=rest if begun.endswith("\n\n") or not rest else f"\n\n{rest}")


Answerer = Callable[[str, int], Answer]
"""(the prompt as one text, how often it was asked before) -> the answer."""


def program_text(program: str) -> str:
    """A program as models write one."""
    return f"Each output follows from its input by one rule.\n\n```python\n{program}```\n"


def canned(text: str = "", program: str = IDENTITY) -> Answerer:
    """Always the same text; without one, a program. Asked again it says so, as no two samples of a model are equal."""

    def answer(_: str, asked_before: int) -> Answer:
        return Answer(f"{text or program_text(program)}\n(sample {asked_before + 1})")

    return answer


def symbolic(work: int = WORK) -> Answerer:
    """Programs of the symbolic sampler for the ARC task in the prompt, a different one each time it is asked."""
    sampler = SymbolicSampler()
    drawn: Counter[str] = Counter()

    def answer(prompt: str, asked_before: int) -> Answer:
        problem = read_task(prompt)
        if problem is None:
            return Answer("I find no grids in this prompt.")
        view = VIEWS[asked_before % len(VIEWS)]
        place = text_hash(prompt + view)
        request = SampleRequest(
            problem=problem,
            instruction=InstructionRecord(view, 1, view, "program"),
            temperature=1.0,
            seed=asked_before,
            group_seed=0,
            ordinal=drawn[place],
            parameters={"work": work},
        )
        drawn[place] += 1
        _, outcome = next(iter(sampler.sample([request])))
        if isinstance(outcome, SampleResult):
            return Answer(program_text(outcome.program), reasoning=outcome.reasoning)
        return Answer("I find no rule.", reasoning=outcome.message)

    return answer


def learner(work: int = WORK) -> Answerer:
    """A model that learns from errors: its program does nothing until it is told what that program did, then it is one
    that the symbolic search finds."""
    search = symbolic(work)

    def answer(prompt: str, asked_before: int) -> Answer:
        task, told, _ = prompt.partition(TOLD)
        return search(task, asked_before) if told else canned()(prompt, asked_before)

    return answer


def read_task(prompt: str) -> PublicProblem | None:
    """The ARC task whose grids the prompt shows, as digits or as JSON: an input that an output follows is a training
    pair, any other is a test input. None where there is no training pair."""
    train: list[dict[str, Any]] = []
    waiting: Grid | None = None
    tests: list[Grid] = []
    for what, grid in _labelled_grids(prompt):
        if what == "output" and waiting is not None:
            train.append({"input": waiting, "output": grid})
            waiting = None
        elif what == "input":
            tests += [] if waiting is None else [waiting]
            waiting = grid
    tests += [] if waiting is None else [waiting]
    if not train:
        return None
    spec = {"train": train, "test": [{"input": grid} for grid in tests or [train[0]["input"]]]}
    return PublicProblem(ProblemKind.ARC, "from the prompt", "", spec, content_hash(spec))


def _labelled_grids(prompt: str) -> list[tuple[str, Grid]]:
    """Every grid with the word, input or output, that stands last before it."""
    found = []
    for pattern, read in ((DIGIT_GRID, _read_digits), (JSON_GRID, json.loads)):
        for match in pattern.finditer(prompt):
            before = prompt[max(0, match.start() - WORDS_BEFORE) : match.start()].lower()
            what = "output" if before.rfind("output") > before.rfind("input") else "input"
            grid = tuple(tuple(row) for row in read(match.group()))
            if len({len(row) for row in grid}) == 1:
                found.append((match.start(), what, grid))
    return [(what, grid) for _, what, grid in sorted(found)]


def _read_digits(block: str) -> list[list[int]]:
    return [[int(digit) for digit in re.findall(r"\d", line)] for line in block.splitlines() if line.strip()]
