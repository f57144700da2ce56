"""Campaigns as pages show them: generations with what came of them, what was gained and what was forgotten."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from trajectories.charts.campaigns import traces_of_run
from trajectories.core.campaigns.gates import TESTS, GateDecision, GateTest
from trajectories.core.campaigns.measures import NO_FAMILY, Measured, with_one_k
from trajectories.core.campaigns.plans import BASES, CONTROLS, REPLAYS, Basis, CampaignPlan, ReplaySource
from trajectories.core.campaigns.stages import STAGES, Stage
from trajectories.core.learning.rules import TAKE_WORDS
from trajectories.core.releases.bases import Rest
from trajectories.core.selections import WRONG_STEPS, Selection
from trajectories.models import JOB_KINDS, Campaign, Freezing, Generation, Problem, Run, Training
from trajectories.selectors.audits import count_wrong_steps
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.campaign_waits import QUEUE, list_waits
from trajectories.selectors.campaigns import made_by, measured_of
from trajectories.selectors.release_bases import rests_of
from trajectories.views.shown.apart import control_words
from trajectories.views.shown.funnels import ShownFunnel, TrainingLine, show_job_funnel, show_training_funnel

PROBLEMS_SHOWN = 30
SEE_CAMPAIGNS = ("trajectories.view_campaign", SEE_REVIEWS)


@dataclass(frozen=True, slots=True)
class ShownGeneration:
    """A row of the page. `samples`, `tokens` and `cost` are those of its runs together. `traces` leads to what it made
    of the held-out problems, "" before it has. `rest` says what its release rests on."""

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
    traces: str

    @property
    def learnt(self) -> int | None:
        """How many traces it learnt from: what its training took of its release; None before there is one."""
        if self.row.training is not None and self.row.training.funnel:
            return int(self.row.training.funnel[-1]["left"])
        return self.row.release.item_count if self.row.release is not None else None

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


def show_generations(rows: Sequence[Generation]) -> list[ShownGeneration]:
    """What the page says of each arm of each generation, pass@k with one k."""
    found = [measured_of(row) for row in rows]
    alike = iter(with_one_k([each for each in found if each is not None]))
    rests = rests_of([row.release for row in rows if row.release is not None])
    return [
        _show(row, None if each is None else next(alike), rests.get(row.release_id or 0))
        for row, each in zip(rows, found, strict=True)
    ]


def _show(row: Generation, measured: Measured | None, rest: Rest | None) -> ShownGeneration:
    runs: list[Run] = [run for run in (row.run, row.evaluation) if run is not None]
    return ShownGeneration(
        row=row,
        stage=STAGES[Stage(row.stage)],
        measured=measured,
        decision=GateDecision.from_json(row.decision) if row.decision else None,
        overruled=row.decision.get("overruled"),
        funnel=show_job_funnel(row.freezing) if row.freezing is not None else None,
        training_funnel=show_training_funnel(row.training) if row.training is not None else [],
        rest=rest,
        samples=sum(run.done_count for run in runs),
        tokens=sum(run.input_tokens + run.output_tokens for run in runs),
        cost=sum((run.cost for run in runs), Decimal(0)),
        traces=traces_of_run(row.evaluation_id),
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


@dataclass(frozen=True, slots=True)
class FamilyGain:
    """A family of held-out problems: what the first sampler and the newest one solve of it, their shares right, and how
    many of its problems only the newest, or only the first, solves."""

    family: str
    problems: int
    before: int
    after: int
    share_before: float
    share_after: float
    gained: int
    forgotten: int


@dataclass(frozen=True, slots=True)
class ProblemChange:
    """A held-out problem that only one of both solves, with (right, samples, traces) of each."""

    problem: Problem
    before: tuple[int, int, str]
    after: tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class SamplerComparison:
    """The newest challenger beside the first sampler. Of more problems than are shown the counts tell."""

    number: int
    families: Sequence[FamilyGain]
    gained: Sequence[ProblemChange]
    forgotten: Sequence[ProblemChange]
    gained_count: int
    forgotten_count: int


def compare_with_first(rows: Sequence[Generation]) -> SamplerComparison | None:
    """What the newest measured challenger gained and forgot; None before there is one."""
    measured = [(row, found) for row in rows if not row.is_control and (found := measured_of(row)) is not None]
    if len(measured) < 2:
        return None
    (first, old), (newest, new) = measured[0], measured[-1]
    before, after = ({row[0]: row for row in found.rows} for found in (old, new))
    both = [key for key in before if key in after]
    gained = [key for key in both if after[key][3] and not before[key][3]]
    forgotten = [key for key in both if before[key][3] and not after[key][3]]
    shown = (
        Problem.objects.select_related("problem_set")
        .defer("spec", "reference", "statement")
        .in_bulk([*gained[:PROBLEMS_SHOWN], *forgotten[:PROBLEMS_SHOWN]])
    )

    def change(key: int) -> ProblemChange:
        sides = [
            (found[key][3], found[key][2], traces_of_run(row.evaluation_id, key))
            for row, found in ((first, before), (newest, after))
        ]
        return ProblemChange(shown[key], sides[0], sides[1])

    return SamplerComparison(
        number=newest.number,
        families=_families(old, new),
        gained=[change(key) for key in gained[:PROBLEMS_SHOWN]],
        forgotten=[change(key) for key in forgotten[:PROBLEMS_SHOWN]],
        gained_count=len(gained),
        forgotten_count=len(forgotten),
    )


def _families(old: Measured, new: Measured) -> list[FamilyGain]:
    before, after = old.by_family(), new.by_family()
    first, newest = ({row[0]: row for row in found.rows} for found in (old, new))
    changes = Counter(
        (first[key][1] or NO_FAMILY, bool(newest[key][3]))
        for key in first.keys() & newest.keys()
        if bool(first[key][3]) is not bool(newest[key][3])
    )
    return [
        FamilyGain(
            family, count, solved, after[family][1], share, after[family][2],
            gained=changes[family, True], forgotten=changes[family, False],
        )
        for family, (count, solved, share) in before.items()
        if family in after
    ]  # fmt: skip


def _rested_on(plan: CampaignPlan) -> str:
    """What the basis asks for besides, in words."""
    if plan.basis is Basis.CONSENSUS and plan.least_votes is not None:
        return f", with at least {100 * plan.least_votes:g}% of the votes"
    if plan.basis is Basis.SCORER:
        return f" ({plan.verifier}: at least {plan.least_score:g})"
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


def plan_words(campaign: Campaign, plan: CampaignPlan) -> list[tuple[str, str]]:
    """The plan of a campaign as (what, how it is)."""
    strategy = f"{plan.samples_each:,} samples by instruction and temperature, strategy {plan.strategy}"
    begins = "from the first sampler" if plan.from_first else "from the champion"
    learns = f"{BASES[plan.basis]}{_rested_on(plan)}" + (", hinted ones too" if plan.hinted else "")
    enters = TAKE_WORDS[plan.take] + (
        f"; up to {plan.relabel:,} wrong programs of a task, relabelled" if plan.relabel else ""
    )
    again = f", {plan.replay_percent:g} %" if plan.replay is ReplaySource.SHARE else ""
    grows = f"; steps grow by {plan.steps_growth:g}" if plan.steps_growth != 1 else ""
    level = f", level {plan.level:g}" if plan.test is not GateTest.NONE else ""
    return [
        ("Training problems", f"{len(plan.training_problems):,} of {campaign.training_set.title}"),
        ("Held-out problems", f"{len(plan.held_out_problems):,} of {campaign.held_out_set.title}"),
        ("Left out", f"{len(campaign.left_out):,} training problems like held-out ones{_passed_over(plan)}"),
        ("Each generation", strategy),
        ("Measured by", f"{plan.held_out_samples:,} samples by instruction and temperature"),
        ("Learns from", f"{learns}; at most {plan.per_problem:,} of a problem"),
        ("Which traces", enters),
        ("Generations learnt from", REPLAYS[plan.replay] + again),
        ("Seed traces", f"release {plan.seed_release}" if plan.seed_release is not None else "none"),
        ("Trainer", f"{plan.trainer}, begins {begins}{grows}"),
        *([("Memory", f"{plan.memory.words}; {_measured_with(plan)}")] if plan.memory else []),
        *([("Curriculum", curriculum_words(plan))] if plan.curriculum else []),
        ("Gate", TESTS[plan.test] + level),
        ("Control", CONTROLS[plan.control_of].lower() if plan.control else "none"),
        ("People", _people(plan)),
        ("Seed", str(campaign.seed)),
    ]
