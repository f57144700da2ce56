"""Campaigns as pages show them: generations with what came of them, what was gained and what was forgotten."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trajectories.charts.campaigns import traces_of_run
from trajectories.core.campaigns.gates import Decision
from trajectories.core.campaigns.measures import NO_FAMILY, Measured
from trajectories.core.campaigns.plans import BASES, REPLAYS, Basis, CampaignPlan
from trajectories.core.campaigns.stages import STAGES, Stage
from trajectories.models import Campaign, Generation, Problem, Run, Training
from trajectories.selectors.campaigns import measured_of
from trajectories.views.shown.funnels import ShownFunnel, show_job_funnel

PROBLEMS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class ShownGeneration:
    """A row of the page. `samples`, `tokens` and `cost` are those of its runs together. `traces` leads to what it made
    of the held-out problems, "" before it has."""

    row: Generation
    stage: str
    measured: Measured | None
    decision: Decision | None
    overruled: dict[str, Any] | None
    funnel: ShownFunnel | None
    samples: int
    tokens: int
    cost: Decimal
    traces: str

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


def show_generation(row: Generation) -> ShownGeneration:
    """What the page says of one arm of a generation."""
    runs: list[Run] = [run for run in (row.run, row.evaluation) if run is not None]
    return ShownGeneration(
        row=row,
        stage=STAGES[Stage(row.stage)],
        measured=measured_of(row),
        decision=Decision.from_json(row.decision) if row.decision else None,
        overruled=row.decision.get("overruled"),
        funnel=show_job_funnel(row.freezing) if row.freezing is not None else None,
        samples=sum(run.done_count for run in runs),
        tokens=sum(run.input_tokens + run.output_tokens for run in runs),
        cost=sum((run.cost for run in runs), Decimal(0)),
        traces=traces_of_run(row.evaluation_id),
    )


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
class Comparison:
    """The newest challenger beside the first sampler. Of more problems than are shown the counts tell."""

    number: int
    families: Sequence[FamilyGain]
    gained: Sequence[ProblemChange]
    forgotten: Sequence[ProblemChange]
    gained_count: int
    forgotten_count: int


def compare_with_first(rows: Sequence[Generation]) -> Comparison | None:
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

    return Comparison(
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


def plan_words(campaign: Campaign, plan: CampaignPlan) -> list[tuple[str, str]]:
    """The plan of a campaign as (what, how it is)."""
    strategy = f"{plan.samples_each:,} samples by instruction and temperature, strategy {plan.strategy}"
    begins = "from the first sampler" if plan.from_first else "from the champion"
    learns = f"{BASES[plan.basis]}{_rested_on(plan)}" + (", hinted ones too" if plan.hinted else "")
    gate = f"{plan.test.value}, level {plan.level:g}" if plan.test.value != "none" else "none: every challenger goes on"
    return [
        ("Training problems", f"{len(plan.training_problems):,} of {campaign.training_set.title}"),
        ("Held-out problems", f"{len(plan.held_out_problems):,} of {campaign.held_out_set.title}"),
        ("Left out", f"{len(campaign.left_out):,} training problems like held-out ones"),
        ("Each generation", strategy),
        ("Measured by", f"{plan.held_out_samples:,} samples by instruction and temperature"),
        ("Learns from", f"{learns}; at most {plan.per_problem:,} of a problem"),
        ("Generations learnt from", REPLAYS[plan.replay]),
        ("Trainer", f"{plan.trainer}, begins {begins}"),
        *([("Memory", plan.memory.words)] if plan.memory else []),
        *([("Curriculum", curriculum_words(plan))] if plan.curriculum else []),
        ("Gate", gate),
        ("Control", "as many traces of the same runs, right or wrong" if plan.control else "none"),
        ("People", "review each generation first" if plan.people else "are not waited for"),
        ("Seed", str(campaign.seed)),
    ]
