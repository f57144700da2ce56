"""The stop for people: the queue that a generation waits for."""

from trajectories.core.campaigns.plans import Basis, CampaignPlan
from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.models import Campaign, Generation, Queue
from trajectories.models.job_kinds import CANCEL, PAUSE, RESUME
from trajectories.selectors.blinding import ADD_REVIEWS
from trajectories.selectors.projects import people_with
from trajectories.services.curation.queues import QueueDraft, make_queue
from trajectories.services.runs.lifecycle import MAX_TITLE

QUEUE_VERBS = {PAUSE: "pause", RESUME: "resume", CANCEL: "close"}
"""What is done to the queue that a campaign waits for when that is done to the campaign."""


def check_people(plan: CampaignPlan) -> None:
    """Raise Fault, with the field, for a queue that could not be made."""
    if not plan.people:
        return
    try:
        _draft("", plan, None).check()
    except Fault as fault:
        raise Fault(str(fault), field="reviewers" if fault.field == "members" else fault.field) from fault


def make_campaign_queue(campaign: Campaign, row: Generation, plan: CampaignPlan) -> Queue:
    """The queue of what a generation has sampled. Raises Fault."""
    assert campaign.created_by is not None
    title = f"{campaign.title}: generation {row.number}"[:MAX_TITLE]
    return make_queue(actor=campaign.created_by, draft=_draft(title, plan, row.run_id))


def _draft(title: str, plan: CampaignPlan, run: int | None) -> QueueDraft:
    """Raises Fault where somebody who was chosen may review no more."""
    members = list(people_with(ADD_REVIEWS).filter(pk__in=list(plan.reviewers)))
    if len(members) != len(set(plan.reviewers)):
        found = f"found {len(plan.reviewers)} chosen of whom {len(members)} may review"
        raise Fault(f"Who reviews: {found}, expected people who may review.", field="reviewers")
    right = "pass" if plan.basis in (Basis.TRUTH, Basis.BOTH) else ""
    return QueueDraft(
        title,
        Selection(run=run, correctness=right),
        guidelines=plan.guidelines,
        reviews_each=plan.reviews_each,
        members=members,
    )
