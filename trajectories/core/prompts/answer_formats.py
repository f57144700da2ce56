"""What a model is told about the form of its answer. The forms are those that core.verifiers.answers looks for."""

from trajectories.core.problems.arc import ArcTask
from trajectories.core.problems.kinds import KINDS, MANY, asks_for_many
from trajectories.core.problems.questions import asks_for_program
from trajectories.core.prompts.program_answers import EXPERT_FIELDS
from trajectories.core.records import PublicProblem

PROGRAM, EXPERT, SUBTASKS_PROGRAM = "program", "expert", "subtasks-program"
STYLES = {
    "chain-of-thought": "thinks step by step, then answers",
    "subtasks": "names subtasks under headings, may go back, reflect and question, then answers",
    "direct": "answers at once",
    PROGRAM: "ARC: thinks, then writes a Python function",
    SUBTASKS_PROGRAM: "ARC: names subtasks under headings, then writes a Python function",
    EXPERT: "ARC: fills in the fields of an expert, the last of which is a Python function",
}
"""Styles an instruction may have: how the answer is asked for and read."""

PROGRAM_STYLES = frozenset({PROGRAM, SUBTASKS_PROGRAM, EXPERT})

_FUNCTION = (
    "`transform(grid)`, which takes an input grid as a list of rows of integers and returns its output grid in the "
    "same form. It must give the right output for every example and for the test inputs."
)
_EXPERT_HINTS = {
    "reflection": "what you see, and what a wrong first idea would miss",
    "pixel_changes": "how cells change from input to output",
    "object_changes": "how objects change from input to output",
    "helper_functions": "which functions would help to describe the change",
    "overall_pattern": "the simplest rule that explains all examples",
    "program_instructions": "how a program does it, in plain words, step by step",
    "python_program": f"the source of a Python function {_FUNCTION}",
}


def answer_format(style: str, problem: PublicProblem, task: ArcTask | None) -> str:
    """What to say for a problem in a style; `task` is the ARC task, where it is one."""
    if task is None and asks_for_program(problem):
        function = problem.spec.get("function")
        what = (
            f"that defines the function `{function}`"
            if isinstance(function, str)
            else "that reads its input and prints"
        )
        return f"Give, in one ```python block, a complete Python program {what}."
    if task is None:
        return MANY if asks_for_many(problem) else KINDS[problem.kind].answer_format
    if style == EXPERT:
        fields = "\n".join(f'  "{name}": {_EXPERT_HINTS[name]}' for name in EXPERT_FIELDS)
        return (
            f"Answer with one JSON object in a ```json block, with these fields in this order, each a text:\n{fields}"
        )
    if style in PROGRAM_STYLES:
        return f"Give, in one ```python block, a Python function {_FUNCTION}"
    return _grid_format(len(task.test))


def _grid_format(tests: int) -> str:
    if tests == 1:
        return (
            "End with the output grid of the test input as JSON, a list of rows of colours, between <answer> and "
            "</answer>."
        )
    return (
        f"End with the output grids of the {tests} test inputs as JSON, a list of {tests} grids in their order, each a "
        "list of rows of colours, between <answer> and </answer>."
    )
