"""Turning a candidate and the candidates refuted before it into a full reasoning trace."""

from collections.abc import Sequence

from trajectories.core.problems.arc import ArcTask, render_prompt
from trajectories.core.problems.grids import Grid, grid_shape, grid_to_lists
from trajectories.core.records import JSON, FinishReason, SampleResult, Step, StepKind
from trajectories.core.samplers.symbolic.candidates import Candidate
from trajectories.core.samplers.symbolic.observe import observe
from trajectories.core.samplers.symbolic.program import GridProgram

GROUPS = {
    StepKind.OBSERVATION: "What the pairs show",
    StepKind.HYPOTHESIS: "Hypotheses tried",
    StepKind.SUBTASK: "The rule, step by step",
    StepKind.PROGRAM: "Program",
    StepKind.REFLECTION: "Check",
    StepKind.ANSWER: "Answer",
}
"""Headings of the written text, by the kind of the first step below each."""


def tell(
    task: ArcTask, candidate: Candidate, refuted: Sequence[Candidate], view: str, facts: dict[str, JSON]
) -> SampleResult:
    """The sample for one candidate: steps, the same as text, messages, program and predicted test grids."""
    source = candidate.program.source()
    steps = (
        *observe(task, view),
        *(step for one in refuted for step in _refutation(task, one)),
        *_subtasks(task, candidate),
        Step(StepKind.PROGRAM, "Write the program", f"```python\n{source.rstrip()}\n```"),
        _reflection(task, candidate, bool(facts.get("fits"))),
        _answer(candidate),
    )
    reasoning = write_text(steps)
    return SampleResult(
        messages=(
            {"role": "user", "content": render_prompt(task)},
            {"role": "assistant", "content": reasoning},
        ),
        reasoning=reasoning,
        steps=steps,
        answer=[None if grid is None else grid_to_lists(grid) for grid in candidate.test_outputs],
        program=source,
        finish_reason=FinishReason.STOP,
        facts=facts,
    )


def write_text(steps: Sequence[Step]) -> str:
    """The steps as one Markdown text with a heading per group."""
    parts = []
    for step in steps:
        heading = GROUPS.get(step.kind, "")
        if heading and f"## {heading}" not in parts:
            parts.append(f"## {heading}")
        parts.append(step.body if step.kind is StepKind.PROGRAM else f"**{step.title}.** {step.body}")
    return "\n\n".join(parts) + "\n"


def _sentence(candidate: Candidate) -> str:
    titles = [step.title for step in candidate.program.explain()]
    if not titles:
        return "give back the input unchanged"
    return ", then ".join(title[0].lower() + title[1:] for title in titles)


def headline(candidate: Candidate) -> str:
    """The most telling step of a program, in a few words."""
    if isinstance(candidate.program, GridProgram):
        return candidate.program.headline
    steps = candidate.program.explain()
    return steps[0].title if steps else "Leave the input unchanged"


def _refutation(task: ArcTask, candidate: Candidate) -> tuple[Step, ...]:
    """A hypothesis that was tried and the first pair that refuted it."""
    pair = candidate.train_matches.index(False)
    predicted, expected = candidate.train_outputs[pair], task.train[pair].output
    assert expected is not None
    right = sum(candidate.train_matches)
    idea = _sentence(candidate)
    given = None if predicted is None else grid_to_lists(predicted)
    so_far = f"It reproduces {right} of {len(task.train)} pairs, but not" if right else "It already fails on"
    reason = f"{so_far} pair {pair + 1}: {compare(predicted, expected)} So this is not the rule."
    title = headline(candidate)
    return (
        Step(StepKind.HYPOTHESIS, f"Perhaps: {title[0].lower() + title[1:]}", f"The rule could be: {idea}."),
        Step(
            StepKind.BACKTRACK, f"Pair {pair + 1} refutes it", reason, depth=1,
            data={"pair": pair, "predicted": given, "expected": grid_to_lists(expected)},
        ),
    )  # fmt: skip


def compare(predicted: Grid | None, expected: Grid) -> str:
    """One sentence on how a predicted grid differs from the expected one."""
    if predicted is None:
        return "it gives no grid there."
    if grid_shape(predicted) != grid_shape(expected):
        (height, width), (rows, columns) = grid_shape(predicted), grid_shape(expected)
        return f"it gives {height}×{width} cells where {rows}×{columns} are expected."
    wrong = [(i, j) for i, row in enumerate(expected) for j, cell in enumerate(row) if predicted[i][j] != cell]
    if not wrong:
        return "all cells are right."
    i, j = wrong[0]
    cells = "1 cell is" if len(wrong) == 1 else f"{len(wrong)} cells are"
    return f"{cells} wrong, first row {i + 1}, column {j + 1}: {predicted[i][j]} where {expected[i][j]} is expected."


def _subtasks(task: ArcTask, candidate: Candidate) -> tuple[Step, ...]:
    """One step of the rule each, with what it gives on the first pair."""
    steps = candidate.program.explain()
    if not steps:
        return (Step(StepKind.SUBTASK, "Leave the input unchanged", "The output is the input."),)
    effects = (
        candidate.program.effects(task.train[0].input)
        if isinstance(candidate.program, GridProgram)
        else ("",) * len(steps)
    )
    return tuple(Step(StepKind.SUBTASK, step.title, _body(step.body, effect)) for step, effect in zip(steps, effects))


def _body(body: str, effect: str) -> str:
    """A step's explanation with its effect; it is never empty."""
    return f"{body} In pair 1 this gives {effect}.".lstrip() if effect else body or "This needs no details."


def _reflection(task: ArcTask, candidate: Candidate, others_fit: bool) -> Step:
    total = len(task.train)
    if candidate.fits:
        body = f"Run on the {total} training inputs, the program gives exactly the {total} training outputs."
        if any(output is None for output in candidate.test_outputs):
            body += " On a test input it gives no grid, so the rule is not general enough."
        return Step(StepKind.REFLECTION, f"It reproduces all {total} pairs", body)
    lines = []
    for number, (pair, output) in enumerate(zip(task.train, candidate.train_outputs), 1):
        assert pair.output is not None
        lines.append(f"Pair {number}: {'right.' if output == pair.output else compare(output, pair.output)}")
    pair_index = candidate.train_matches.index(False)
    output, expected = candidate.train_outputs[pair_index], task.train[pair_index].output
    ending = "" if others_fit else " No program that reproduces every pair was found from this view."
    body = f"The program does not explain every pair, so the rule is not this. {' '.join(lines)}{ending}"
    return Step(
        StepKind.REFLECTION, f"It fails on pair {pair_index + 1}", body,
        data={
            "pair": pair_index, "predicted": output and grid_to_lists(output),
            "expected": expected and grid_to_lists(expected),
        },
    )  # fmt: skip


def _answer(candidate: Candidate) -> Step:
    parts = []
    for number, grid in enumerate(candidate.test_outputs, 1):
        if grid is None:
            parts.append(f"Test {number}: the program gives no grid.")
        else:
            digits = "\n".join(" ".join(map(str, row)) for row in grid)
            parts.append(f"Test {number}:\n\n```\n{digits}\n```")
    grids: list[JSON] = [None if grid is None else grid_to_lists(grid) for grid in candidate.test_outputs]
    title = "Predicted test output" if len(grids) == 1 else "Predicted test outputs"
    return Step(StepKind.ANSWER, title, "\n\n".join(parts), data={"grids": grids})
