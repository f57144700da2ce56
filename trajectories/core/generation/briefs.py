"""What a model that writes problems is told: templates with slots of their own, filled once."""

from collections.abc import Mapping

from trajectories.core.generation.base import Order
from trajectories.core.problems.kinds import KINDS
from trajectories.core.problems.questions import question_text
from trajectories.core.prompts import Message, PromptError
from trajectories.core.prompts.templates import MAX_TEMPLATE, fill_template, split_template
from trajectories.core.records import ProblemKind, ProblemRecord, PublicProblem

SLOTS: Mapping[str, str] = {
    "count": "how many problems to write",
    "target": "what kind of problem, and the family where one is named",
    "words": "the words drawn for this call, one to a line; nothing where none are drawn",
    "features": "the features drawn for this call, one to a line; nothing where none are drawn",
    "source": "the problem to start from, without its answer",
    "format": "how the problems have to be written so that they are found",
}
"""What each slot holds."""

NEEDED = {"constrained": ("format",), "variants": ("format", "source")}
"""Slots that a brief must have, by the generator it is for."""

TARGETS = {word: kind.written for word, kind in KINDS.items() if kind.written is not None}
"""Kinds of problem that a model may be asked to write, and how."""


def check_brief(generator: str, template: str) -> None:
    """Raise PromptError where a template cannot be filled or leaves out what its generator needs."""
    if len(template) > MAX_TEMPLATE:
        raise PromptError(f"Found {len(template):,} characters, expected at most {MAX_TEMPLATE:,}.")
    slots = [slot for _, slot in split_template(template, SLOTS) if slot]
    for needed in NEEDED[generator]:
        if needed not in slots:
            raise PromptError(f"Found no slot {{{needed}}}, expected it once.")
    if twice := [slot for slot in SLOTS if slots.count(slot) > 1]:
        raise PromptError(f"Found the slot {{{twice[0]}}} {slots.count(twice[0])} times, expected it once.")


def fill_brief(
    template: str, *, kind: ProblemKind, family: str, order: Order, source: ProblemRecord | None
) -> tuple[Message, ...]:
    """The message that asks for an order. Raises PromptError."""
    of_family = f", of the family “{family}”" if family else ""
    values = {
        "count": str(order.count),
        "target": f"{TARGETS[kind].target}{of_family}",
        "words": _listed("Use every one of these words in each problem:", order.words),
        "features": _listed("Each problem has all of these features:", order.features),
        "source": "" if source is None else _shown(source),
        "format": answer_form(kind, order.count),
    }
    return ({"role": "user", "content": fill_template(template, values, SLOTS)},)


def answer_form(kind: ProblemKind, count: int) -> str:
    """The form that `reading` looks for."""
    many = f"a list of {count} problems" if count > 1 else "a list of 1 problem"
    return (
        f'Answer with one JSON object in a ```json block: under "problems" {many}, each of the form\n'
        f"{TARGETS[kind].example}\n{TARGETS[kind].note} Work each answer out before you write it down."
    )


def _listed(heading: str, items: tuple[str, ...]) -> str:
    return "\n".join([heading, *(f"- {item}" for item in items)]) if items else ""


def _shown(source: ProblemRecord) -> str:
    """The problem as it is asked: nobody who writes a variant needs its answer."""
    return question_text(PublicProblem(source.kind, source.name, source.statement, source.spec, ""))
