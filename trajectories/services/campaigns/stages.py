"""What each stage of a generation waits for, and what begins after it.

Every function is called with the campaign's row locked, in the transaction that moves the stage: the job of a stage and
the stage are written together or not at all, so that a worker killed at any moment begins nothing twice.
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import WRONG_TOO
from trajectories.core.campaigns.curricula import open_families
from trajectories.core.campaigns.plans import NOTHING_RIGHT, STEPS, Basis, CampaignPlan, ControlOf, ReplaySource
from trajectories.core.campaigns.stages import Arm, Stage
from trajectories.core.faults import Fault
from trajectories.core.identity import derive_seed
from trajectories.core.learning.rules import UNIFORM, TrainingRule
from trajectories.core.records import JSON
from trajectories.core.releases.rules import Rule
from trajectories.core.selections import Selection
from trajectories.core.verifiers import consensus
from trajectories.models import (
    Campaign,
    Generation,
    Instruction,
    Problem,
    Release,
    Run,
    Sampler,
    Scorer,
    Training,
)
from trajectories.selectors.campaign_waits import name_generation
from trajectories.selectors.campaigns import (
    champion_row,
    earlier_releases,
    learnt_count,
    list_generations,
    measured_of,
)
from trajectories.services.campaigns.gating import measure_generation, pass_gate
from trajectories.services.campaigns.held_out import overlaps_of
from trajectories.services.campaigns.money import SpentError, must_wait, plan_campaign_run
from trajectories.services.campaigns.people import make_campaign_queue
from trajectories.services.campaigns.plans import held_out_plan, training_plan
from trajectories.services.campaigns.waiting import (
    StuckError,
    ended_queue,
    ended_run,
    ended_verdicts,
    frozen_release,
    stuck,
    trained_sampler,
)
from trajectories.services.jobs.steering import JobError
from trajectories.services.releases.freezing import NOTHING, NothingError, Order, plan_freezing
from trajectories.services.runs.lifecycle import MAX_SEED, MAX_TITLE
from trajectories.services.scorers.planning import start_scoring
from trajectories.services.training.planning import start_training
from trajectories.services.verification.reverifications import plan_reverification

CONTROL_RULE = TrainingRule(take=UNIFORM)
"""The release of a control was chosen by its own rule: all of it is learnt from."""


def step(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    """Move a generation one stage on, if what it waits for has ended; whether it moved. Raises StuckError.

    Where the campaign was paused at this stage, what the stage waits for is looked at first: somebody may have tried it
    again, and it may have ended well. Only where it still cannot go on, the stage is begun anew.
    """
    was_stuck, row.is_stuck = row.is_stuck, False
    try:
        with transaction.atomic():
            moved = _step(campaign, row, plan)
    except StuckError as fault:
        fault.row = row
        if not was_stuck or fault.again is None:
            raise
        Generation.objects.filter(pk=row.pk).update(stage=fault.again.value, is_stuck=False)
        return True
    if was_stuck and not moved:
        Generation.objects.filter(pk=row.pk).update(is_stuck=False)
    return moved


def _step(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    try:
        return _STEPS[Stage(row.stage)](campaign, row, plan)
    except SpentError as fault:
        raise StuckError(str(fault)) from fault
    except (Fault, JobError) as fault:
        raise stuck(row, str(fault)) from fault


def _move(row: Generation, stage: Stage, **made: Any) -> bool:
    for name, value in made.items():
        before = getattr(row, f"{name}_id")
        if name in ("run", "evaluation") and before is not None:
            row.replaced.add(before)  # what it took stays taken
        setattr(row, name, value)
    row.stage = stage.value
    row.ended_at = timezone.now() if stage is Stage.DONE else None
    row.save()
    return True


def _begin(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    if row.number == 0:
        return _evaluate(campaign, row, plan, campaign.first_sampler_id)
    if not row.is_control:
        if must_wait(campaign):
            return False
        return _move(row, Stage.SAMPLING, run=_plan_sampling(campaign, row, plan))
    if plan.control_of is ControlOf.SEEDS:
        if _waits_for_challenger(campaign, row, plan):
            return False
        _check_seeds(row, campaign, plan, None)
        row.release_id = plan.seed_release
        return _train(campaign, row, plan)
    count = learnt_count(_arm(campaign, row.number, Arm.CHAMPION), plan)
    return False if count is None else _freeze(campaign, row, plan.control_rule(_runs(campaign, row, plan), count))


def _arm(campaign: Campaign, number: int, arm: Arm) -> Generation:
    return campaign.generations.select_related("release", "training").get(number=number, arm=arm.value)


def _plan_sampling(campaign: Campaign, row: Generation, plan: CampaignPlan) -> Run:
    problems = _problems(plan.training_problems)
    if plan.curriculum:
        row.families = _open_families(campaign, row, plan, {problem.family for problem in problems})
        problems = [problem for problem in problems if problem.family in row.families]
    title = f"{campaign.title}: generation {row.number}"
    of = training_plan(plan, problems, _instructions(plan), campaign)
    draw = 0
    if row.run is not None:  # one that was cancelled is drawn again as it was, one without anything right otherwise
        draw = row.replaced.filter(state=Run.State.FINISHED).count() + (row.run.state == Run.State.FINISHED)
    return plan_campaign_run(campaign, row, title=title, sampler=_base(row), plan=of, number=row.number, draw=draw)


def _base(row: Generation) -> Sampler:
    """The sampler that was the champion when the generation began: it draws, and both arms are trained from it."""
    assert row.base is not None
    return row.base


def _open_families(campaign: Campaign, row: Generation, plan: CampaignPlan, families: Collection[str]) -> list[str]:
    """The families that a generation samples: what was open stays open."""
    rows = list_generations(campaign)
    champion = champion_row(campaign, rows, before=row.number)
    measured = None if champion is None else measured_of(champion)
    shares = {} if measured is None else {name: found[2] for name, found in measured.by_family().items()}
    before = [family for each in rows if each.number < row.number for family in each.families]
    return open_families(families, plan.prerequisites, shares, plan.opens_at, before)


def _evaluate(campaign: Campaign, row: Generation, plan: CampaignPlan, sampler_id: int) -> bool:
    """Sample the held-out problems: with the same seed in every generation, so that what differs is the sampler."""
    if must_wait(campaign):
        return False
    row.sampler_id = sampler_id
    of = held_out_plan(plan, _problems(plan.held_out_problems), _instructions(plan), campaign)
    title = f"{campaign.title}: held-out problems, {name_generation(row).lower()}"
    assert row.sampler is not None
    run = plan_campaign_run(campaign, row, title=title, sampler=row.sampler, plan=of, number=0)
    return _move(row, Stage.EVALUATING, evaluation=run)


def _problems(keys: Sequence[int]) -> list[Problem]:
    found = Problem.objects.only("pk", "kind", "name", "family", "content_hash").in_bulk(list(keys))
    if gone := len(keys) - len(found):
        raise StuckError(f"{gone:,} of {len(keys):,} problems of the campaign are gone; clone it and choose others.")
    return [found[key] for key in keys]


def _instructions(plan: CampaignPlan) -> list[Instruction]:
    found = Instruction.objects.in_bulk(list(plan.instructions))
    return [found[key] for key in plan.instructions]


def _after_sampling(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    if not ended_run(row.run, row, Stage.BEGUN):
        return False
    if plan.basis is Basis.CONSENSUS:
        job = plan_reverification(
            actor=campaign.created_by, scope=Selection(run=row.run_id), verifiers=[consensus.NAME]
        )
        return _move(row, Stage.VOTING, reverification=job)
    if plan.basis is Basis.SCORER:
        scorer = Scorer.objects.filter(pk=plan.scorer or 0).first()
        if scorer is None:
            raise StuckError("The learned scorer of the campaign is gone; clone it and choose another.")
        scoring = start_scoring(by=campaign.created_by, scorer=scorer, scope=Selection(run=row.run_id))
        return _move(row, Stage.SCORING, scoring=scoring)
    return _to_people(campaign, row, plan)


def _after_voting(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    return ended_verdicts(row.reverification, "verification", row) and _to_people(campaign, row, plan)


def _after_scoring(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    return ended_verdicts(row.scoring, "scoring", row) and _to_people(campaign, row, plan)


def _to_people(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    if not plan.people:
        return _select(campaign, row, plan)
    if campaign.created_by is None:
        raise StuckError("A queue needs somebody who made it, and nobody made this campaign; begin it from an account.")
    return _move(row, Stage.REVIEWING, queue=make_campaign_queue(campaign, row, plan))


def _after_reviewing(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    assert row.queue is not None
    return ended_queue(row.queue) and _select(campaign, row, plan)


def _select(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    return _freeze(campaign, row, plan.release_rule(_runs(campaign, row, plan)))


def _runs(campaign: Campaign, row: Generation, plan: CampaignPlan) -> list[int]:
    """The runs that a training of this generation learns from."""
    rows = campaign.generations.filter(number__lte=row.number, run__isnull=False).order_by("number")
    keys = list(rows.values_list("run", flat=True))
    return keys if plan.replay is ReplaySource.ALL else keys[-1:]


def _freeze(campaign: Campaign, row: Generation, rule: Rule) -> bool:
    title = f"{campaign.title}: {name_generation(row).lower()}"[:MAX_TITLE]
    order = Order(title, rule, notes=f"Made by campaign {campaign.pk}.")
    try:
        job = plan_freezing(actor=campaign.created_by, order=order, key=uuid.uuid4())
    except NothingError as fault:
        raise _nothing_right(row, campaign.kept_plan, None) from fault
    return _move(row, Stage.SELECTING, freezing=job)


def _nothing_right(row: Generation, plan: CampaignPlan, again: Stage | None) -> StuckError:
    """What is said where there is nothing to learn from: a language model draws other samples with another seed."""
    if not row.is_control and _base(row).is_chat and any(plan.temperatures):
        return stuck(row, f"{NOTHING_RIGHT[plan.basis]} Resume to draw new samples.", Stage.BEGUN)
    return stuck(row, f"{NOTHING_RIGHT[plan.basis]} Clone it with more samples or other problems.", again)


def _after_selecting(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    job = row.freezing
    if job is None:  # a control that learns from the seed traces: nothing was frozen for it
        return _train(campaign, row, plan)
    again = Stage.BEGUN if row.is_control else Stage.SAMPLING
    if job.reason == NOTHING:
        raise _nothing_right(row, plan, again)
    release = frozen_release(job, row, again)
    if release is None or _waits_for_challenger(campaign, row, plan):
        return False
    if overlaps := overlaps_of(release, campaign.held_out_set, plan.near):
        first = overlaps[0]
        raise stuck(
            row,
            f"release {release.pk} holds {len(overlaps):,} problems that are held out, the first "
            f"{first.problem.name!r} ({first.words}); nothing was trained.",
            again,
        )
    row.release = release
    _check_seeds(row, campaign, plan, again)
    return _train(campaign, row, plan)


def _check_seeds(row: Generation, campaign: Campaign, plan: CampaignPlan, again: Stage | None) -> None:
    """Raise StuckError for a release of seeds that is gone, or that holds a held-out problem."""
    if plan.seed_release is None:
        return
    seeds = Release.objects.filter(pk=plan.seed_release).first()
    if seeds is None:
        raise stuck(row, "the release of the seed traces is gone; clone the campaign.", again)
    if overlaps := overlaps_of(seeds, campaign.held_out_set, plan.near):
        raise stuck(
            row,
            f"the seed release {seeds.pk} holds {len(overlaps):,} problems that are held out, the first "
            f"{overlaps[0].problem.name!r} ({overlaps[0].words}); nothing was trained.",
            again,
        )


def _waits_for_challenger(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    """Whether the training of a control has to wait until that of its challenger has ended: where the trainer goes by
    epochs, the control takes as many steps as came of those."""
    if not (row.is_control and plan.goes_by_epochs):
        return False
    training = _arm(campaign, row.number, Arm.CHAMPION).training
    return training is None or training.state not in (Training.State.FINISHED, Training.State.WAITING)


def _parameters(campaign: Campaign, row: Generation, plan: CampaignPlan) -> dict[str, JSON]:
    """The trainer's parameters: those of a control let nothing wrong be passed over, and make as many steps."""
    given = plan.trainer_parameters(row.number)
    if not row.is_control:
        return given
    if any(each.name == WRONG_TOO for each in TRAINERS[plan.trainer].parameters):
        given[WRONG_TOO] = True
    training = _arm(campaign, row.number, Arm.CHAMPION).training
    if plan.goes_by_epochs and training is not None and isinstance(training.facts.get(STEPS), int):
        given[STEPS] = training.facts[STEPS]
    return given


