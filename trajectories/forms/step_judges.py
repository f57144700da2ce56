"""The fields that choose a model judge for the steps of texts."""

from collections.abc import Mapping
from typing import Any

from django import forms

from trajectories.forms.plain import PlainForm
from trajectories.models import Rubric, Run, Sampler
from trajectories.selectors.rubrics import current_rubrics, rubric_versions
from trajectories.selectors.samplers import list_samplers, list_versions
from trajectories.services.prompts.rubrics import ensure_shipped_rubrics
from trajectories.services.runs.step_scores import StepJudge

STEP_JUDGE_FIELDS = ("step_judge", "step_rubric")


class StepJudgeFields(PlainForm):
    """Who judges steps, and by what."""

    step_judge = forms.ModelChoiceField(
        list_samplers().filter(kind=Sampler.Kind.CHAT),
        required=False,
        empty_label="No model",
        label="Or judged by",
        help_text="A model behind an endpoint, asked once about every text so far; the run pays for it.",
    )
    step_rubric = forms.ModelChoiceField(
        current_rubrics(),
        required=False,
        empty_label="The first rubric",
        label="By the rubric",
    )


def step_judge_from(data: Mapping[str, Any]) -> StepJudge | None:
    """The judge that the fields of a form describe; None where they name none."""
    sampler, rubric = data.get("step_judge"), data.get("step_rubric")
    if sampler is None:
        return None
    if rubric is None:
        ensure_shipped_rubrics()
        rubric = current_rubrics()[0]
    return StepJudge(sampler, rubric)


def step_judge_values(run: Run) -> dict[str, Any]:
    """The fields of a form as a run has them, with the newest versions."""
    plan = run.kept_plan
    if plan.step_judge is None or plan.step_rubric is None:
        return {}
    sampler = Sampler.objects.filter(pk=plan.step_judge).first()
    rubric = Rubric.objects.filter(pk=plan.step_rubric).first()
    return {
        "step_judge": None if sampler is None else list_versions(sampler)[0].pk,
        "step_rubric": None if rubric is None else rubric_versions(rubric)[0].pk,
    }
