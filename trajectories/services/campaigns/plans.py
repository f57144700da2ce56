"""Planning campaigns: everything is checked before anything is begun."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import read_parameters
from trajectories.adapters.training.rows import WANTS_WRONG
from trajectories.core.campaigns.curricula import Needs, check_needs
from trajectories.core.campaigns.plans import Basis, CampaignPlan
from trajectories.core.faults import Fault
from trajectories.core.learning.rules import CORRECT
from trajectories.core.problems.prerequisites import declared_for
from trajectories.core.strategies.memories import NO_MEMORY, Memory
from trajectories.core.verifiers.opinions import scorer_verifier
from trajectories.models import AuditEvent, Campaign, Instruction, Problem, ProblemSet, Release, Sampler, Scorer
from trajectories.services.campaigns.held_out import Overlap, find_overlaps, overlaps_of
from trajectories.services.campaigns.money import check_generation_budget
from trajectories.services.campaigns.people import check_people
from trajectories.services.endpoints.samplers import SYMBOLIC, symbolic_within
from trajectories.services.jobs.ringers import ring
from trajectories.services.runs.lifecycle import MAX_SEED, MAX_TITLE, draw_seed
from trajectories.services.runs.plans import MAX_SAMPLES_EACH, PARALLEL, Budget, Plan, PlanError
from trajectories.services.training.abilities import standing_of
from trajectories.services.training.planning import check_base

MOST_PROBLEMS = 20_000


@dataclass(frozen=True)
class Draft:
    """A campaign that somebody wants. `plan` names no problems yet: `training_limit` and `held_out_limit` say how many
    of each set are taken, None for all. The instructions are rows here; those that fit no problem are left out.

    `search_seconds` is what the symbolic search may take of a processor for a task, None for what the sampler says; it
    is for the plain symbolic sampler. `budget` is that of all runs together; its seconds are those of one run;
    `generation_budget` is that of the runs of each generation.
    `prerequisites` are those of a curriculum, None for those that its families declare.
    """

    title: str
    training_set: ProblemSet
    held_out_set: ProblemSet
    sampler: Sampler
    instructions: Sequence[Instruction]
    plan: CampaignPlan
    training_limit: int | None = None
    held_out_limit: int | None = None
    search_seconds: float | None = None
    budget: Budget = field(default_factory=Budget)
    generation_budget: Budget = field(default_factory=Budget)
    template: str = ""
    seed: int | None = None
    cloned_from: Campaign | None = None
    prerequisites: Needs | None = None

    @property
    def is_limited(self) -> bool:
        """Whether the search gets a time of its own."""
        return bool(self.search_seconds) and self.sampler.name == SYMBOLIC


@dataclass(frozen=True)
class Prepared:
    """A draft with its problems: the whole plan, the plans of its runs, and the training problems left out."""

    plan: CampaignPlan
    training: Plan
    held_out: Plan
    left_out: Sequence[Overlap]


def prepare(draft: Draft) -> Prepared:
    """Choose the problems of a draft and check all of it. Raises Fault, with the field, for what cannot be done."""
    _check_title(draft)
    _check_trainer(draft)
    if draft.training_set.pk == draft.held_out_set.pk:
        raise Fault(
            f"Held-out set: found {draft.held_out_set.title!r} on both sides, expected a set that holds no training "
            "problem.",
            field="held_out_set",
        )
    held_out = _problems(draft.held_out_set, draft.held_out_limit, "held_out_set")
    _check_references(held_out, "held_out_set", "Held-out set")
    chosen = _problems(draft.training_set, draft.training_limit, "training_set")
    left_out = find_overlaps(chosen, draft.held_out_set, draft.plan.near)
    gone = {each.problem.pk for each in left_out}
    apart = [problem for problem in chosen if problem.pk not in gone]
    if not apart:
        first = left_out[0]
        raise Fault(
            f"Training set: found all {len(chosen):,} problems to be like held-out ones ({first.problem.name!r}: "
            f"{first.words}), expected some that are not; raise “alike from” where only the wording is shared.",
            field="training_set",
        )
    training = [problem for problem in apart if problem.split == Problem.Split.TRAIN]
    if not training:
        raise Fault(
            f"Training set: found all {len(apart):,} problems to be of the evaluation side, which nothing learns from; "
            "expected some of the training side.",
            field="training_set",
        )
    if draft.plan.basis in (Basis.TRUTH, Basis.BOTH) and draft.plan.strategy == "rationalise":
        _check_references(training, "training_set", "Training set")
    needs = _prerequisites(draft, training, held_out) if draft.plan.curriculum else {}
    scorer = _scorer_of(draft)
    plan = replace(
        draft.plan,
        prerequisites=needs,
        scorer=None if scorer is None else scorer.pk,
        verifier="" if scorer is None else scorer_verifier(scorer.name),
        training_problems=[problem.pk for problem in training],
        held_out_problems=[problem.pk for problem in held_out],
        held_out_set=draft.held_out_set.pk,
        instructions=[instruction.pk for instruction in draft.instructions],
        run_seconds=draft.budget.seconds,
        passed_over=len(apart) - len(training),
        parameters=read_parameters(TRAINERS[draft.plan.trainer].parameters, draft.plan.parameters),
    )
    plan.check()
    check_people(plan)
    _check_learning(draft, plan)
    found = Prepared(
        plan,
        training_plan(plan, training, draft.instructions),
        held_out_plan(plan, held_out, draft.instructions),
        left_out,
    )
    _check_runs(draft, found)
    return found


@transaction.atomic
def plan_campaign(*, actor: User | None, draft: Draft) -> Campaign:
    """A queued campaign, which is rung for. Raises Fault, also for a stop for people in nobody's name."""
    if draft.plan.people and actor is None:
        raise Fault(
            "People review first: found a campaign that nobody begins, expected an account that makes its queues "
            "(--as NAME).",
            field="people",
        )
    found = prepare(draft)
    sampler = symbolic_within(draft.search_seconds or 0) if draft.is_limited else draft.sampler
    campaign = Campaign.objects.create(
        title=draft.title,
        template=draft.template,
        training_set=draft.training_set,
        held_out_set=draft.held_out_set,
        first_sampler=sampler,
        champion=sampler,
        plan=found.plan.to_json(),
        left_out=[[each.problem.pk, each.match.key, each.match.how, each.match.alike] for each in found.left_out],
        seed=draw_seed() if draft.seed is None else draft.seed,
        generation_count=found.plan.generations,
        cloned_from=draft.cloned_from,
        budget_cost=draft.budget.cost,
        budget_tokens=draft.budget.tokens,
        generation_cost=draft.generation_budget.cost,
        generation_tokens=draft.generation_budget.tokens,
        created_by=actor,
    )
    data = {
        "training_problems": len(found.plan.training_problems),
        "held_out_problems": len(found.plan.held_out_problems),
        "left_out": len(found.left_out),
        "passed_over": found.plan.passed_over,
        "generations": found.plan.generations,
    }
    AuditEvent.objects.create(
        actor=actor, verb="campaign.planned", object_type="campaign", object_id=campaign.pk, data=data
    )
    ring("campaign", campaign.pk)
    return campaign


