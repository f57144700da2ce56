"""The fields of trainers' parameters in forms: their headings, and those of every trainer in one form."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django import forms

from trajectories.adapters.training.base import Parameter, ParameterKind, Trainer
from trajectories.core.campaigns.plans import BEGIN_FROM


def by_heading(trainer: Trainer, parameters: Iterable[Parameter]) -> list[tuple[str, list[Parameter]]]:
    """Parameters of a trainer by the heading that they stand under."""
    return [(heading, list(each)) for heading, each in groupby(parameters, lambda one: one.group or trainer.label)]


def asked_by_campaigns(trainer: Trainer) -> list[Parameter]:
    """The parameters that a campaign asks for: it says itself what a training begins from, which is a sampler."""
    return [
        each
        for each in trainer.parameters
        if each.name != BEGIN_FROM and not (trainer.base_kinds and each.with_base is False)
    ]


def trainer_field(trainer: Trainer, parameter: Parameter) -> str:
    """The name of the field for a parameter of a trainer."""
    return f"{trainer.key}_{parameter.name}".replace("-", "_")


def parameter_field(parameter: Parameter) -> forms.Field:
    """The field for a parameter of a trainer; empty for its default. The trainer itself reads what was typed."""
    told: dict[str, Any] = {
        "required": False,
        "label": parameter.label,
        "initial": parameter.default,
        "help_text": parameter.help,
    }
    match parameter.kind:
        case ParameterKind.FLAG:
            return forms.BooleanField(**told)
        case ParameterKind.CHOICE:
            return forms.ChoiceField(choices=list(parameter.choices), **told)
        case ParameterKind.WHOLE:
            return forms.IntegerField(**told)
        case ParameterKind.NUMBER:
            return forms.FloatField(**told)
    return forms.CharField(max_length=2_000, **told)
