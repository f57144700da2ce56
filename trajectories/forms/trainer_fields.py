"""The fields of trainers' parameters in a form that shows those of every trainer."""

from typing import Any

from django import forms

from trajectories.adapters.training.base import Parameter, ParameterKind, Trainer


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
