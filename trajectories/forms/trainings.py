"""Asking for a training: a release, a trainer with its parameters, a sampler to begin from, and what enters."""

from typing import Any

from django import forms

from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import Parameter, ParameterKind, Trainer
from trajectories.adapters.training.trl import TrlTrainer
from trajectories.core.learning.rules import CORRECT, MOST_OF_A_PROBLEM, MOST_REPLAY, TAKE_WORDS, TrainingRule
from trajectories.forms.plain import PlainForm
from trajectories.forms.trainer_fields import by_heading
from trajectories.models import Release, Sampler, Training
from trajectories.selectors.samplers import list_samplers

PREFIX = "parameter_"
LONGEST_TEXT = 500
GREATEST_SEED = 2**31 - 1


class TrainingForm(PlainForm):
    """The fields of every trainer, and those of the one that was chosen, which is in the address."""

    release = forms.ModelChoiceField(Release.objects.none(), label="Release", empty_label="choose one")
    base = forms.ModelChoiceField(Sampler.objects.none(), label="Begins from", required=False)
    take = forms.ChoiceField(label="Which traces", choices=list(TAKE_WORDS.items()), initial=CORRECT)
    per_problem = forms.IntegerField(
        label="Most of one problem", required=False, min_value=1, max_value=MOST_OF_A_PROBLEM,
        help_text="The most different first; empty for all.",
    )  # fmt: skip
    relabel = forms.IntegerField(
        label="Relabelled of one problem", required=False, min_value=0, max_value=MOST_OF_A_PROBLEM, initial=0,
        help_text="Wrong ARC programs, each as a right one of the task that its outputs define.",
    )  # fmt: skip
    bins = forms.BooleanField(label="Spread them over how right they were", required=False, initial=True)
    replay = forms.FloatField(
        label="Share of earlier releases, %", required=False, min_value=0, max_value=MOST_REPLAY, initial=0,
        help_text="So that what was learnt before is not forgotten.",
    )  # fmt: skip
    replay_of = forms.ModelMultipleChoiceField(Release.objects.none(), label="Earlier releases", required=False)
    seed = forms.IntegerField(label="Seed", required=False, min_value=0, max_value=GREATEST_SEED, initial=0)

    def __init__(self, *args: Any, trainer: Trainer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trainer = trainer
        releases = Release.objects.defer("manifest", "rule").order_by("-pk")
        for name in ("release", "replay_of"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = releases
        base = self.fields["base"]
        assert isinstance(base, forms.ModelChoiceField)
        base.queryset = list_samplers().filter(kind__in=trainer.base_kinds)
        base.empty_label = "nothing but its parameters"
        self._parameters = [PREFIX + parameter.name for parameter in trainer.parameters]
        self.fields |= {PREFIX + parameter.name: field_of(parameter) for parameter in trainer.parameters}
        if trainer.key == TrlTrainer.key:
            self.fields[PREFIX + "model"].widget.attrs |= {"list": "models", "autocomplete": "off"}

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields by heading, as the page shows them."""
        what = ["release", *(["base"] if self.trainer.base_kinds else [])]
        enters = ["take", "per_problem", "relabel", "bins", "replay", "replay_of"]
        asked = [
            (heading, [PREFIX + each.name for each in parameters])
            for heading, parameters in by_heading(self.trainer, self.trainer.parameters)
        ]
        found = [("What is learnt from", what), ("What enters", enters), *asked, ("Chance", ["seed"])]
        return [(title, [self[name] for name in names]) for title, names in found]

    @property
    def parameters(self) -> dict[str, Any]:
        """What was asked of the trainer; its default for what was left empty."""
        given = {name.removeprefix(PREFIX): self.cleaned_data.get(name) for name in self._parameters}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def rule(self) -> dict[str, Any]:
        """The stored form of the rule that was asked for."""
        given = self.cleaned_data
        return {
            "take": given["take"],
            "per_problem": given["per_problem"],
            "relabel": given["relabel"] or 0,
            "bins": given["bins"],
            "replay": given["replay"] or 0.0,
            "replay_of": [release.pk for release in given["replay_of"]],
        }


def like_training(training: Training) -> dict[str, Any]:
    """How the form begins for one like another training."""
    rule = TrainingRule.from_json(training.rule)
    return {
        "release": training.release_id,
        "base": training.base_id,
        "seed": training.seed,
        **{name: getattr(rule, name) for name in ("take", "per_problem", "relabel", "bins", "replay", "replay_of")},
        **{PREFIX + name: value for name, value in training.parameters.items()},
    }


class AttachForm(PlainForm):
    """Which sampler came of a training whose package was used elsewhere."""

    sampler = forms.ModelChoiceField(Sampler.objects.none(), label="Sampler", empty_label="choose one")

    def __init__(self, *args: Any, training: Training, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["sampler"]
        assert isinstance(field, forms.ModelChoiceField)
        drawing_none = (Sampler.Kind.IMPORTED, Sampler.Kind.AGENT)
        samplers = list_samplers().filter(training=None).exclude(kind__in=drawing_none)
        if training.base_id is not None:
            samplers = samplers.exclude(pk=training.base_id)
        trainer = TRAINERS.get(training.trainer)
        field.queryset = samplers.filter(kind__in=trainer.base_kinds) if trainer and trainer.base_kinds else samplers


def field_of(parameter: Parameter) -> forms.Field:
    """The field of a trainer's parameter."""
    given: dict[str, Any] = {
        "label": parameter.label, "help_text": parameter.help, "initial": parameter.default, "required": False,
    }  # fmt: skip
    if parameter.kind is ParameterKind.FLAG:
        return forms.BooleanField(**given)
    if parameter.kind is ParameterKind.CHOICE:
        return forms.ChoiceField(choices=parameter.choices, **{**given, "required": True})
    if parameter.kind is ParameterKind.TEXT:
        return forms.CharField(max_length=LONGEST_TEXT, **given)
    bounds: dict[str, Any] = {"min_value": parameter.least, "max_value": parameter.most}
    if parameter.kind is ParameterKind.NUMBER:
        return forms.FloatField(**given, **bounds)
    whole: dict[str, Any] = {name: None if value is None else int(value) for name, value in bounds.items()}
    return forms.IntegerField(**given, **whole)
