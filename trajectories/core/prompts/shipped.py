"""The instructions that come with the application."""

from dataclasses import dataclass

from trajectories.core.problems.arithmetic import Sum, scratchpad
from trajectories.core.prompts.answer_formats import EXPERT, PROGRAM, SUBTASKS_PROGRAM
from trajectories.core.records import InstructionRecord, ProblemKind

_SUBTASKS = """Work in subtasks, each under a heading of its own, and let it show when you change your mind:

## Subtask 1: what it does
## Subtask 2: what it does

Below a subtask, use these headings wherever they are called for:

### Question: an assumption you doubt
### Reflection: a check of what you have so far
### Backtrack: what was wrong, and what you do instead

Then conclude under the heading `## Answer`."""

THINK = "Think step by step."
CHAIN_TEMPLATE = "{problem}\n\n" + THINK + "\n\n{answer_format}"
SUBTASKS_TEMPLATE = "{problem}\n\n" + _SUBTASKS + "\n\n{answer_format}"
DIRECT_TEMPLATE = "{problem}\n\nAnswer at once, without explanation.\n\n{answer_format}"
ACTING_TEMPLATE = (
    "{problem}\n\nBefore each action say in a sentence or two what you know, what you expect and why. When the world "
    "answers otherwise than you expected, say what that means.\n\n{answer_format}"
)
SCRATCHPAD_TEMPLATE = (
    "{problem}\n\nWork on a scratchpad. This one adds 48 and 37:\n\n"
    + scratchpad(Sum(48, 37)).rpartition("\n")[0]
    + "\n\nThe first line has all digits of both numbers. Each line after it takes the last digits away and writes the "
    "digit of their sum in front of those found so far, behind the comma, with the carry behind C:. The last line is "
    "the carry and all digits. Write every line.\n\n{answer_format}"
)
ALONE_TEMPLATE = "{problem}"
EXPERT_TEMPLATE = (
    "You are one of several experts who are shown the same task in different ways; make the most of yours.\n\n"
    "{problem}\n\n{answer_format}"
)

TEMPLATES = {
    "": CHAIN_TEMPLATE,
    "chain-of-thought": CHAIN_TEMPLATE,
    "subtasks": SUBTASKS_TEMPLATE,
    "direct": DIRECT_TEMPLATE,
    PROGRAM: CHAIN_TEMPLATE,
    SUBTASKS_PROGRAM: SUBTASKS_TEMPLATE,
    EXPERT: EXPERT_TEMPLATE,
}
"""By style: what an instruction without a template of its own says."""

EXPERT_VIEWS = (
    *(
        "digits",
        "digits-sizes",
        "digits-pixels",
        "json",
        "json-sizes-pixels",
        "coordinates",
        "coordinates-sizes-pixels",
    ),
    *("colours", "digits-colours", "digits-colours-pixels"),
    *("sides", "digits-sides", "digits-sizes-sides-pixels"),
    *("corners", "digits-corners", "digits-sizes-corners-pixels"),
    *("multicolour", "digits-multicolour", "digits-sizes-multicolour-pixels"),
    *("rows", "digits-rows", "columns", "digits-columns"),
    *("sections", "digits-sections"),
)
"""Encodings of the grids (or none) x ways to take them apart x changed cells, where they say different things."""

TWENTY_EXPERTS = tuple(
    view for view in EXPERT_VIEWS if not view.startswith(("json", "coordinates")) and view != "digits-sizes"
)
"""The views of the experts strategy as John & Motani ran it: 20 of them, each three times."""

VIEW_WORDS = {
    "digits": "grid as digits",
    "json": "grid as JSON",
    "coordinates": "grid as coordinates",
    "sizes": "sizes",
    "pictures": "pictures",
    "colours": "objects by colour",
    "sides": "4-connected objects",
    "corners": "8-connected objects",
    "multicolour": "multicolour objects",
    "rows": "by row",
    "columns": "by column",
    "sections": "sections",
    "pixels": "changed cells",
}
"""What the words of a view mean, in titles."""


