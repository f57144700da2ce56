"""From what a model said to steps, answer and program. Total: any text gives a result, in time linear in its length."""

from collections.abc import Sequence

from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import ArcTask, task_of
from trajectories.core.problems.questions import asks_for_program
from trajectories.core.prompts.answer_formats import EXPERT, PROGRAM_STYLES
from trajectories.core.prompts.base import ParsedResponse
from trajectories.core.prompts.grid_answers import read_grid_answer
from trajectories.core.prompts.program_answers import (
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
    PublicProblem,
    Step,
    StepKind,
    TraceRecord,
)
from trajectories.core.storable import storable_text
from trajectories.core.verifiers.answers import find_answer, whole_text
from trajectories.core.verifiers.choice import read_choice
from trajectories.core.verifiers.text import normalise

SHORT_ANSWER = 200
"""Characters of a response of one line that is an answer by itself."""


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
    steps = _thinking(reasoning)
    task = _arc_task(problem)
    if task is None:
        steps += parse_steps(text)
        if asks_for_program(problem):
            program = find_program(text, asked=True)
            steps += [Step(StepKind.PROGRAM, "Program", fenced(program, "python"))] if program else []
            return ParsedResponse(_limited(steps), None, program, whole)
        answer, place = _question_answer(problem, text, before)
        return ParsedResponse(_limited(steps), answer, "", whole, place)
    expert = read_expert_answer(text) if instruction.style == EXPERT else None
    steps += expert_steps(expert) if expert is not None else parse_steps(text)
    wants_program = instruction.style in PROGRAM_STYLES
    grids = None if wants_program else read_grid_answer(text, len(task.test))
    program = "" if expert is None else expert_program(expert)
    if not program and grids is None:
        program = find_program(text, asked=wants_program)
    if wants_program and not defines_function(program):
        program = next((ran for ran in reversed(programs) if defines_function(ran)), program)
    if not program and wants_program:
        grids = read_grid_answer(text, len(task.test))
    answer = _restored(None if grids is None else grids.grids, task, variation, bool(program))
    place = None if grids is None else grids.place.after(before)
    program = wrap_program(variation, program)
    steps += [Step(StepKind.PROGRAM, "Program", fenced(program, "python"))] if program else []
    return ParsedResponse(_limited(steps), answer, program, whole, place)


def _thinking(reasoning: str) -> list[Step]:
    """What an endpoint gives as its thoughts, below a step of its own."""
    steps = parse_steps(reasoning, depth=1)
    return [Step(StepKind.TEXT, "Thinking", ""), *steps] if steps else []


def _arc_task(problem: PublicProblem) -> ArcTask | None:
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


def _question_answer(problem: PublicProblem, text: str, before: int) -> tuple[JSON, AnswerPlace | None]:
    """The answer by the verifiers' rules, a choice as its letter; a response of one short line is its own answer.

    With it comes its place in a text that has `before` more characters in front.
    """
    found = find_answer(TraceRecord(None, "", text), number=problem.kind is ProblemKind.NUMERIC)
    if found is None:
        found = whole_text(text, SHORT_ANSWER)
        found = None if found is None or "\n" in str(found.value) else found
    if found is None:
        return None, None
    place = found.place().after(before)
    choices = problem.spec.get("choices")
    if problem.kind is ProblemKind.CHOICE and isinstance(choices, list | tuple):
        letter = read_choice(found.value, [normalise(str(choice)) for choice in choices])
        return (found.value if letter is None else chr(ord("A") + letter)), place
    return found.value, place


def fenced(text: str, language: str) -> str:
    """The text as a code block, whatever backticks are in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _limited(steps: list[Step]) -> tuple[Step, ...]:
    """At most twice what one text has: thoughts and response."""
    return tuple(steps[: 2 * MAX_STEPS + 2])
