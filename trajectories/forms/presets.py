"""Plans to begin with: known ways of spending samples, each as the values that fill the form in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trajectories.core.prompts.shipped import TWENTY_EXPERTS, expert_name
from trajectories.core.strategies import STRATEGIES
from trajectories.forms.run_choices import setting_name
from trajectories.models import Instruction, Sampler
from trajectories.selectors.instructions import current_instructions
from trajectories.selectors.samplers import list_samplers


@dataclass(frozen=True, slots=True)
class Preset:
    """A plan by name. `instructions` are names of instructions for language models; `source` says whose plan it is."""

    name: str
    title: str
    source: str
    strategy: str
    instructions: tuple[str, ...]
    samples_each: int
    temperatures: str = "1"
    settings: Mapping[str, int] = field(default_factory=dict)


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "revise",
            "Greenblatt: many programs, then revisions",
            "Greenblatt 2024: the best programs are revised by what they did",
            "revise",
            ("arc-program", "arc-subtasks-program"),
            16,
            settings={"rounds": 2, "parents": 6, "children": 4},
        ),
        Preset(
            "experts",
            "Experts: 20 views x 3",
            "John & Motani 2023: 20 experts, three samples and three rounds each, T 0.7",
            "experts",
            tuple(expert_name(view) for view in TWENTY_EXPERTS),
            3,
            "0.7",
            {"rounds": 3},
        ),
        Preset(
            "until-solved",
            "Until solved",
            "Hard problems get what easy ones do not need",
            "until-solved",
            ("arc-program", "arc-subtasks-program", "chain-of-thought"),
            20,
            settings={"wanted": 3, "step": 6},
        ),
        Preset(
            "star",
            "STaR",
            "Zelikman et al. 2022: what no sample solves is asked again with the answer",
            "rationalise",
            ("chain-of-thought",),
            8,
            settings={"samples": 4},
        ),
        Preset("agent", "Agent", "Python in the sandbox, eight turns a sample", "agent", ("arc-program",), 4),
    )
}


def preset_values(preset: Preset) -> dict[str, Any]:
    """What the form is filled in with; for a language model where there is one, else as far as the search can follow.

    Settings that the preset does not name have their defaults. An instruction that is gone is left out.
    """
    strategy = STRATEGIES[preset.strategy]
    values: dict[str, Any] = {"strategy": preset.strategy, "temperatures": preset.temperatures}
    values |= {"samples_each": preset.samples_each}
    for parameter in strategy.parameters:
        values[setting_name(strategy, parameter)] = preset.settings.get(parameter.name, parameter.default)
    model = list_samplers().filter(kind=Sampler.Kind.CHAT).last()
    if model is None:
        return values
    found = {each.name: each.pk for each in current_instructions(Instruction.Suits.CHAT)}
    return values | {
        "sampler": model.pk,
        "instructions": [found[name] for name in preset.instructions if name in found],
    }
