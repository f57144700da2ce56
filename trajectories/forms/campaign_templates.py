"""Templates of campaigns as a page offers them: what each needs, and what is there of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.adapters.training import TRAINERS
from trajectories.core.campaigns.templates import TEMPLATES, Template
from trajectories.core.records import ProblemKind
from trajectories.core.strategies import STRATEGIES
from trajectories.forms.campaigns import usual_sets
from trajectories.forms.run_choices import kinds_of_sets, setting_name, usual_instruction
from trajectories.models import Instruction, Sampler
from trajectories.selectors.instructions import current_instructions
from trajectories.selectors.samplers import list_samplers


@dataclass(frozen=True, slots=True)
class Offer:
    """A template and, in one sentence, what is lacking for it here; "" where nothing is."""

    template: Template
    lacks: str


def offers() -> Sequence[Offer]:
    """Every template, with what it lacks."""
    model = _first_model()
    return [Offer(template, _lacks(template, model)) for template in TEMPLATES.values()]


def _first_model() -> Sampler | None:
    return list_samplers().filter(kind=Sampler.Kind.CHAT).first()


def _model_trainer() -> tuple[str, str]:
    """(key of the first trainer of language models that can be used here, "" for none; what the first one lacks)."""
    lacks = "Needs a trainer of language models; none is installed."
    for trainer in TRAINERS.values():
        if Sampler.Kind.SYMBOLIC in trainer.base_kinds:
            continue
        if not (missing := trainer.missing()):
            return trainer.key, ""
        lacks = missing
    return "", lacks


def _lacks(template: Template, model: Sampler | None) -> str:
    if not template.needs_model:
        return ""
    if model is None:
        return "Needs a language model among the samplers; add one."
    return _model_trainer()[1]


def template_values(template: Template) -> dict[str, Any]:
    """The values that a form begins with for a template, by its fields."""
    values: dict[str, Any] = {"title": template.title, "template": template.name, **usual_sets(template.sets)}
    values |= template.values
    if template.needs_model:
        values |= _model_values(values.get("training_set"))
    strategy = STRATEGIES.get(str(values.get("strategy", "")))
    if strategy is not None:
        values |= {setting_name(strategy, each): each.default for each in strategy.parameters}
    return values


def _model_values(training_set: int | None) -> dict[str, Any]:
    """The first language model, its trainer, and the usual instruction for the problems."""
    found: dict[str, Any] = {}
    if (model := _first_model()) is not None:
        found["sampler"] = model.pk
    if key := _model_trainer()[0]:
        found["trainer"] = key
    kinds = kinds_of_sets().get(training_set or 0, [ProblemKind.ARC.value])
    usual: Instruction | None = usual_instruction(kinds, current_instructions())
    found["instructions"] = [usual.pk] if usual is not None else []
    return found
