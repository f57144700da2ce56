"""Campaigns as pages show them: generations with what came of them, what was gained and what was forgotten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from trajectories.adapters.training import TRAINERS
from trajectories.core.campaigns.gates import TESTS, GateDecision, GateTest
from trajectories.core.campaigns.measures import Measured, with_one_k
from trajectories.core.campaigns.plans import BASES, CONTROLS, REPLAYS, Basis, CampaignPlan, ReplaySource
from trajectories.core.campaigns.stages import STAGES, Stage
from trajectories.core.learning.rules import TAKE_WORDS
from trajectories.core.releases.bases import Rest
from trajectories.core.selections import WRONG_STEPS, Selection
from trajectories.models import JOB_KINDS, Campaign, Freezing, Generation, Run, Training
from trajectories.models.job_kinds import Progress
from trajectories.selectors.audits import count_wrong_steps
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.campaign_waits import QUEUE, list_waits
from trajectories.selectors.campaigns import made_by, measured_of, search_seconds
from trajectories.selectors.release_bases import rests_of
from trajectories.views.shown.apart import control_words
from trajectories.views.shown.funnels import ShownFunnel, TrainingLine, show_job_funnel, show_training_funnel
from trajectories.views.shown.trace_links import list_traces

SEE_CAMPAIGNS = ("trajectories.view_campaign", SEE_REVIEWS)


@dataclass(frozen=True, slots=True)
class ShownGeneration:
    """A row of the page. `samples`, `tokens` and `cost` are those of its runs together, those included that others took
    the place of; `drawn` leads to their traces, and `searched` are the seconds that a search took for them. `traces`
    leads to what it made of the held-out problems, "" before it has. `rest` says what its release rests on."""

    row: Generation
    stage: str
    measured: Measured | None
    decision: GateDecision | None
    overruled: dict[str, Any] | None
    funnel: ShownFunnel | None
    training_funnel: Sequence[TrainingLine]
    rest: Rest | None
    samples: int
    tokens: int
    cost: Decimal
    searched: float
    traces: str
    right: str
    drawn: str
    gained: str
    missed: str

    @property
    def progress(self) -> Progress | None:
        """How far the run, training or evaluation is that it waits for; None where it waits for something else."""
        row, stage = self.row, Stage(self.row.stage)
        if stage is Stage.TRAINING and row.training is not None:
            return row.training.job_kind.progress(row.training)
        run = {Stage.SAMPLING: row.run, Stage.EVALUATING: row.evaluation}.get(stage)
        if run is None:
            return None
        return Progress(run.done_count + run.failed_count + run.cancelled_count, run.planned_count, "samples")

    @property
    def trained_seconds(self) -> int:
        """For how long workers were at its training."""
        return self.row.training.worked_seconds if self.row.training is not None else 0

    @property
    def learnt(self) -> int | None:
        """How many traces it learnt from: what its training took of its release; None before there is one."""
        if self.row.training is not None and self.row.training.funnel:
            return int(self.row.training.funnel[-1]["left"])
        return self.row.release.item_count if self.row.release is not None else None

    @property
    def promotes(self) -> bool:
        """Whether the challenger goes on, by the gate or by who overruled it."""
        return bool(self.row.decision.get("overruled", self.row.decision).get("promotes"))

    @property
    def added(self) -> int:
        """How many of what it learnt from its training added to its release: relabelled, replayed or seed traces."""
        return sum(line.added for line in self.training_funnel)

    @property
    def steps(self) -> int | None:
        """The steps of its training, None of a trainer that makes none, and before it has ended."""
        steps = self.row.training.facts.get("steps") if self.row.training is not None else None
        return steps if isinstance(steps, int) else None

    @property
    def entered(self) -> bool:
        """Whether anything is known of what it learns from."""
        return bool(self.funnel or self.training_funnel)

    @property
    def freezing_link(self) -> str:
        """The page of the freezing of what it learnt from, "" before there is one."""
        return Freezing.job_kind.address(self.row.freezing_id) if self.row.freezing_id else ""

    @property
    def training_link(self) -> str:
        """The page of its training, "" before there is one."""
        return Training.job_kind.address(self.row.training_id) if self.row.training_id else ""

    @property
    def title(self) -> str:
        """Which generation and arm it is."""
        if self.row.number == 0:
            return "0: first sampler"
        return f"{self.row.number}: {'control' if self.row.is_control else 'challenger'}"


def show_generations(rows: Sequence[Generation], *, searches: bool) -> list[ShownGeneration]:
    """What the page says of each arm of each generation, pass@k with one k. `searches` says that the samples are those
    of a search, which takes time instead of tokens."""
    found = [measured_of(row) for row in rows]
    alike = iter(with_one_k([each for each in found if each is not None]))
    rests = rests_of([row.release for row in rows if row.release is not None])
    searched = search_seconds([run.pk for row in rows for run in _runs(row)]) if searches else {}
    evaluations = {row.number: row.evaluation_id for row in rows if not row.is_control}
    return [
        _show(row, None if each is None else next(alike), rests.get(row.release_id or 0), searched, evaluations)
        for row, each in zip(rows, found, strict=True)
    ]


def _runs(row: Generation) -> list[Run]:
    """The runs of a generation, those too that others took the place of."""
    return [run for run in (row.run, row.evaluation, *row.replaced.all()) if run is not None]


def _show(
    row: Generation,
    measured: Measured | None,
    rest: Rest | None,
    searched: Mapping[int, float],
    evaluations: Mapping[int, int | None],
) -> ShownGeneration:
    runs = _runs(row)
    decision = GateDecision.from_json(row.decision) if row.decision else None
    gained, lost = ((), ()) if decision is None else (decision.gained, decision.lost)
    champion = evaluations.get(row.decision.get("champion", 0))
    return ShownGeneration(
        row=row,
        stage=STAGES[Stage(row.stage)],
        measured=measured,
        decision=decision,
        overruled=row.decision.get("overruled"),
        funnel=show_job_funnel(row.freezing) if row.freezing is not None else None,
        training_funnel=show_training_funnel(row.training) if row.training is not None else [],
        rest=rest,
        samples=sum(run.done_count for run in runs),
        tokens=sum(run.input_tokens + run.output_tokens for run in runs),
        cost=sum((run.cost for run in runs), Decimal(0)),
        searched=sum(searched.get(run.pk, 0.0) for run in runs),
        traces=list_traces([row.evaluation_id]),
        right=list_traces([row.evaluation_id], right=True),
        drawn=list_traces([run.pk for run in runs]),
        gained=list_traces([row.evaluation_id], gained, right=True, unsolved_by=champion),
        missed=list_traces([champion], lost, right=True, unsolved_by=row.evaluation_id),
    )


def say_control(generations: Sequence[ShownGeneration], number: int) -> str:
    """Whether the challenger of a generation beats its control; "" before both are measured."""
    both = {each.row.is_control: each.measured for each in generations if each.row.number == number}
    challenger, control = both.get(False), both.get(True)
    return "" if challenger is None or control is None else control_words(number, challenger, control)


def show_waits(campaign: Campaign, rows: Sequence[Generation]) -> list[tuple[str, str]]:
    """(words, address) of what a campaign that says why it does not go on is waiting for."""
    if not campaign.state_reason:
        return []
    waits = list_waits([row for row in rows if not row.is_done])
    return [
        (f"queue {wait.key}", reverse("queue_detail", args=[wait.key]))
        if wait.kind == QUEUE
        else (f"{JOB_KINDS[wait.kind].noun} {wait.key}", JOB_KINDS[wait.kind].address(wait.key))
        for wait in waits
    ]


def part_of(request: HttpRequest, kind: str, key: int) -> Generation | None:
    """The generation that made what a page shows, for who may see campaigns."""
    return made_by(kind, key) if request.user.has_perms(SEE_CAMPAIGNS) else None


@dataclass(frozen=True, slots=True)
class StepCount:
    """Right answers whose steps were verified, how many of them have a wrong one, and the list of those."""

    verified: int
    wrong: int
    traces: str

    @property
    def share(self) -> float:
        """The share with a wrong step."""
        return self.wrong / self.verified


@dataclass(frozen=True, slots=True)
class ShownSteps:
    """A run of a generation: its right answers without a hint and with one; None where there are none."""

    title: str
    unaided: StepCount | None
    hinted: StepCount | None


def show_steps(generations: Sequence[ShownGeneration]) -> list[ShownSteps]:
    """How many right answers of each run were reached by wrong steps; nothing where no verifier looks at steps."""
    runs = [
        (f"{each.title}, {what}", key)
        for each in generations
        for what, key in (("training problems", each.row.run_id), ("held-out problems", each.row.evaluation_id))
        if key is not None
    ]
    counted = count_wrong_steps([key for _, key in runs])
    shown = [ShownSteps(title, *(_step_count(counted, key, hinted) for hinted in (False, True))) for title, key in runs]
    return [each for each in shown if each.unaided or each.hinted]


def _step_count(counted: Mapping[tuple[int, bool], tuple[int, int]], run: int, hinted: bool) -> StepCount | None:
    if (run, hinted) not in counted:
        return None
    wrong = Selection(run=run, audit=WRONG_STEPS, hinted="only" if hinted else "none")
    return StepCount(*counted[run, hinted], f"{reverse('trace_list')}?{wrong.query()}")


def _rested_on(plan: CampaignPlan) -> str:
    """What the basis asks for besides, in words."""
    if plan.basis is Basis.CONSENSUS and plan.least_votes is not None:
        return f", with at least {100 * plan.least_votes:g}% of the votes"
    if plan.basis is Basis.SCORER:
        return f", by the scores of {plan.verifier.partition(':')[2]} from {100 * plan.least_score:g} % on"
    return ""


def curriculum_words(plan: CampaignPlan) -> str:
    """A curriculum in a few words."""
    needs = sum(map(len, plan.prerequisites.values()))
    return f"{needs:,} prerequisites; a family opens at {100 * plan.opens_at:g}% right, as many samples in all"


def _people(plan: CampaignPlan) -> str:
    """Whether people review, and how many of them, in words."""
    if not plan.people:
        return "are not waited for"
    who = f"{len(plan.reviewers):,} chosen ones" if plan.reviewers else "all who may"
    return f"review each generation first: {who}, {plan.reviews_each:,} for each trace"


def _measured_with(plan: CampaignPlan) -> str:
    """Whether held-out problems are shown what memory holds, in words."""
    if plan.measures_memory:
        return "held-out problems are measured with what it holds by then"
    return "held-out problems are measured without it, so that the gate compares samplers alone"


def _passed_over(plan: CampaignPlan) -> str:
    return f", {plan.passed_over:,} of the evaluation side" if plan.passed_over else ""


def _samples(number: int) -> str:
    return f"{number:,} {'sample' if number == 1 else 'samples'} by instruction and temperature"


def plan_words(campaign: Campaign, plan: CampaignPlan) -> list[tuple[str, str]]:
    """The plan of a campaign as (what, how it is)."""
    begins = "from the first sampler" if plan.from_first else "from the champion"
    learns = f"{BASES[plan.basis]}{_rested_on(plan)}" + (", hinted ones too" if plan.hinted else "")
    enters = TAKE_WORDS[plan.take] + (
        f"; up to {plan.relabel:,} wrong programs of a task, relabelled" if plan.relabel else ""
    )
    again = f", {plan.replay_percent:g} %" if plan.replay is ReplaySource.SHARE else ""
    trainer = TRAINERS.get(plan.trainer)
    grows = f"; steps grow by {plan.steps_growth:g}" if plan.steps_growth != 1 else ""
    level = f", level {plan.level:g}" if plan.test is not GateTest.NONE else ""
    return [
        ("Training problems", f"{len(plan.training_problems):,} of {campaign.training_set.title}"),
        ("Held-out problems", f"{len(plan.held_out_problems):,} of {campaign.held_out_set.title}"),
        ("Left out", f"{len(campaign.left_out):,} training problems like held-out ones{_passed_over(plan)}"),
        ("Each generation", f"{_samples(plan.samples_each)}, strategy {plan.strategy}"),
        ("Measured by", _samples(plan.held_out_samples)),
        ("Learns from", f"{learns}; at most {plan.per_problem:,} of a problem"),
        ("Which traces", enters),
        ("Generations learnt from", REPLAYS[plan.replay] + again),
        ("Seed traces", f"release {plan.seed_release}" if plan.seed_release is not None else "none"),
        ("Trainer", f"{trainer.label if trainer else plan.trainer}, begins {begins}{grows}"),
        *([("Memory", f"{plan.memory.words}; {_measured_with(plan)}")] if plan.memory else []),
        *([("Curriculum", curriculum_words(plan))] if plan.curriculum else []),
        ("Gate", TESTS[plan.test] + level),
        ("Control", CONTROLS[plan.control_of].lower() if plan.control else "none"),
        ("People", _people(plan)),
        ("Seed", str(campaign.seed)),
    ]