def _train(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    """Begin the training: of both arms of a generation from the same sampler, with the same parameters and seed."""
    assert row.release is not None
    base = campaign.first_sampler if plan.from_first else _base(row)
    rule = CONTROL_RULE if row.is_control else plan.training_rule(earlier_releases(campaign, row))
    if row.is_control and plan.seed_release is not None and plan.seed_release != row.release_id:
        rule = replace(rule, seeds=(plan.seed_release,))
    training = start_training(
        by=campaign.created_by,
        release=row.release,
        trainer=plan.trainer,
        parameters=_parameters(campaign, row, plan),
        base=base,
        rule=rule.as_json(),
        parent_job=campaign,
        seed=derive_seed(campaign.seed, "training", row.number) % MAX_SEED,
        title=f"{campaign.title}: {name_generation(row).lower()}"[:MAX_TITLE],
    )
    return _move(row, Stage.TRAINING, training=training)


def _after_training(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    assert row.training is not None
    sampler_id = trained_sampler(row.training, row)
    return sampler_id is not None and _evaluate(campaign, row, plan, sampler_id)


def _after_evaluating(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:
    again = Stage.BEGUN if row.number == 0 else Stage.TRAINING
    if not ended_run(row.evaluation, row, again):
        return False
    measure_generation(campaign, row)
    if row.number and not row.is_control:
        pass_gate(campaign, row, plan)
    return _move(row, Stage.DONE)


def _nothing(campaign: Campaign, row: Generation, plan: CampaignPlan) -> bool:  # noqa: ARG001
    return False


_STEPS: Mapping[Stage, Callable[[Campaign, Generation, CampaignPlan], bool]] = {
    Stage.BEGUN: _begin,
    Stage.SAMPLING: _after_sampling,
    Stage.VOTING: _after_voting,
    Stage.SCORING: _after_scoring,
    Stage.REVIEWING: _after_reviewing,
    Stage.SELECTING: _after_selecting,
    Stage.TRAINING: _after_training,
    Stage.EVALUATING: _after_evaluating,
    Stage.DONE: _nothing,
}