def training_plan(
    plan: CampaignPlan,
    problems: Sequence[Problem],
    instructions: Sequence[Instruction],
    campaign: Campaign | None = None,
) -> Plan:
    """How each generation samples the training problems, or those of them that are open: with as many samples in all,
    so that a campaign with a curriculum and one without draw the same number."""
    share = len(plan.training_problems) / len(problems)
    return Plan(
        problems=problems,
        instructions=fitting(instructions, problems),
        temperatures=plan.temperatures,
        samples_each=min(MAX_SAMPLES_EACH, int(plan.samples_each * share)),
        strategy=plan.strategy,
        settings=plan.settings,
        memory=_memory_of(plan, campaign),
    )


def held_out_plan(
    plan: CampaignPlan,
    problems: Sequence[Problem],
    instructions: Sequence[Instruction],
    campaign: Campaign | None = None,
) -> Plan:
    """How every sampler is measured on the held-out problems: without looking at verdicts, and where a gate decides
    without memory too."""
    return Plan(
        problems=problems,
        instructions=fitting(instructions, problems),
        temperatures=plan.temperatures,
        samples_each=plan.held_out_samples,
        strategy=PARALLEL,
        memory=_memory_of(plan, campaign) if plan.measures_memory else NO_MEMORY,
    )


def _memory_of(plan: CampaignPlan, campaign: Campaign | None) -> Memory:
    """What the prompts of a run are shown: traces that the campaign itself has drawn of training problems, none before
    there is a campaign."""
    if not plan.memory:
        return NO_MEMORY
    key = 0 if campaign is None else campaign.pk
    needs = {family: tuple(names) for family, names in plan.prerequisites.items()}
    return replace(plan.memory, campaign=key, any_split=True, near=plan.near, prefer=needs or None)


def fitting(instructions: Sequence[Instruction], problems: Sequence[Problem]) -> list[Instruction]:
    """The instructions that fit some of the problems."""
    kinds = {"", *(problem.kind for problem in problems)}
    return [instruction for instruction in instructions if instruction.problem_kind in kinds]


def _scorer_of(draft: Draft) -> Scorer | None:
    """The learned scorer that says what is learnt from; None where another basis does. Raises Fault."""
    if draft.plan.basis is not Basis.SCORER or draft.plan.scorer is None:
        return None
    scorer = Scorer.objects.filter(pk=draft.plan.scorer).first()
    if scorer is None or scorer.state != Scorer.State.FINISHED or scorer.kind != Scorer.Kind.OUTCOME:
        found = "none" if scorer is None else f"{scorer}, a {scorer.kind} scorer that is {scorer.state}"
        raise Fault(
            f"Learned scorer: found {found}, expected a finished one that says whether traces are right.",
            field="scorer",
        )
    return scorer


