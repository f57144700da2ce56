"""A trainer that really tunes a tiny language model with trl, for campaigns whose sampler has a skill of its own."""

from dataclasses import replace
from typing import Any

from tests.campaigns import SKILLED
from trajectories.adapters.training.base import Parameter, ParameterKind, TrainingResult
from trajectories.adapters.training.trl import TrlTrainer

TINY = {
    "layers": 1, "width": 16, "heads": 2, "context": 2_048, "max_length": 2_048, "batch": 1, "steps": 60,
    "learning_rate": 0.001, "evaluation_share": 0.0, "save_every": 1,
}  # fmt: skip
GAIN = 40


class TunedCoach(TrlTrainer):
    """trl's trainer on rows of a campaign; the sampler that comes of it is the skilled one with more skill."""

    key, label, summary = "tuned-coach", "Tuned coach", "Tunes a tiny new model, and adds to the skill of a sampler."
    parameters = (Parameter("seed", "Seed", ParameterKind.WHOLE, 1, least=0, most=100),)
    base_kinds = (SKILLED,)

    def check(self, parameters: Any, base: Any) -> None:
        pass

    def train(self, task: Any, report: Any) -> TrainingResult:
        usual = {each.name: each.default for each in TrlTrainer.parameters}
        made = super().train(replace(task, parameters={**usual, **TINY}, base=None), report)
        skill = task.base.parameters["skill"] + GAIN
        return replace(made, sampler_kind=SKILLED, sampler_parameters={"skill": skill})
