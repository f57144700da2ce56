"""Moving campaigns on: one worker at a time looks at a campaign, moves what can be moved, and goes away.

A campaign is looked at when a job that it waits for ends, and by the sweep, which finds those whose bell was lost.
"""

import uuid
from functools import partial

from django.db import transaction
from django.db.models import Q

from trajectories.core.campaigns.plans import CampaignPlan
from trajectories.core.campaigns.stages import Arm, Stage
from trajectories.models import AuditEvent, Campaign, Generation
from trajectories.selectors.campaigns import list_generations, spent
from trajectories.selectors.clock import database_now
from trajectories.services.campaigns.stages import step
from trajectories.services.campaigns.waiting import StuckError, waiting_words
from trajectories.services.jobs.endings import tell_parent
from trajectories.services.jobs.heartbeats import KeptLease
from trajectories.services.jobs.leases import GIVEN_UP, MOST_CLAIMS, claim_job, lease_of, renew_job
from trajectories.services.jobs.ringers import ring

BEAT_SECONDS = 30.0
State = Campaign.State


def campaign_next(*, job_id: int) -> None:
    """Move a campaign on as far as it goes now, if nobody else does.

    Safe to call at any time and twice at once. Each move is one transaction: the stage of a generation, the job that
    the stage waits for, and what the campaign says of itself.
    """
    token, campaigns = uuid.uuid4(), Campaign.objects.filter(pk=job_id)
    if not claim_job(campaigns.filter(state__in=Campaign.ACTIVE_STATES), token, state=State.RUNNING):
        return
    held = campaigns.filter(lease_token=token, state=State.RUNNING)
    with lease_of(campaigns, token), KeptLease(partial(renew_job, held), BEAT_SECONDS):
        while move_once(campaign_id=job_id, token=token):
            pass


@transaction.atomic
def move_once(*, campaign_id: int, token: uuid.UUID) -> bool:
    """Make one move, or pause the campaign where a stage is stuck; whether there may be another move."""
    campaign = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign_id).first()
    if campaign is None or campaign.state != State.RUNNING or campaign.lease_token != token:
        return False
    if campaign.claims > MOST_CLAIMS:
        _pause(campaign, GIVEN_UP)
        return False
    rows = list_generations(campaign)
    try:
        with transaction.atomic():
            moved = _move(campaign, rows)
    except StuckError as fault:
        _pause(campaign, str(fault))
        if fault.again is not None and fault.row is not None:
            Generation.objects.filter(pk=fault.row.pk).update(is_stuck=True)
        return False
    if moved:
        campaign.claims = 0  # something came of it
    if campaign.state == State.RUNNING:
        campaign.state_reason = "" if moved else waiting_words([row for row in rows if not row.is_done])
    _tell(campaign)
    return moved


def ring_for_ended(kind: str, job_id: int) -> None:
    """Ring for the campaign that waits for a job of another kind, which has just ended or been paused."""
    waits = {"run": Q(run=job_id) | Q(evaluation=job_id), "freezing": Q(freezing=job_id)}
    waits |= {"reverification": Q(reverification=job_id), "scoring": Q(scoring=job_id)}
    waiting = Generation.objects.filter(waits[kind], campaign__state__in=Campaign.ACTIVE_STATES)
    for campaign_id in waiting.exclude(stage=Stage.DONE).values_list("campaign", flat=True).distinct():
        ring("campaign", campaign_id)


def _move(campaign: Campaign, rows: list[Generation]) -> bool:
    plan = campaign.kept_plan
    newest = max((row.number for row in rows), default=-1)
    for row in rows:
        if row.number == newest and not row.is_done and step(campaign, row, plan):
            return True
    if any(not row.is_done for row in rows):
        return False
    campaign.done_count = max(0, newest)
    if newest < plan.generations:
        _begin_generation(campaign, newest + 1, plan)
        return True
    campaign.state, campaign.state_reason, campaign.finished_at = State.FINISHED, "", database_now()
    tell_parent(campaign)
    _audit(campaign, "finished", {"generations": newest, "champion": campaign.champion_id})
    return False


def _begin_generation(campaign: Campaign, number: int, plan: CampaignPlan) -> None:
    base = campaign.champion if number else None
    arms = [Arm.CHAMPION, Arm.CONTROL] if number and plan.control else [Arm.CHAMPION]
    for arm in arms:
        Generation.objects.create(campaign=campaign, number=number, arm=arm.value, base=base)


def _pause(campaign: Campaign, reason: str) -> None:
    campaign.state, campaign.state_reason = State.PAUSED, reason
    campaign.cost, campaign.input_tokens, campaign.output_tokens = spent(campaign)
    campaign.save(update_fields=["state", "state_reason", "cost", "input_tokens", "output_tokens"])
    tell_parent(campaign)
    _audit(campaign, "paused", {"reason": reason})


def _tell(campaign: Campaign) -> None:
    """Store what the moves changed and what the runs have cost so far."""
    campaign.cost, campaign.input_tokens, campaign.output_tokens = spent(campaign)
    campaign.save(
        update_fields=[
            *("state", "state_reason", "finished_at", "done_count", "champion"),
            *("cost", "input_tokens", "output_tokens", "claims"),
        ]
    )


def _audit(campaign: Campaign, verb: str, data: dict[str, object]) -> None:
    AuditEvent.objects.create(
        actor=None, verb=f"campaign.{verb}", object_type="campaign", object_id=campaign.pk, data=data
    )
