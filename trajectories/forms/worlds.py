"""The form that makes the episodes of a world."""

import json
from typing import Any

from django import forms

from trajectories.core.faults import Fault
from trajectories.core.problems.episodes import MAX_EPISODES
from trajectories.core.worlds import PREFIX
from trajectories.core.worlds.base import Setting, World
from trajectories.core.worlds.schedules import MAX_SEED, MAX_STEPS, WorldPlan
from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import SetTitleField
from trajectories.models import Problem
from trajectories.services.problems.episodes import check_episodes

SETTING = "setting-"


class WorldForm(PlainForm):
    """Settings of a world, its schedule and how many episodes. `cleaned_data["plan"]` is the checked WorldPlan."""

    env_name = forms.CharField(
        label="Name of the environment",
        max_length=80,
        initial="FrozenLake-v1",
        help_text="As it is registered with Gymnasium: FrozenLake-v1, Taxi-v4, CliffWalking-v1, Blackjack-v1.",
    )
    settings = forms.CharField(
        required=False,
        initial="{}",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "mono"}),
        help_text='What gymnasium.make takes besides the name, as JSON: {"is_slippery": false}.',
    )
    episodes = forms.IntegerField(min_value=1, max_value=MAX_EPISODES, initial=100)
    steps = forms.IntegerField(label="Steps of an episode at the most", min_value=1, max_value=MAX_STEPS)
    seed = forms.IntegerField(
        min_value=0, max_value=MAX_SEED, initial=1, help_text="Decides starts, goals and all chance in the world."
    )
    changes = forms.CharField(
        required=False,
        label="Schedule of changes",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "mono"}),
        help_text="A JSON list; each change sets settings from a step of an episode on. Both count from 0.",
    )
    set_title = SetTitleField()
    split = forms.ChoiceField(choices=Problem.Split.choices, initial=Problem.Split.TRAIN)

    def __init__(self, kind: type[World], *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.kind = kind
        self.is_registered = not kind.settings
        if not self.is_registered:
            del self.fields["env_name"], self.fields["settings"]
        for setting in kind.settings:
            self.fields[f"{SETTING}{setting.name}"] = _field(setting)
        self.fields["steps"].initial = kind.usual_steps
        self.fields["changes"].initial = _lines(kind.usual_changes)
        self.fields["set_title"].initial = kind.title

    def setting_fields(self) -> list[forms.BoundField]:
        """The fields of the world's settings."""
        own = [self["env_name"], self["settings"]] if self.is_registered else []
        return own + [self[f"{SETTING}{setting.name}"] for setting in self.kind.settings]

    def clean(self) -> dict[str, Any]:
        """Put the plan together and try the world."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        try:
            plan = WorldPlan.from_json(self._said(data))
            check_episodes(plan, data["episodes"])
        except Fault as fault:
            self.add_fault(fault, names={"world": "env_name"}, prefix=SETTING)
            return data
        return {**data, "plan": plan}

    def _said(self, data: dict[str, Any]) -> dict[str, Any]:
        """The plan as JSON. Raises Fault."""
        if self.is_registered:
            world, settings = f"{PREFIX}{data['env_name'].strip()}", _json(data["settings"] or "{}", "settings")
        else:
            world = self.kind.name
            settings = {setting.name: data[f"{SETTING}{setting.name}"] for setting in self.kind.settings}
        changes = _json(data["changes"] or "[]", "changes")
        return {
            "world": world,
            "settings": settings,
            "changes": changes,
            "seed": data["seed"],
            "steps": data["steps"],
        }


def _field(setting: Setting) -> forms.Field:
    if setting.choices:
        choices = [(choice, choice) for choice in setting.choices]
        return forms.ChoiceField(choices=choices, initial=setting.default, label=setting.title, help_text=setting.help)
    return forms.IntegerField(
        min_value=setting.least,
        max_value=setting.most,
        initial=setting.default,
        label=setting.title,
        help_text=setting.help,
    )


def _json(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise Fault(f"{field.capitalize()}: found no JSON, expected it.", field=field) from fault


def _lines(changes: Any) -> str:
    """A list of changes, one to a line."""
    return "[" + ",\n ".join(json.dumps(change) for change in changes) + "]"
