"""From what a model said to steps, answer and program. Total: any text gives a result, in time linear in its length."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from trajectories.core.answers import RULE_SET
from trajectories.core.completions.messages import Piece
from trajectories.core.completions.parts import Completion, build_completion, completion_of, thoughts_in
from trajectories.core.completions.recovering import TITLE
from trajectories.core.completions.thoughts import Content, Part, PartKind, content_of
from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import ArcTask, task_of
from trajectories.core.problems.grids import grid_to_lists
from trajectories.core.problems.kinds import is_grids
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
from trajectories.core.prompts.steps import MAX_STEPS, MAX_TITLE, parse_steps
from trajectories.core.prompts.variation import Variation, restore_rows
from trajectories.core.prompts.wrapping import wrap_program
from trajectories.core.records import (
    JSON,
    AnswerSpan,
    InstructionRecord,
    ProblemRecord,
    PublicProblem,
    Step,
    StepKind,
)
from trajectories.core.text.storable import storable_json, storable_text
from trajectories.core.verifiers.answers import find_in_content
from trajectories.core.verifiers.arc_common import once_per_object


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
    completion = completion_of(storable_text(text), storable_text(reasoning))
    return read_completion(instruction, problem, completion, variation, programs)


def storable_pieces(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """What a model sent in pieces, in texts that can be stored."""
    return tuple(replace(piece, text=storable_text(piece.text), data=_storable_data(piece.data)) for piece in pieces)


def _storable_data(data: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """What came with a piece; where that cannot be stored, this is said instead."""
    try:
        return {str(name): storable_json(value) for name, value in data.items()}
    except (ValueError, TypeError):
        return {"unreadable": "nested too deeply, or holds a number that is not finite"}


def storable_completion(pieces: Iterable[Piece]) -> Completion:
    """The completion of what a model sent in pieces, in texts that can be stored."""
    return build_completion(storable_pieces(pieces))


def read_completion(
    instruction: InstructionRecord,
    problem: PublicProblem,
    completion: Completion,
    variation: Variation | None = None,
    programs: Sequence[str] = (),
) -> ParsedResponse:
    """As read_response, of a completion in parts."""
    parts, content, whole = completion.parts, completion.content, completion.text
    task = _arc_task(problem)
    if task is None:
        read = read_answer(problem, content)
        steps = [*steps_of(parts), *_program_step(read.program)]
        return ParsedResponse(_limited(steps), read.answer, read.program, whole, read.span, parts)
    expert = read_expert_answer(content.text) if instruction.style == EXPERT else None
    steps = [*_thoughts(parts), *expert_steps(expert)] if expert is not None else steps_of(parts)
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
    program = wrap_program(variation, program)
    steps += _program_step(program)
    return ParsedResponse(_limited(steps), answer, program, whole, None if grids is None else grids.span, parts)


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What a response gives: its answer with the place in the response, or its program."""

    answer: JSON = None
    program: str = ""
    span: AnswerSpan | None = None


def read_answer(problem: ProblemRecord | PublicProblem, said: str | Content) -> ReadAnswer:
    """The answer or program that a response gives outside of its thoughts, whoever drew it: live or imported. `said` is
    its text, or its content where that is known.

    For ARC the last block that defines the function is the program, and without one the last grids are the answer, one
    per test input. For problems with tests the last block of Python is the program. For every other kind the answer is
    found by the rules of `core.answers`.
    """
    content = content_of(said) if isinstance(said, str) else said
    if is_grids(problem.kind):
        return _arc_answer(problem, content)
    if asks_for_program(problem):
        return ReadAnswer(program=find_program(content.text, asked=True))
    found = find_in_content(problem, content)
    return ReadAnswer() if found is None else ReadAnswer(found.value, span=found.span())


def _arc_answer(problem: ProblemRecord | PublicProblem, content: Content) -> ReadAnswer:
    task = _arc_task(problem)
    program = find_program(content.text, asked=False)
    if task is None:
        return ReadAnswer(program=program)
    if program:
        return _corrected(content, task) or ReadAnswer(program=program)
    grids = _read_grids(content, len(task.test))
    return ReadAnswer() if grids is None else ReadAnswer(grids.grids, span=grids.span)


def _corrected(content: Content, task: ArcTask) -> ReadAnswer | None:
    """The grids stated behind a program, one for every test input: who goes on to state them answers with them.

    None where there are fewer, or one is a grid that the task itself shows: then the program is being explained.
    """
    grids = _read_grids(replace(content, text=after_program(content.text)), len(task.test))
    shown = [grid for pair in (*task.train, *task.test) for grid in (pair.input, pair.output) if grid is not None]
    known = [grid_to_lists(grid) for grid in shown]
    if grids is None or any(rows is None or rows in known for rows in grids.grids):
        return None
    return ReadAnswer(grids.grids, span=grids.span)


def _read_grids(content: Content, tests: int) -> GridAnswer | None:
    """The grids that a content states, with their place in the whole text."""
    read = read_grid_answer(content.text, tests)
    if read is None:
        return None
    start, end = content.place(read.span.start), content.place(read.span.end - 1) + 1
    return GridAnswer(read.grids, AnswerSpan(read.span.rule, start, end, RULE_SET))


def steps_of(parts: Sequence[Part]) -> list[Step]:
    """The steps of a completion; its thoughts below a step of their own, wherever they came."""
    steps: list[Step] = []
    for kind, group in groupby(parts, lambda part: part.kind):
        if kind is PartKind.THINKING:
            steps += thinking_steps(thoughts_in(group))
        elif kind is PartKind.CONTENT:
            steps += [step for part in group for step in parse_steps(part.text)]
        else:
            steps += [_tool_step(part) for part in group]
    return steps


def _tool_step(part: Part) -> Step:
    """A tool that the model called by itself, or what came back, as its provider wrote it."""
    is_call = part.kind is PartKind.TOOL_CALL
    held = part.data.get("call" if is_call else "result", {})
    inner = held.get("function") if isinstance(held, dict) else None
    name = (inner if isinstance(inner, dict) else held).get("name") if isinstance(held, dict) else None
    title = name if isinstance(name, str) and name else "A tool" if is_call else "Result"
    body = fenced(part.text or json.dumps(held, ensure_ascii=False, indent=1), "json")
    return Step(StepKind.TOOL_CALL if is_call else StepKind.TOOL_RESULT, title[:MAX_TITLE], body, 0 if is_call else 1)


def _thoughts(parts: Sequence[Part]) -> list[Step]:
    return steps_of([part for part in parts if part.kind is PartKind.THINKING])


def _program_step(program: str) -> list[Step]:
    return [Step(StepKind.PROGRAM, "Program", fenced(program, "python"))] if program else []


def thinking_steps(thoughts: str) -> list[Step]:
    """Thoughts, below a step of their own."""
    steps = [replace(step, is_thinking=True) for step in parse_steps(thoughts, depth=1)]
    return [Step(StepKind.TEXT, TITLE, "", is_thinking=True), *steps] if steps else []


@once_per_object
def _arc_task(problem: ProblemRecord | PublicProblem) -> ArcTask | None:
    try:
        return task_of(problem) if is_grids(problem.kind) else None
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