@dataclass(frozen=True, slots=True)
class ShippedInstruction:
    """An instruction with what lists say of it; `problem_kind` is None where it fits any kind."""

    record: InstructionRecord
    title: str
    problem_kind: ProblemKind | None


def view_title(view: str) -> str:
    """A view in words: "grid as digits, 4-connected objects"."""
    return ", ".join(VIEW_WORDS.get(word, word) for word in view.split("-")) if view else ""


def _shipped(
    name: str, title: str, kind: ProblemKind | None, view: str, style: str, template: str
) -> ShippedInstruction:
    return ShippedInstruction(InstructionRecord(name, 1, view, style, template), title, kind)


def expert_name(view: str) -> str:
    """The name of the shipped instruction for an expert of a view."""
    return f"arc-expert-{view}"


def _experts() -> list[ShippedInstruction]:
    return [
        _shipped(expert_name(view), f"ARC expert: {view_title(view)}", ProblemKind.ARC, view, EXPERT, EXPERT_TEMPLATE)
        for view in EXPERT_VIEWS
    ]


ARC, CHAIN = ProblemKind.ARC, "chain-of-thought"

SHIPPED: tuple[ShippedInstruction, ...] = (
    _shipped("chain-of-thought", "Chain of thought", None, "digits", CHAIN, CHAIN_TEMPLATE),
    _shipped("subtasks", "Subtasks with backtracking and reflection", None, "digits", "subtasks", SUBTASKS_TEMPLATE),
    _shipped("arc-program", "ARC program", ARC, "digits-sizes", PROGRAM, CHAIN_TEMPLATE),
    _shipped("arc-program-json", "ARC program, grids as JSON", ARC, "json-sizes", PROGRAM, CHAIN_TEMPLATE),
    _shipped(
        "arc-program-coordinates", "ARC program, grids as coordinates", ARC, "coordinates", PROGRAM, CHAIN_TEMPLATE
    ),
    _shipped(
        "arc-program-pictures",
        "ARC program, grids as digits and pictures",
        ARC,
        "digits-sizes-pictures",
        PROGRAM,
        CHAIN_TEMPLATE,
    ),
    _shipped(
        "arc-subtasks-program",
        "ARC program by subtasks",
        ARC,
        "digits-sizes",
        SUBTASKS_PROGRAM,
        SUBTASKS_TEMPLATE,
    ),
    _shipped("arc-grid", "ARC output grid, step by step", ARC, "digits-sizes", CHAIN, CHAIN_TEMPLATE),
    _shipped("arc-grid-direct", "ARC output grid at once", ARC, "digits", "direct", DIRECT_TEMPLATE),
    *_experts(),
    _shipped("numeric", "Number, step by step", ProblemKind.NUMERIC, "", CHAIN, CHAIN_TEMPLATE),
    _shipped("scratchpad", "Addition on a scratchpad", ProblemKind.NUMERIC, "", CHAIN, SCRATCHPAD_TEMPLATE),
    _shipped("choice", "Choice, step by step", ProblemKind.CHOICE, "", CHAIN, CHAIN_TEMPLATE),
    _shipped("text", "Text, step by step", ProblemKind.TEXT, "", CHAIN, CHAIN_TEMPLATE),
    _shipped("procedural", "Procedural answer, step by step", ProblemKind.PROCEDURAL, "", CHAIN, CHAIN_TEMPLATE),
    _shipped("acting", "Acting in a world", ProblemKind.ENVIRONMENT, "", CHAIN, ACTING_TEMPLATE),
    _shipped("answer-direct", "Answer at once", None, "digits", "direct", DIRECT_TEMPLATE),
    _shipped("problem-alone", "The problem alone, for models tuned on it", None, "digits", CHAIN, ALONE_TEMPLATE),
)
"""Every instruction that comes with the application, version 1."""
