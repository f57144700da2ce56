"""From what a model said to steps, answer and program. Total: any text gives a result, in time linear in its length."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trajectories.core.answers import RULE_SET
from trajectories.core.completions.thoughts import Content, PartKind, content_of, split_thoughts
from trajectories.core.grids import grid_to_lists
from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import ArcTask, task_of
from trajectories.core.problems.questions import asks_for_program
from trajectories.core.prompts.answer_formats import EXPERT, PROGRAM_STYLES
from trajectories.core.prompts.base import ParsedResponse
from trajectories.core.prompts.grid_answers import GridAnswer, read_grid_answer
from trajectories.core.prompts.program_answers import (
    after_program,
    defines_function,
    expert_program,
    expert_steps,
    find_program,
    read_expert_answer,
)
from trajectories.core.prompts.steps import MAX_STEPS, parse_steps
from trajectories.core.prompts.variation import Variation, restore_rows
from trajectories.core.prompts.wrapping import wrap_program
from trajectories.core.records import (
    JSON,
    AnswerPlace,
    InstructionRecord,
    ProblemKind,
    ProblemRecord,
    PublicProblem,
    Step,
    StepKind,
)
from trajectories.core.storable import storable_text
from trajectories.core.verifiers.answers import find_in_text


def read_response(
    instruction: InstructionRecord,
    problem: PublicProblem,
    text: str,
    reasoning: str = "",
    variation: Variation | None = None,
    programs: Sequence[str] = (),
) -> ParsedResponse:
    """Steps, answer, program and reasoning of a response; `reasoning` is what the endpoint gives apart from it.

    Grids and programs are given back in the frame of the task itself, whatever variation the model was shown.
    `programs` are what the model ran on the way: where a program is asked for and the response defines no function, the
    last of them that does counts.
    """
    reasoning, text = storable_text(reasoning), storable_text(text)
    whole = "\n\n".join(part for part in (reasoning, text) if part)
    before = len(whole) - len(text)
    task = _arc_task(problem)
    if task is None:
        read = read_answer(problem, text)
        steps = [*_thinking(reasoning), *_steps(text), *_program_step(read.program)]
        place = None if read.place is None else read.place.after(before)
        return ParsedResponse(_limited(steps), read.answer, read.program, whole, place)
    content = content_of(text)
    expert = read_expert_answer(content.text) if instruction.style == EXPERT else None
    steps = _thinking(reasoning)
    steps += [*_thoughts(text), *expert_steps(expert)] if expert is not None else _steps(text)
    wants_program = instruction.style in PROGRAM_STYLES
    grids = None if wants_program else _read_grids(content, len(task.test))
    program = "" if expert is None else expert_program(expert)
    if not program and grids is None:
        program = find_program(content.text, asked=wants_program)
    if wants_program and not defines_function(program):
        program = next((ran for ran in reversed(programs) if defines_function(ran)), program)
    if not program and wants_program:
        grids = _read_grids(content, len(task.test))
    answer = _restored(None if grids is None else grids.grids, task, variation, bool(program))
    place = None if grids is None else grids.place.after(before)
    program = wrap_program(variation, program)
    steps += _program_step(program)
    return ParsedResponse(_limited(steps), answer, program, whole, place)


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What a response gives: its answer with the place in the response, or its program."""

    answer: JSON = None
    program: str = ""
    place: AnswerPlace | None = None


def read_answer(problem: ProblemRecord | PublicProblem, text: str) -> ReadAnswer:
    """The answer or program that a response gives outside of its thoughts, whoever drew it: live or imported.

    For ARC the last block that defines the function is the program, and without one the last grids are the answer, one
    per test input. For problems with tests the last block of Python is the program. For every other kind the answer is
    found by the rules of `core.answers`.
    """
    if problem.kind is ProblemKind.ARC:
        return _arc_answer(problem, text)
    if asks_for_program(problem):
        return ReadAnswer(program=find_program(content_of(text).text, asked=True))
    found = find_in_text(problem, text)
    return ReadAnswer() if found is None else ReadAnswer(found.value, place=found.place())


def _arc_answer(problem: ProblemRecord | PublicProblem, text: str) -> ReadAnswer:
    task, content = _arc_task(problem), content_of(text)
    program = find_program(content.text, asked=False)
    if task is None:
        return ReadAnswer(program=program)
    if program:
        return _corrected(content, task) or ReadAnswer(program=program)
    grids = _read_grids(content, len(task.test))
    return ReadAnswer() if grids is None else ReadAnswer(grids.grids, place=grids.place)


def _corrected(content: Content, task: ArcTask) -> ReadAnswer | None:
    """The grids stated behind a program, one for every test input: who goes on to state them answers with them.

    None where there are fewer, or one is a grid that the task itself shows: then the program is being explained.
    """
    grids = _read_grids(replace(content, text=after_program(content.text)), len(task.test))
    shown = [grid for pair in (*task.train, *task.test) for grid in (pair.input, pair.output) if grid is not None]
    known = [grid_to_lists(grid) for grid in shown]
    if grids is None or any(rows is None or rows in known for rows in grids.grids):
        return None
    return ReadAnswer(grids.grids, place=grids.place)


def _read_grids(content: Content, tests: int) -> GridAnswer | None:
    """The grids that a content states, with their place in the whole text."""
    read = read_grid_answer(content.text, tests)
    if read is None:
        return None
    start, end = content.place(read.place.start), content.place(read.place.end - 1) + 1
    return GridAnswer(read.grids, AnswerPlace(read.place.rule, start, end, RULE_SET))


def _steps(text: str) -> list[Step]:
    """The steps of a response; thoughts that came inside of it below a step of their own."""
    steps: list[Step] = []
    for part in split_thoughts(text):
        steps += _thinking(part.text) if part.kind is PartKind.THINKING else parse_steps(part.text)
    return steps


def _thoughts(text: str) -> list[Step]:
    return [step for part in split_thoughts(text) if part.kind is PartKind.THINKING for step in _thinking(part.text)]


def _program_step(program: str) -> list[Step]:
    return [Step(StepKind.PROGRAM, "Program", fenced(program, "python"))] if program else []


def _thinking(reasoning: str) -> list[Step]:
    """Thoughts, below a step of their own."""
    steps = parse_steps(reasoning, depth=1)
    return [Step(StepKind.TEXT, "Thinking", ""), *steps] if steps else []


def _arc_task(problem: ProblemRecord | PublicProblem) -> ArcTask | None:
    try:
        return task_of(problem) if problem.kind is ProblemKind.ARC else None
    except ProblemError:
        return None


def _restored(
    grids: list[list[list[int]] | None] | None, task: ArcTask, variation: Variation | None, has_program: bool
) -> JSON:
    if grids is not None:
        if variation is None:
            return grids
        return [None if rows is None else restore_rows(variation, rows) for rows in grids]
    # Looked for in the text, a grid of a varied task would be taken for one of the task itself.
    varied = variation is not None and variation.changes_grids
    return [None] * len(task.test) if varied and not has_program else None


def fenced(text: str, language: str) -> str:
    """The text as a code block, whatever backticks are in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _limited(steps: list[Step]) -> tuple[Step, ...]:
    """At most twice what one text has: thoughts and response."""
    return tuple(steps[: 2 * MAX_STEPS + 2])
