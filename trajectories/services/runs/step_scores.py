"""Scoring the steps of texts that grow: by a process scorer, or by how sure the model was of its words. What a model
judge scores is asked for in services.runs.step_judging.

A score is kept with the attempt, so that a step is scored once and the page can say by what it was chosen.
"""

import math
from dataclasses import dataclass

from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.faults import Fault
from trajectories.core.scorers.features import STEP_NUMBERS, step_examples
from trajectories.core.scorers.stored import StoredScorer
from trajectories.core.strategies import find_strategy
from trajectories.core.strategies.base import BY_STEPS
from trajectories.models import Attempt, Rubric, Run, Sampler, Scorer, Trace
from trajectories.selectors.scorers import seen_of
from trajectories.services.endpoints.artefacts import ArtefactError
from trajectories.services.scorers.scoring import load_scorer

UNSURE = (
    "Nothing scores the steps: the endpoint gave no log-probabilities, by which the run was to go. Choose a process "
    "scorer, or an endpoint that gives them."
)


@dataclass(frozen=True, slots=True)
class StepJudge:
    """A language model that scores steps by a rubric."""

    sampler: Sampler
    rubric: Rubric

    def __str__(self) -> str:
        return f"{self.sampler} by {self.rubric}"

    def check(self) -> None:
        """Raise Fault for a sampler that cannot be asked."""
        if self.sampler.kind != Sampler.Kind.CHAT or self.sampler.sends_batches:
            lack = "answers within a day" if self.sampler.has_endpoint else "has none"
            text = f"Steps are judged by a model behind an endpoint that answers at once; {self.sampler} {lack}."
            raise Fault(text, field="step_judge")

    @property
    def is_priced(self) -> bool:
        """Whether what it takes can be counted in money."""
        return all(self.sampler.parameters.get(name) is not None for name in ("input_price", "output_price"))


class StepScoreError(Fault):
    """Steps that nothing can score; the message is for people."""


def grows_text(run: Run) -> bool:
    """Whether the run's steps are those of a text by a language model."""
    return run.sampler.is_chat and find_strategy(run.strategy).steps


def check_text_steps(sampler: Sampler, strategy: str, scorer: Scorer | None, judge: StepJudge | None) -> None:
    """Raise Fault where the sampler cannot go on with a text, or nothing scores the steps of one."""
    settings = ChatSettings.from_parameters(sampler.parameters)
    if not settings.continues_prefix:
        raise Fault(
            f"{strategy} goes on with texts, and {sampler} is not known to continue an unfinished message; test it, "
            'and set "Unfinished messages".',
            field="sampler",
        )
    if scorer is not None and judge is not None:
        raise Fault(f"Steps are scored by {scorer} or judged by {judge}; expected one of both.", field="step_judge")
    if scorer is not None:
        _check_scorer(scorer)
    elif judge is not None:
        judge.check()
    elif not settings.logprobs:
        raise Fault(
            f"{strategy} goes on from the best steps, and nothing scores steps of texts here; choose a process scorer "
            f"or a judge, or have {sampler} give log-probabilities.",
            field="step_scorer",
        )


def _check_scorer(scorer: Scorer) -> None:
    """Raise Fault for a scorer that cannot score the steps of a text that is not at its end."""
    if scorer.kind != Scorer.Kind.PROCESS:
        raise Fault(
            f"{scorer} scores whole traces; expected a process scorer, which scores steps.", field="step_scorer"
        )
    try:
        stored = load_scorer(scorer)
    except ArtefactError as fault:
        raise Fault(f"{scorer} cannot be used: {fault}", field="step_scorer") from fault
    if not knows_beginnings(stored):
        raise Fault(
            f"{scorer} looks at what comes after a step, which is not known yet of a text that grows; train it again "
            "under the same name.",
            field="step_scorer",
        )


def knows_beginnings(stored: StoredScorer) -> bool:
    """Whether a scorer looks at nothing but a step and what stands before it."""
    return set(stored.names) <= set(STEP_NUMBERS)


def score_steps(*, run: Run, problem_id: int) -> None:
    """Score the steps of texts of a problem that have none yet. Raises StepScoreError where nothing can.

    `run` comes with its sampler. Safe to call at any time: the same trace has the same score.
    """
    if not grows_text(run) or run.kept_plan.step_judge is not None:
        return
    attempts = list(
        Attempt.objects.filter(run=run, problem=problem_id, kind__in=BY_STEPS, step_score=None, trace__isnull=False)
        .select_related("trace__reasoning", "trace__program")
        .order_by("index")
    )
    if not attempts:
        return
    key = run.kept_plan.step_scorer
    stored = None if key is None else _scorer_of(key)
    for attempt in attempts:
        attempt.step_score = _certainty(attempt.trace) if stored is None else _probability(attempt.trace, stored)
    if all(attempt.step_score is None for attempt in attempts):
        raise StepScoreError(UNSURE)
    Attempt.objects.bulk_update(attempts, ["step_score"], batch_size=500)


def _scorer_of(key: int) -> StoredScorer:
    scorer = Scorer.objects.select_related("artefact").filter(pk=key).first()
    if scorer is None:
        raise StepScoreError("The process scorer that the run scores steps by is gone; plan another run.")
    try:
        return load_scorer(scorer)
    except (Fault, ArtefactError) as fault:
        raise StepScoreError(f"The process scorer {scorer} cannot be used: {fault}") from fault


def _probability(trace: Trace, stored: StoredScorer) -> float | None:
    """How likely the last step is right: the score of the last step counts (Snell et al. 2024, section 5.1)."""
    examples = step_examples(seen_of(trace, {}), stored.names)
    return round(float(stored.score(trace.problem_id, examples[-1:])[0]), 6) if examples else None


def _certainty(trace: Trace) -> float | None:
    """The probability of a token, as a geometric mean over all that was written."""
    mean = trace.facts.get("mean_logprob")
    is_number = isinstance(mean, int | float) and not isinstance(mean, bool)
    return round(min(1.0, math.exp(mean)), 6) if is_number else None
