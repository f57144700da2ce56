"""Measuring a generation, letting the gate decide, and what a person decides otherwise."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from trajectories.core.campaigns.gates import decide
from trajectories.core.campaigns.measures import measure
from trajectories.core.campaigns.plans import CampaignPlan
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Campaign, Generation
from trajectories.selectors.campaigns import champion_row, list_generations, measured_of, read_outcomes

LONGEST_REASON = 2_000


def measure_generation(campaign: Campaign, row: Generation) -> None:
    """Set the figures of a generation whose evaluation has ended; the campaign's row is locked."""
    assert row.evaluation_id is not None
    outcomes, failed = read_outcomes(row.evaluation_id)
    row.measured = measure(outcomes, failed=failed, seed=campaign.seed % 2**32).as_json()


def pass_gate(campaign: Campaign, row: Generation, plan: CampaignPlan) -> None:
    """Let the gate decide on a measured challenger, and make it the champion where it says so; the row is locked."""
    rows = [each for each in list_generations(campaign) if each.pk != row.pk]
    before = champion_row(campaign, rows, before=row.number)
    mine = measured_of(row)
    assert before is not None
    assert mine is not None
    known = measured_of(before)
    assert known is not None
    said = decide(known.tried, mine.tried, test=plan.test, level=plan.level, seed=campaign.seed % 2**32)
    row.decision = {**said.as_json(), "champion": before.number}
    if said.promotes:
        assert row.sampler is not None
        campaign.champion = row.sampler
    data = {"generation": row.number, "promotes": said.promotes, "words": said.words}
    AuditEvent.objects.create(
        actor=None, verb="campaign.gated", object_type="campaign", object_id=campaign.pk, data=data
    )


@transaction.atomic
def overrule_gate(*, actor: User, campaign_id: int, number: int, reason: str) -> Campaign:
    """Decide the other way round than the gate did on the newest challenger that is decided on.

    The runs that are planned from now on sample with the champion that this makes. Raises Fault without a reason, and
    where there is no such decision, a later one, or one that was overruled before.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Fault(f"Reason: found {len(reason):,} characters, expected 1 to {LONGEST_REASON:,}.", field="reason")
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
    rows = [row for row in list_generations(campaign) if row.decision and not row.is_control]
    if not rows or rows[-1].number != number:
        newest = f"generation {rows[-1].number}" if rows else "none yet"
        raise Fault(f"Found a decision on generation {number}, expected the newest one ({newest}).", field="number")
    row = rows[-1]
    if "overruled" in row.decision:
        raise Fault(f"The gate's decision on generation {number} was overruled before; expected one that stands.")
    promotes = not row.decision["promotes"]
    champion = row if promotes else _by_number(campaign, row.decision["champion"])
    assert champion.sampler is not None
    campaign.champion = champion.sampler
    campaign.save(update_fields=["champion"])
    told: dict[str, Any] = {"promotes": promotes, "by": actor.get_username(), "reason": reason}
    row.decision = {**row.decision, "overruled": {**told, "at": timezone.now().isoformat(timespec="seconds")}}
    row.save(update_fields=["decision"])
    AuditEvent.objects.create(
        actor=actor,
        verb="campaign.overruled",
        object_type="campaign",
        object_id=campaign.pk,
        data={"generation": number, "promotes": promotes, "reason": reason},
    )
    return campaign


def _by_number(campaign: Campaign, number: int) -> Generation:
    return campaign.generations.select_related("sampler").get(number=number, arm="champion")
