"""Campaigns: samplers that learn from what they sampled, generation by generation."""

from django.db import models

from trajectories.core.campaigns.plans import CampaignPlan
from trajectories.core.campaigns.stages import STAGES, Arm, Stage
from trajectories.models.freezings import Freezing
from trajectories.models.job_indexes import job_indexes
from trajectories.models.job_kinds import JobKind, Progress
from trajectories.models.paid_jobs import PaidJob
from trajectories.models.problems import ProblemSet
from trajectories.models.queues import Queue
from trajectories.models.releases import Release
from trajectories.models.reverifications import Reverification
from trajectories.models.reviews import SEE_REVIEWS
from trajectories.models.runs import Run
from trajectories.models.samplers import Sampler
from trajectories.models.scorers import Scoring
from trajectories.models.titles import TitleField
from trajectories.models.trainings import Training


class Campaign(PaidJob):
    """An experiment in self-improvement: sample, verify, select, train, and measure on problems that are held out.

    `plan` is a core.campaigns.plans.CampaignPlan. `champion` is the sampler that the next generation samples with; it
    begins as `first_sampler`. `left_out` are the training problems that were not taken because they are like held-out
    ones, [[problem, held-out problem, how, how alike]]. `done_count` generations are measured, the first sampler apart.
    The money and the tokens of a campaign are those of its runs together, and so is its budget.
    """

    class State(models.TextChoices):
        """queued -> running -> (paused) -> finished | cancelled.

        Where a stage cannot go on, the campaign is paused and says why; resumed, it begins that stage again.
        """

        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        CANCELLED = "cancelled"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    job_kind = JobKind(
        "campaign",
        "Campaign",
        "Campaigns",
        "campaign",
        lambda campaign: campaign.title,
        lambda campaign: Progress(campaign.done_count, campaign.generation_count, "generations"),
        ("trajectories.view_campaign", SEE_REVIEWS),
        lambda _: ("trajectories.add_campaign", SEE_REVIEWS),
        page="campaign_detail",
        unread=("plan", "left_out"),
        related=("first_sampler",),
        is_paid=lambda campaign: campaign.first_sampler.is_chat,
    )

    title = TitleField()
    # The template it was begun with, for people; "" for none.
    template = models.CharField(max_length=40, blank=True)
    training_set = models.ForeignKey(ProblemSet, on_delete=models.PROTECT, related_name="+")
    held_out_set = models.ForeignKey(ProblemSet, on_delete=models.PROTECT, related_name="+")
    first_sampler = models.ForeignKey(Sampler, on_delete=models.PROTECT, related_name="campaigns")
    champion = models.ForeignKey(Sampler, on_delete=models.PROTECT, related_name="+")
    plan = models.JSONField(default=dict)
    left_out = models.JSONField(default=list)
    seed = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    generation_count = models.PositiveSmallIntegerField()
    done_count = models.PositiveSmallIntegerField(default=0)
    # What the runs of each generation may take together, of the budget of all as well; null for no limit of their own.
    generation_cost = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    generation_tokens = models.BigIntegerField(null=True, blank=True)
    cloned_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="clones")

    class Meta:
        indexes = job_indexes("campaign")

    def __str__(self) -> str:
        return self.title

    @property
    def is_limited(self) -> bool:
        """Whether its runs have a budget, of all or of a generation."""
        budgets = (self.budget_cost, self.budget_tokens, self.generation_cost, self.generation_tokens)
        return any(amount is not None for amount in budgets)

    @property
    def kept_plan(self) -> CampaignPlan:
        """`plan` with a name for each of its keys."""
        return CampaignPlan.from_json(self.plan)


class Generation(models.Model):
    """One arm of one generation of a campaign. Generation 0 is the first sampler, which has learnt nothing yet.

    `base` is the champion as the generation began: `run` sampled the training problems with it (of `families` alone
    where there is a curriculum), and both arms are trained from it unless from the first sampler,
    `reverification` looked for majorities, `scoring` had a learned scorer look at its traces and `queue` took them to
    people where the plan asks for it, `freezing` and `release` say what was learnt from, `training` made `sampler`, and
    `evaluation` sampled the held-out problems with it. A control has no run of its own: it learns from those of the
    champion. `measured` are the figures of the evaluation (core.campaigns.measures.Measured), `decision` is what the
    gate said (core.campaigns.gates.GateDecision), with "overruled" where a person decided otherwise: {"promotes", "by",
    "at", "reason"}.

    `replaced` are runs that were cancelled or failed, and that `run` or `evaluation` took the place of: what they took
    stays taken. `is_stuck`: the campaign was paused at this stage, which begins anew where it still cannot go on.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="generations")
    number = models.PositiveSmallIntegerField()
    arm = models.CharField(max_length=10, choices=[(arm.value, arm.value) for arm in Arm])
    stage = models.CharField(
        max_length=12, choices=[(stage.value, words) for stage, words in STAGES.items()], default=Stage.BEGUN.value
    )
    is_stuck = models.BooleanField(default=False, db_default=False)
    base = models.ForeignKey(Sampler, null=True, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="+")
    replaced = models.ManyToManyField(Run, related_name="+")
    reverification = models.ForeignKey(Reverification, null=True, on_delete=models.PROTECT, related_name="+")
    scoring = models.ForeignKey(Scoring, null=True, on_delete=models.PROTECT, related_name="+")
    queue = models.ForeignKey(Queue, null=True, on_delete=models.PROTECT, related_name="+")
    freezing = models.ForeignKey(Freezing, null=True, on_delete=models.PROTECT, related_name="+")
    release = models.ForeignKey(Release, null=True, on_delete=models.PROTECT, related_name="+")
    training = models.ForeignKey(Training, null=True, on_delete=models.PROTECT, related_name="+")
    sampler = models.ForeignKey(Sampler, null=True, on_delete=models.PROTECT, related_name="+")
    evaluation = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="+")
    measured = models.JSONField(default=dict)
    families = models.JSONField(default=list, db_default=[])
    decision = models.JSONField(default=dict)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "number", "arm"], name="generation_once")]

    def __str__(self) -> str:
        return f"generation {self.number} of campaign {self.campaign_id}, {self.arm}"

    @property
    def is_control(self) -> bool:
        """Whether it is the control arm."""
        return self.arm == Arm.CONTROL

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.stage == Stage.DONE
