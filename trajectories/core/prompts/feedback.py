"""What a model is told of an earlier answer: what its program did on the training pairs, never on the test inputs.

After Greenblatt (2024): for every pair that is wrong, the expected and the actual output and where they differ.
"""

from collections.abc import Sequence
from dataclasses import replace

from trajectories.core.identity import content_hash
from trajectories.core.problems.arc import render_grid, task_of
from trajectories.core.problems.grids import Grid, grid_shape
from trajectories.core.problems.kinds import is_grids
from trajectories.core.prompts.answer_formats import answer_format
from trajectories.core.prompts.base import Message
from trajectories.core.prompts.variation import Variation, vary_grid
from trajectories.core.records import JSON, InstructionRecord, PublicProblem
from trajectories.core.verifiers.evidence import PairEvidence

MAX_CELLS = 60
"""So many wrong cells are listed one by one; of more, the number is said."""

MAX_MESSAGE = 2_000
MAX_ANSWER = 60_000
"""Characters of an earlier answer that are shown again: its end, where the program is."""

REVIEW = (
    "Look at your answer again as if somebody else had given it. Check every step and the result against the problem. "
    "Where you find a mistake, correct it; where you find none, give the same answer."
)


def feedback_turns(
    instruction: InstructionRecord,
    problem: PublicProblem,
    answer: str,
    pairs: Sequence[PairEvidence],
    variation: Variation | None = None,
) -> tuple[Message, Message]:
    """The earlier answer, and what to say to it.

    `pairs` is the evidence of the verdict on the training pairs, empty where no program
    ran. Grids are shown as the model saw them, under the variation.
    """
    said = answer if len(answer) <= MAX_ANSWER else "[...]\n" + answer[-MAX_ANSWER:]
    reply = _on_pairs(instruction, problem, pairs, variation) if pairs else f"{REVIEW}\n\n{_form(instruction, problem)}"
    return {"role": "assistant", "content": said}, {"role": "user", "content": reply}


def _on_pairs(
    instruction: InstructionRecord,
    problem: PublicProblem,
    pairs: Sequence[PairEvidence],
    variation: Variation | None,
) -> str:
    order = _shown_order(problem, variation)
    wrong = sorted((pair for pair in pairs if not pair.is_right), key=lambda pair: order[pair.index])
    right = [str(order[pair.index] + 1) for pair in pairs if pair.is_right]
    opening = f"Your program is right on {len(right)} of {len(pairs)} examples"
    opening += f" (example {', '.join(sorted(right))}). " if right else ". "
    parts = [opening + "This is what it did on the others."]
    parts += [_on_pair(order[pair.index] + 1, pair, variation) for pair in wrong]
    parts.append(
        "Say what is wrong with the rule or with the program, then write the whole program again so that every example "
        f"comes out right.\n\n{_form(instruction, problem)}"
    )
    return "\n\n".join(parts)


def _shown_order(problem: PublicProblem, variation: Variation | None) -> dict[int, int]:
    """The place at which each training pair was shown, by its place in the task."""
    count = len(problem.spec["train"])
    places = variation.order if variation is not None and len(variation.order) == count else range(count)
    return {index: shown for shown, index in enumerate(places)}


def _on_pair(number: int, pair: PairEvidence, variation: Variation | None) -> str:
    expected, predicted = _grid(pair.expected, variation), _grid(pair.predicted, variation)
    lines = [f"Example {number}"]
    if predicted is None:
        what = (pair.message or "no grid came back")[:MAX_MESSAGE]
        lines.append(f"Your program gave no grid: {what}")
        printed = pair.printed[-MAX_MESSAGE:].strip()
        lines += [f"It printed:\n{printed}"] if printed else []
    if expected is not None:
        lines.append(f"Expected output {_size(expected)}:\n{render_grid(expected)}")
    if predicted is not None:
        lines.append(f"Your program's output {_size(predicted)}:\n{render_grid(predicted)}")
    if expected is not None and predicted is not None:
        lines.append(_difference(expected, predicted))
    return "\n".join(lines)


def _difference(expected: Grid, predicted: Grid) -> str:
    """Where the two differ, in words."""
    if grid_shape(expected) != grid_shape(predicted):
        return f"Difference: the size is {_size(predicted)} in place of {_size(expected)}."
    cells = [
        f"({row},{column}) is {found} in place of {wanted}"
        for row, (line, wanted_line) in enumerate(zip(predicted, expected, strict=True))
        for column, (found, wanted) in enumerate(zip(line, wanted_line, strict=True))
        if found != wanted
    ]
    rows, columns = grid_shape(expected)
    more = f"; and {len(cells) - MAX_CELLS:,} more" if len(cells) > MAX_CELLS else ""
    return (
        f"Difference, {len(cells):,} of {rows * columns:,} cells as (row,column) from 0: "
        f"{', '.join(cells[:MAX_CELLS])}{more}."
    )


def _grid(value: JSON, variation: Variation | None) -> Grid | None:
    """The grid as the model saw it; None for what is none or has rows of unequal lengths."""
    if not isinstance(value, list | tuple) or not value or len({len(row) for row in value}) != 1:
        return None
    grid = tuple(tuple(row) for row in value)
    return grid if variation is None else vary_grid(variation, grid)


def _size(grid: Grid) -> str:
    rows, columns = grid_shape(grid)
    return f"({rows} by {columns})"


def _form(instruction: InstructionRecord, problem: PublicProblem) -> str:
    task = task_of(problem) if is_grids(problem.kind) else None
    return answer_format(instruction.style, problem, task)


def composed_problem(problem: PublicProblem, train: Sequence[JSON], test: Sequence[JSON]) -> PublicProblem:
    """The task that is left after a program: what it made of the inputs, in their place (John & Motani 2023).

    `train` and `test` are its outputs, a grid for each pair.
    """
    pairs = [{**pair, "input": made} for pair, made in zip(problem.spec["train"], train, strict=True)]
    inputs = [{"input": made} for made in test]
    spec = {**problem.spec, "train": pairs, "test": inputs}
    # Prompts are kept by content: what is left is another task with every program.
    return replace(problem, spec=spec, content_hash=content_hash(spec))
