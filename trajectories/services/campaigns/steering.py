"""Pausing, resuming and cancelling campaigns together with what they wait for, and changing their budget."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.campaigns.stages import Stage
from trajectories.core.records import JSON
from trajectories.models import AuditEvent, Campaign, Run
from trajectories.models.job_kinds import CANCEL, PAUSE, RESUME
from trajectories.selectors.campaigns import spent
from trajectories.services.campaigns.money import check_generation_budget, share_budget
from trajectories.services.campaigns.people import QUEUE_VERBS
from trajectories.services.campaigns.waiting import try_for_space
from trajectories.services.curation.queues import steer_queue
from trajectories.services.jobs.steering import JobError, may_move, steer
from trajectories.services.runs.lifecycle import cancel_run, pause_run, resume_run
from trajectories.services.runs.plans import Budget

_RUNS: dict[str, Callable[..., Run]] = {PAUSE: pause_run, RESUME: resume_run, CANCEL: cancel_run}


def pause_campaign(*, actor: User, job_id: int) -> Campaign:
    """Begin nothing more, and pause what is under way. Raises JobError unless queued or running."""
    return _steer(PAUSE, actor, job_id)


def resume_campaign(*, actor: User, job_id: int) -> Campaign:
    """Go on, with what was paused as well; a stage that could not go on begins again. Raises JobError unless paused."""
    return _steer(RESUME, actor, job_id)


def cancel_campaign(*, actor: User, job_id: int) -> Campaign:
    """End a campaign for good, and what is under way with it. What was made stays. Raises JobError where it has
    ended."""
    return _steer(CANCEL, actor, job_id)


def _steer(verb: str, actor: User, job_id: int) -> Campaign:
    with transaction.atomic():
        campaign: Campaign = steer("campaign", verb, actor=actor, job_id=job_id)
        if verb == RESUME and campaign.is_limited:
            share_budget(actor=actor, campaign=campaign)
        for kind, job in children(campaign):
            if may_move(kind, verb, job):
                _steer_child(kind, verb, actor, job)
        if verb == RESUME:
            try_for_space(campaign)
        waiting = campaign.generations.filter(stage=Stage.REVIEWING).select_related("queue")
        for row in waiting:
            if row.queue is not None:
                steer_queue(actor=actor, queue=row.queue, verb=QUEUE_VERBS[verb])
        campaign.cost, campaign.input_tokens, campaign.output_tokens = spent(campaign)
        campaign.save(update_fields=["cost", "input_tokens", "output_tokens"])
    return campaign


def children(campaign: Campaign) -> Iterator[tuple[str, Any]]:
    """(kind, job) of what the campaign waits for: jobs that have not ended."""
    rows = campaign.generations.exclude(stage="done")
    related = ("run", "evaluation", "reverification", "scoring", "freezing", "training")
    for row in rows.select_related(*related).defer("run__plan", "evaluation__plan").order_by("number", "arm"):
        jobs = (getattr(row, name) for name in related)
        yield from ((job.job_kind.word, job) for job in jobs if job is not None and job.finished_at is None)


def _steer_child(kind: str, verb: str, actor: User, job: Any) -> None:
    if kind == "run":
        _RUNS[verb](actor=actor, run=job)
    else:
        steer(kind, verb, actor=actor, job_id=job.pk)


@transaction.atomic
def set_campaign_budget(*, actor: User, campaign_id: int, budget: Budget, generation: Budget | None = None) -> Campaign:
    """Change the money and the tokens that a campaign may take, and those that each generation may where `generation`
    says so, and so those of the runs that have not ended: each gets an equal part of what is left.

    Raises PlanError for a budget that cannot be kept, JobError for a campaign that has ended.
    """
    campaign = (
        Campaign.objects.select_for_update(no_key=True, of=("self",))
        .select_related("first_sampler")
        .get(pk=campaign_id)
    )
    if campaign.state in (Campaign.State.FINISHED, Campaign.State.CANCELLED):
        raise JobError(f"The campaign is {campaign.state}; its budget cannot be changed any more.")
    budget.check(campaign.first_sampler)
    campaign.budget_cost, campaign.budget_tokens = budget.cost, budget.tokens
    told = _told(budget)
    if generation is not None:
        check_generation_budget(generation, campaign.first_sampler)
        campaign.generation_cost, campaign.generation_tokens = generation.cost, generation.tokens
        told["generation"] = _told(generation)
    campaign.save(update_fields=["budget_cost", "budget_tokens", "generation_cost", "generation_tokens"])
    share_budget(actor=actor, campaign=campaign)
    AuditEvent.objects.create(
        actor=actor, verb="campaign.budgeted", object_type="campaign", object_id=campaign.pk, data=told
    )
    return campaign


def _told(budget: Budget) -> dict[str, JSON]:
    return {"cost": None if budget.cost is None else str(budget.cost), "tokens": budget.tokens}
