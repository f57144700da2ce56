"""Starting a job like an earlier one, or by a plan that is known by name."""

import json
from typing import Any

from django import forms

from trajectories.core.generation.arc_augmented import PARTS
from trajectories.forms.plain import PlainForm
from trajectories.forms.presets import PRESETS, preset_values
from trajectories.forms.runs import CHOICE_OF_PROBLEMS, RunForm
from trajectories.forms.segmentations import cutting_value
from trajectories.models import Brief, GenerationJob, Problem, ProblemSet, Run, Sampler
from trajectories.selectors.blinding import Sight
from trajectories.selectors.samplers import list_samplers, list_versions
from trajectories.services.runs.plans import Plan, PlanError

BUDGETS = ("budget_minutes", "budget_cost", "budget_tokens")
AGAIN_FIELDS = ("title", "sampler", "seed", *BUDGETS, "fresh", "segmentation")


class RunAgainForm(RunForm):
    """The plan of an earlier run once more: its problems, instructions and strategy as they were."""

    def __init__(self, run: Run, plan: Plan, *args: Any, sight: Sight, **options: Any) -> None:
        super().__init__(*args, sight=sight, **options)
        self._run, self._kept = run, plan
        self.fields = {name: self.fields[name] for name in AGAIN_FIELDS}
        self.fields["seed"].help_text = f"That of the run is {run.seed}: it draws the same and pays for nothing twice."

    def clean(self) -> dict[str, Any]:
        """Check the plan with what the form says of it."""
        self.cleaned_data |= dict.fromkeys(CHOICE_OF_PROBLEMS) | {
            "problem_set": self._run.problem_set,
            "instructions": list(self._kept.instructions),
        }
        return super().clean()

    def _forget_other_settings(self, data: dict[str, Any]) -> None:
        """There are none."""

    def _problems(self, data: dict[str, Any]) -> list[Problem]:  # noqa: ARG002
        return list(self._kept.problems)

    def _plan(self, problems: list[Problem], data: dict[str, Any]) -> Plan:  # noqa: ARG002
        return self._kept

    def _check_views(self, data: dict[str, Any]) -> None:
        """The instructions of the plan have to suit the sampler."""
        if any(view.suits != data["sampler"].suits for view in self._kept.instructions):
            first = self._kept.instructions[0].title
            self.add_error("sampler", f"Found {data['sampler']}, which {first!r} of this plan is not for.")


def values_like(run: Run) -> dict[str, Any]:
    """What the form to run again is filled in with; the sampler in its newest version."""
    return {
        "title": run.title,
        "sampler": list_versions(run.sampler)[0].pk,
        "budget_minutes": run.budget_seconds / 60 if run.budget_seconds else None,
        "budget_cost": run.budget_cost,
        "budget_tokens": run.budget_tokens,
        "fresh": not run.kept_plan.recalls,
        "segmentation": cutting_value(run),
    }


class PresetForm(PlainForm):
    """A plan that is known by name, for a problem set. `planned` is the cleaned data of the whole form of a run."""

    preset = forms.ChoiceField(label="Plan", choices=[(name, preset.title) for name, preset in PRESETS.items()])
    title, limit, seed, budget_minutes, budget_cost, budget_tokens = (
        RunForm.base_fields[name] for name in ("title", "limit", "seed", *BUDGETS)
    )
    sampler = forms.ModelChoiceField(queryset=Sampler.objects.none(), empty_label=None, label="Sampler")

    def __init__(self, problem_set: ProblemSet, *args: Any, sight: Sight, **options: Any) -> None:
        super().__init__(*args, **options)
        self._set, self._sight = problem_set, sight
        chat = list_samplers().filter(kind=Sampler.Kind.CHAT)
        self.fields["sampler"].queryset = chat  # type: ignore[attr-defined]
        if (newest := chat.last()) is None:
            raise PlanError("The known plans are for language models, and there is none; add a sampler first.")
        self.fields["sampler"].initial = newest.pk
        self.fields["limit"].initial = 20

    def clean(self) -> dict[str, Any]:
        """Check the whole plan, as the page that plans runs does."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        given = {name: data[name] for name in ("title", "limit", "seed", *BUDGETS) if data[name] is not None}
        values = preset_values(PRESETS[data["preset"]]) | {"problem_set": self._set.pk, "sampler": data["sampler"].pk}
        whole = RunForm(values | given, sight=self._sight)
        if not whole.is_valid():
            for name, errors in whole.errors.items():
                for error in errors:
                    label = whole.fields[name].label if name in whole.fields else ""
                    known = name in self.fields or not label
                    self.add_error(name if name in self.fields else None, error if known else f"{label}: {error}")
            return data
        return {**data, "planned": whole.cleaned_data}


def generation_like(job: GenerationJob) -> dict[str, Any]:
    """What the form of a generation job is filled in with to make one like it, with another seed."""
    plan = job.kept_plan
    recipe, check = plan.recipe, plan.check
    brief = None if job.brief is None else Brief.objects.filter(name=job.brief.name).order_by("-version").first()
    values: dict[str, Any] = {
        **{
            name: getattr(recipe, name)
            for name in ("kind", "family", "split", "per_call", "words_each", "features_each")
        },
        "brief": getattr(brief, "pk", None),
        "source_set": job.source_set_id,
        "temperature": plan.temperature,
        "threshold": plan.threshold,
        "wanted": job.wanted,
        "set_title": plan.set_title,
        "instruction": job.instruction_id,
        "budget_cost": job.budget_cost,
        "budget_tokens": job.budget_tokens,
        "most_calls": plan.most_calls,
        "title": job.title,
        **{part: recipe.parameters.get(part, False) for part in PARTS},
    }
    for name, sampler in (("sampler", job.sampler), ("solver", job.solver)):
        values[name] = None if sampler is None else list_versions(sampler)[0].pk
    if check is not None:
        values |= {"solver_samples": check.samples, "solver_temperature": check.temperature}
        values["least_share"] = check.share
    if job.generator == "procedural":
        knobs = recipe.parameters.get("knobs")
        values |= {"procedural_family": recipe.parameters["family"], "knobs": json.dumps(knobs) if knobs else ""}
    return {name: value for name, value in values.items() if value is not None}