def _prerequisites(draft: Draft, training: Sequence[Problem], held_out: Sequence[Problem]) -> Needs:
    """What each family builds on. Raises Fault where that is nothing, or makes no curriculum."""
    families = {problem.family for problem in training}
    needs = declared_for(families) if draft.prerequisites is None else draft.prerequisites
    check_needs(needs, families, {problem.family for problem in held_out})
    if not any(needs.values()):
        raise Fault(
            "Prerequisites: found no family that builds on another, expected some for a curriculum.",
            field="prerequisites",
        )
    return needs


def _check_title(draft: Draft) -> None:
    if not 0 < len(draft.title) <= MAX_TITLE:
        raise Fault(f"Title: found {len(draft.title)} characters, expected 1 to {MAX_TITLE}.", field="title")
    if draft.seed is not None and not 0 <= draft.seed <= MAX_SEED:
        raise Fault(f"Seed: found {draft.seed}, expected 0 to {MAX_SEED}, or none.", field="seed")


def _check_trainer(draft: Draft) -> None:
    trainer = TRAINERS.get(draft.plan.trainer)
    if trainer is None:
        known = ", ".join(sorted(TRAINERS))
        raise Fault(f"Trainer: found {draft.plan.trainer[:40]!r}, expected one of {known}.", field="trainer")
    if lacks := standing_of(trainer).lacks:
        raise Fault(f"Trainer: {lacks}", field="trainer")
    if trainer.base_kinds and draft.sampler.kind not in trainer.base_kinds:
        kinds = " or ".join(Sampler.Kind(kind).label for kind in trainer.base_kinds)
        raise Fault(
            f"First sampler: found a {draft.sampler.get_kind_display()}, expected a {kinds} for the trainer "
            f"{trainer.label!r}.",
            field="sampler",
        )
    trainer.check(
        read_parameters(trainer.parameters, draft.plan.parameters),
        check_base(trainer, draft.sampler) if trainer.base_kinds else None,
    )


def _check_learning(draft: Draft, plan: CampaignPlan) -> None:
    """Raise Fault for wrong traces that a method wants and the plan leaves out, for steps that grow beyond what the
    trainer takes, and for seed traces that are no release or hold what is held out."""
    method = plan.parameters.get("method")
    if method in WANTS_WRONG and plan.take == CORRECT:
        raise Fault(
            f"Which traces: found only what is right, expected right and wrong ones, which {str(method).upper()} "
            "learns to tell apart.",
            field="take",
        )
    trainer = TRAINERS[plan.trainer]
    try:
        read_parameters(trainer.parameters, plan.trainer_parameters(plan.generations))
    except Fault as fault:
        raise Fault(f"In generation {plan.generations}: {fault}", field="steps_growth") from fault
    if plan.seed_release is None:
        return
    seeds = Release.objects.filter(pk=plan.seed_release).first()
    if seeds is None or not seeds.item_count:
        raise Fault(
            f"Seed traces: found the release {plan.seed_release}, expected one with rows.", field="seed_release"
        )
    if overlaps := overlaps_of(seeds, draft.held_out_set, plan.near):
        first = overlaps[0]
        raise Fault(
            f"Seed traces: {seeds.title!r} holds {len(overlaps):,} problems that are held out, the first "
            f"{first.problem.name!r} ({first.words}), expected none.",
            field="seed_release",
        )


def _problems(problem_set: ProblemSet, limit: int | None, name: str) -> list[Problem]:
    """So many problems of a set, by their hashes: a choice that nobody made, and the same every time."""
    if limit is not None and not 1 <= limit <= MOST_PROBLEMS:
        raise Fault(f"At most: found {limit:,}, expected 1 to {MOST_PROBLEMS:,}.", field=name.replace("set", "limit"))
    problems = list(
        Problem.objects.filter(problem_set=problem_set).order_by("content_hash")[: limit or MOST_PROBLEMS + 1]
    )
    if not problems:
        raise Fault(f"{problem_set.title!r} holds no problem; expected some.", field=name)
    if len(problems) > MOST_PROBLEMS:
        raise Fault(
            f"{problem_set.title!r} holds more than {MOST_PROBLEMS:,} problems; say how many to take.", field=name
        )
    return problems


def _check_references(problems: Sequence[Problem], name: str, title: str) -> None:
    missing = [problem.name for problem in problems if problem.reference is None]
    if missing:
        raise Fault(
            f"{title}: found {len(missing):,} of {len(problems):,} problems without a reference answer, the first "
            f"{missing[0]!r}, expected one for each.",
            field=name,
        )


def _check_runs(draft: Draft, found: Prepared) -> None:
    """Raise Fault for runs that could not be planned."""
    kinds = Counter(problem.kind for plan in (found.training, found.held_out) for problem in plan.problems)
    for instruction in draft.instructions:
        if instruction.problem_kind not in ("", *kinds):
            there = ", ".join(sorted(kinds))
            raise Fault(
                f"Instructions: {instruction.title!r} is for {instruction.problem_kind} problems; those chosen are "
                f"{there}.",
                field="instructions",
            )
    try:
        found.training.check(draft.sampler)
        draft.budget.check(draft.sampler)
        check_generation_budget(draft.generation_budget, draft.sampler)
        found.held_out.check(draft.sampler)
    except PlanError as fault:
        raise Fault(str(fault), field=fault.field) from fault
