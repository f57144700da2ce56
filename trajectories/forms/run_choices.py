"""What a run is planned from: samplers, sets and instructions, with what the page needs to show only those that fit."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from trajectories.core.problems.kinds import KINDS, is_grids
from trajectories.core.prompts.answer_formats import EXPERT, PROGRAM_STYLES
from trajectories.core.samplers.symbolic.steps import STEP_VIEWS
from trajectories.core.strategies import STRATEGIES, Strategy
from trajectories.core.strategies.base import Parameter
from trajectories.models import Instruction, Problem


def setting_name(strategy: Strategy, parameter: Parameter) -> str:
    """The name of the field for a parameter of a strategy."""
    return f"{strategy.name}_{parameter.name}".replace("-", "_")


def setting_field(parameter: Parameter) -> forms.Field:
    """The field for a parameter; empty for its default."""
    if parameter.choices:
        return forms.TypedChoiceField(
            required=False,
            choices=list(enumerate(parameter.choices)),
            coerce=int,
            empty_value=None,
            initial=parameter.default,
            label=parameter.title,
            help_text=parameter.help,
        )
    return forms.IntegerField(
        required=False,
        min_value=parameter.least,
        max_value=parameter.most,
        initial=parameter.default,
        label=parameter.title,
        help_text=parameter.help,
    )


class SamplerSelect(forms.Select):
    """Each option says what kind of sampler it is, so that the style sheet can show what suits it."""

    def create_option(self, name: str, value: Any, *rest: Any, **more: Any) -> dict[str, Any]:
        """The usual option with `data-sampler`."""
        option = super().create_option(name, value, *rest, **more)
        if sampler := getattr(value, "instance", None):
            option["attrs"]["data-sampler"] = sampler.suits
        return option


class SetSelect(forms.Select):
    """Each option says which kinds of problems the set holds."""

    kinds: Mapping[int, Sequence[str]] = {}

    def create_option(self, name: str, value: Any, *rest: Any, **more: Any) -> dict[str, Any]:
        """The usual option with `data-kinds`."""
        option = super().create_option(name, value, *rest, **more)
        if found := self.kinds.get(getattr(value, "value", None) or 0):
            option["attrs"]["data-kinds"] = " ".join(found)
        return option


def kinds_of_sets() -> dict[int, list[str]]:
    """The kinds of problems of each set, by its key."""
    kinds: dict[int, list[str]] = {}
    for key, kind in Problem.objects.order_by("problem_set", "kind").values_list("problem_set", "kind").distinct():
        kinds.setdefault(key, []).append(kind)
    return kinds


@dataclass(frozen=True, slots=True)
class Group:
    """Instructions that are chosen together: for one kind of sampler and one kind of problem, "" for any."""

    title: str
    suits: str
    kind: str
    instructions: Sequence[Instruction]


GROUP_TITLES: dict[str, str] = {
    "search": "Views of the symbolic search",
    "agents": "Agents in worlds",
    "programs": "ARC: programs",
    "grids": "ARC: output grids",
    "experts": "ARC: experts, a program by each view",
    **{word: kind.plural for word, kind in KINDS.items() if kind.is_offered and not kind.is_grids},
    "environment": "Episodes of worlds",
    "any": "Any kind of problem",
}
"""By word, in the order in which they are shown."""


USUAL_FOR_ANY = "chain-of-thought"
"""Where the problems are of several kinds: an instruction for one of them would leave the others without any."""

USUAL = {word.value: kind.usual_instruction for word, kind in KINDS.items() if kind.usual_instruction != USUAL_FOR_ANY}
"""The instruction that a run of a language model begins with, by the one kind of problem that it is about."""


def usual_instruction(kinds: Collection[str], instructions: Iterable[Instruction]) -> Instruction | None:
    """What a language model is told first about problems of these kinds; None where it is gone."""
    wanted = USUAL.get(next(iter(kinds)), USUAL_FOR_ANY) if len(kinds) == 1 else USUAL_FOR_ANY
    named = {each.name: each for each in instructions if each.suits == Instruction.Suits.CHAT}
    return named.get(wanted)


def usual_for(instruction: Instruction) -> str:
    """The kind of problem that an instruction is the usual one for, "any" for several; "" for none."""
    if instruction.suits != Instruction.Suits.CHAT:
        return ""
    if instruction.name == USUAL_FOR_ANY:
        return "any"
    return next((kind for kind, name in USUAL.items() if name == instruction.name), "")


def group_label(instruction: Instruction) -> str:
    """The group that an instruction belongs to; a kind that is not named has one of its own."""
    if instruction.suits == Instruction.Suits.SYMBOLIC:
        return "search"
    if instruction.suits == Instruction.Suits.AGENT:
        return "agents"
    if not is_grids(instruction.problem_kind):
        return instruction.problem_kind or "any"
    if instruction.style == EXPERT:
        return "experts"
    return "programs" if instruction.style in PROGRAM_STYLES else "grids"


def group_instructions(instructions: Iterable[Instruction]) -> list[Group]:
    """The instructions in their groups."""
    groups: dict[str, list[Instruction]] = {word: [] for word in GROUP_TITLES}
    for instruction in instructions:
        groups.setdefault(group_label(instruction), []).append(instruction)
    return [
        Group(GROUP_TITLES.get(word, word.capitalize()), chosen[0].suits, chosen[0].problem_kind, chosen)
        for word, chosen in groups.items()
        if chosen
    ]


class PlanParts:
    """What forms with a strategy and instructions have for the parts of a page that show them. `_groups` are the groups
    of instructions; `self[name]` is a field, as in a form."""

    _groups: list[Group]

    def strategies(self) -> list[dict[str, Any]]:
        """The strategies to choose from, each with its button and the fields of its settings."""
        buttons = {button.data["value"]: button for button in self["strategy"].subwidgets}
        return [
            {
                "strategy": strategy,
                "button": buttons[strategy.name],
                "chosen": buttons[strategy.name].data["selected"],
                "settings": [self[setting_name(strategy, parameter)] for parameter in strategy.parameters],
            }
            for strategy in STRATEGIES.values()
        ]

    def instruction_groups(self) -> list[dict[str, Any]]:
        """The groups of instructions, each with the boxes of its members and how many are ticked."""
        boxes = {box.data["value"]: box for box in self["instructions"].subwidgets}
        return [
            {
                "group": group,
                "rows": [
                    {
                        "instruction": each,
                        "box": boxes[str(each.pk)],
                        "usual_for": usual_for(each),
                        "grows": each.suits != Instruction.Suits.SYMBOLIC or each.view in STEP_VIEWS,
                    }
                    for each in group.instructions
                ],
                "chosen": sum(boxes[str(each.pk)].data["selected"] for each in group.instructions),
            }
            for group in self._groups
        ]

    def __getitem__(self, name: str) -> forms.BoundField:
        """The field of that name, from the form."""
        return super().__getitem__(name)  # type: ignore[misc, no-any-return]
