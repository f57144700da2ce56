"""Templates of instructions: text with named slots, filled once, so that nothing a problem says is read as a slot.

A slot is a name from SLOTS in braces; a brace itself is written twice. There are no attributes, indices, formats or
conversions, and no slot names a reference answer.
"""

from collections.abc import Iterable, Mapping
from string import Formatter

from trajectories.core.prompts.base import PromptError

SLOTS: Mapping[str, str] = {
    "problem": "the whole problem: for ARC the grids and everything the view shows, else the question",
    "encoding": "ARC: the grids alone, as the view writes them; else the question",
    "view": "ARC: what the view shows besides the grids (objects, sections, changed cells); else nothing",
    "answer_format": "how the answer has to be written so that it is found",
    "examples": "solved problems; without this slot they are sent as earlier turns of the conversation",
}
"""What each slot holds."""

MAX_TEMPLATE = 20_000
PROBLEM_SLOTS = frozenset({"problem", "encoding", "view"})


def split_template(template: str, slots: Iterable[str] = SLOTS) -> tuple[tuple[str, str], ...]:
    """The template as (text, slot that follows it or ""), doubled braces made one.

    Raises PromptError for anything but texts and known slots.
    """
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as fault:
        raise PromptError(f"Found a lone brace ({fault}); write {{{{ and }}}} for braces that are no slot.") from fault
    return tuple((text, _slot(name, form, conversion, tuple(slots))) for text, name, form, conversion in parsed)


def _slot(name: str | None, form: str | None, conversion: str | None, slots: tuple[str, ...]) -> str:
    if name is None:
        return ""
    if name not in slots or form or conversion:
        shown = name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
        raise PromptError(
            f"Found the slot {{{shown[:60]}}}; expected one of {', '.join(slots)}, or {{{{ and }}}} for plain braces."
        )
    return name


def check_template(template: str) -> None:
    """Raise PromptError where a template cannot be rendered or shows no problem."""
    if len(template) > MAX_TEMPLATE:
        raise PromptError(f"Found {len(template):,} characters, expected at most {MAX_TEMPLATE:,}.")
    slots = [slot for _, slot in split_template(template) if slot]
    if not PROBLEM_SLOTS & set(slots):
        raise PromptError("Found no slot for the problem, expected {problem}, {encoding} or {view}.")
    if twice := [slot for slot in SLOTS if slots.count(slot) > 1]:
        raise PromptError(f"Found the slot {{{twice[0]}}} {slots.count(twice[0])} times, expected it once.")


def has_slot(template: str, slot: str) -> bool:
    """Whether the template has the slot. Raises PromptError."""
    return any(found == slot for _, found in split_template(template))


def plain_text(template: str) -> str:
    """What a template says itself, without what its slots are filled with. Raises PromptError."""
    return "".join(text + ("\n" if slot else "") for text, slot in split_template(template))


def fill_template(template: str, values: Mapping[str, str], slots: Iterable[str] = SLOTS) -> str:
    """The template with each slot replaced by its value. Raises PromptError."""
    return "".join(text + values.get(slot, "") for text, slot in split_template(template, slots)).strip() + "\n"
