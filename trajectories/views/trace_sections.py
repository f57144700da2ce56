"""What the trace page draws of a completion: stretches of thoughts, which fold, and what was answered."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from trajectories.core.completions.parts import NOWHERE
from trajectories.core.completions.thoughts import Part, PartKind
from trajectories.models import Trace
from trajectories.selectors.completions import parts_of
from trajectories.views.shown.steps import StepGroup, StepRange

MOST_PARTS = 100
"""Parts without steps that are drawn one by one; what follows is one more."""


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a trace that is all thoughts or all answer: steps in groups, or the text of a part without steps.

    `is_cut_off` says that the text ended inside these thoughts. `takes_key` is true of the first thoughts of a page.
    """

    is_thinking: bool
    groups: tuple[StepGroup | StepRange, ...] = ()
    text: str = ""
    code: str = ""
    is_cut_off: bool = False
    takes_key: bool = False
    is_answer: bool = False

    @property
    def words(self) -> str:
        """How much there is to read."""
        steps = sum(group.count for group in self.groups)
        characters = len(self.text) + sum(group.characters for group in self.groups)
        told = f"{steps:,} step{'' if steps == 1 else 's'}, " if steps else ""
        return f"{told}{characters:,} characters"


def sections_of(trace: Trace, groups: Sequence[StepGroup | StepRange]) -> list[Section]:
    """What there is to read in order, thoughts and answer apart. The last section that is no thoughts is the answer,
    where there are thoughts."""
    parts = parts_of(trace)
    if groups:
        lost = [Section(True, text=part.text) for part in parts if part.start == NOWHERE and part.text.strip()]
        stretches = groupby(groups, lambda group: group.is_thinking)
        sections = lost + [Section(is_thinking, tuple(group)) for is_thinking, group in stretches]
    else:
        sections = [_part_section(part) for part in parts[:MOST_PARTS]]
        if rest := parts[MOST_PARTS:]:
            sections.append(Section(False, text=trace.reasoning.body[rest[0].start :]))
    sections = [section for section in sections if section.groups or section.text.strip() or section.code]
    return _told_apart(sections, cut_off=bool(parts) and parts[-1].is_open)


def _part_section(part: Part) -> Section:
    if part.kind in (PartKind.THINKING, PartKind.CONTENT):
        return Section(part.kind is PartKind.THINKING, text=part.text)
    return Section(False, code=json.dumps(part.data, ensure_ascii=False, indent=1))


def _told_apart(sections: list[Section], *, cut_off: bool) -> list[Section]:
    """The sections; of those with thoughts among them, the first thoughts take the key and the last others answer."""
    thoughts = [place for place, section in enumerate(sections) if section.is_thinking]
    if not thoughts:
        return sections
    sections[thoughts[0]] = replace(sections[thoughts[0]], takes_key=True)
    if cut_off:
        sections[thoughts[-1]] = replace(sections[thoughts[-1]], is_cut_off=True)
    last = len(sections) - 1
    if not sections[last].is_thinking:
        sections[last] = replace(sections[last], is_answer=True)
    return sections
