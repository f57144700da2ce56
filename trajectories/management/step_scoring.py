"""What scores the steps of texts, by its name on the command line."""

from trajectories.models import Scorer
from trajectories.selectors.rubrics import current_rubrics
from trajectories.selectors.samplers import list_samplers
from trajectories.selectors.scorers import step_scorers
from trajectories.services.prompts.rubrics import ensure_shipped_rubrics
from trajectories.services.runs.plans import PlanError
from trajectories.services.runs.step_scores import StepJudge


def find_step_scorer(name: str | None) -> Scorer | None:
    """The newest version of the process scorer so named. Raises PlanError."""
    if name is None:
        return None
    found = step_scorers().filter(name=name).first()
    if found is None:
        known = ", ".join(sorted(set(step_scorers().values_list("name", flat=True)))) or "none yet"
        raise PlanError(f"--step-scorer: found no process scorer named {name!r}; there are: {known}.")
    return found


def find_step_judge(name: str | None, rubric: str) -> StepJudge | None:
    """The newest version of the model so named, with that of the rubric. Raises PlanError."""
    if name is None:
        return None
    ensure_shipped_rubrics()
    models = {each.name: each for each in list_samplers() if each.has_endpoint}
    rubrics = {each.name: each for each in current_rubrics()}
    for option, found, known in (("step-judge", name, models), ("step-rubric", rubric, rubrics)):
        if found not in known:
            raise PlanError(f"--{option}: found {found!r}, expected one of {', '.join(known) or 'none yet'}.")
    return StepJudge(models[name], rubrics[rubric])
