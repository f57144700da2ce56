"""Plans of runs: which attempts are made of which problems, and what may be spent on them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

from django.db.models import Model, QuerySet

from trajectories.core.faults import Fault
from trajectories.core.problems.kinds import is_episode, is_grids
from trajectories.core.prompts.answer_formats import PROGRAM_STYLES
from trajectories.core.prompts.views import PICTURES
from trajectories.core.samplers.symbolic.steps import STEP_VIEWS
from trajectories.core.strategies import Strategy, StrategyError, find_strategy
from trajectories.core.strategies.base import AttemptKind, Planned, Searches, read_settings, tool_limits
from trajectories.core.strategies.memories import NO_MEMORY, Memory
from trajectories.core.strategies.plans import NO_DIVERSITY, Diversity, RunPlan
from trajectories.models import Instruction, Mind, Problem, ProblemSet, Rubric, Run, Sampler, Scorer
from trajectories.services.runs.inheriting import ALL, check_mind
from trajectories.services.runs.memories import check_memory
from trajectories.services.runs.step_scores import StepJudge, check_text_steps
from trajectories.services.runs.transports import transport_lack

MAX_SAMPLES_EACH = 10_000
MAX_ATTEMPTS = 1_000_000
MAX_TEMPERATURE = 2.0
MAX_COST = 10_000_000
MAX_EXAMPLES = 20
PARALLEL = "parallel"

Row = TypeVar("Row", bound=Model)


class PlanError(Fault):
    """A plan that cannot be made."""


@dataclass(frozen=True)
class Plan:
    """What the attempts of a run are made from.

    With `spread` the two temperatures are the ends of a range over which the samples of a view are spread evenly.
    `step_scorer` or `step_judge` score the steps of texts that grow; without either it is how sure the model is of its
    words. Agents in worlds go on from `mind_parts` of a `mind`.
    """

    problems: Sequence[Problem]
    instructions: Sequence[Instruction]
    temperatures: Sequence[float]
    samples_each: int
    spread: bool = False
    strategy: str = PARALLEL
    settings: Mapping[str, int] = field(default_factory=dict)
    diversity: Diversity = NO_DIVERSITY
    step_scorer: Scorer | None = None
    step_judge: StepJudge | None = None
    mind: Mind | None = None
    mind_parts: str = ALL
    memory: Memory = NO_MEMORY

    @property
    def wants_examples(self) -> int:
        """How many solved problems each prompt is to show."""
        return self.memory.count or self.diversity.examples

    @cached_property
    def kinds(self) -> Counter[str]:
        """How many of the problems there are of each kind."""
        return Counter(problem.kind for problem in self.problems)

    @cached_property
    def views(self) -> dict[str, list[int]]:
        """The keys of the instructions that fit each kind of problem."""
        return {kind: [each.pk for each in self.instructions if each.problem_kind in ("", kind)] for kind in self.kinds}

    @cached_property
    def found(self) -> tuple[Strategy, dict[str, int]]:
        """The strategy with a value for each of its settings. Raises PlanError."""
        try:
            strategy = find_strategy(self.strategy)
            return strategy, read_settings(strategy, self.settings)
        except StrategyError as fault:
            raise PlanError(str(fault)) from fault

    @property
    def per_problem(self) -> int:
        """Attempts of one problem in the first round; of the kind that gets the most."""
        return max(map(len, self.first_rounds.values()))

    @property
    def most_per_problem(self) -> int:
        """Attempts of one problem at the most; of the kind that gets the most."""
        return max(self._most_of(kind) for kind in self.kinds)

    @property
    def is_even(self) -> bool:
        """Whether every problem gets as many attempts in the first round."""
        return len(set(map(len, self.first_rounds.values()))) == 1

    @property
    def size(self) -> int:
        """Attempts of the first round in all."""
        return sum(count * len(self.first_rounds[kind]) for kind, count in self.kinds.items())

    @property
    def most(self) -> int:
        """Attempts in all at the most."""
        return sum(count * self._most_of(kind) for kind, count in self.kinds.items())

    @cached_property
    def first_rounds(self) -> dict[str, Sequence[Planned]]:
        """What is planned of each problem at first, by its kind."""
        strategy, settings = self.found
        return {kind: strategy.first(self._cells.list_slots(kind), settings) for kind in self.kinds}

    def _most_of(self, kind: str) -> int:
        strategy, settings = self.found
        return strategy.most(self._cells.count_slots(kind), settings)

    @property
    def _cells(self) -> RunPlan:
        return RunPlan(
            problem_ids=[problem.pk for problem in self.problems],
            instruction_ids=[instruction.pk for instruction in self.instructions],
            views=self.views,
            temperatures=list(self.temperatures),
            spread=self.spread,
            samples_each=self.samples_each,
            diversity=self.diversity,
            step_scorer=None if self.step_scorer is None else self.step_scorer.pk,
            step_judge=None if self.step_judge is None else self.step_judge.sampler.pk,
            step_rubric=None if self.step_judge is None else self.step_judge.rubric.pk,
            mind=None if self.mind is None else self.mind.pk,
            mind_parts=self.mind_parts,
            memory=self.memory,
        )

    def check(self, sampler: Sampler) -> None:
        """Raise PlanError for a plan that is empty, repeats itself, is too large, or that the sampler cannot follow."""
        _check_once_each("problem", [problem.pk for problem in self.problems], field="problems")
        _check_once_each("instruction", [instruction.pk for instruction in self.instructions], field="instructions")
        _check_once_each("temperature", self.temperatures, field="temperatures")
        for temperature in self.temperatures:
            if not 0 <= temperature <= MAX_TEMPERATURE:
                text = f"Temperature is {temperature:g}; expected 0 to {MAX_TEMPERATURE:g}."
                raise PlanError(text, field="temperatures")
        if self.spread and len(self.temperatures) != 2:
            text = f"Found {len(self.temperatures)} temperatures; expected the two ends of a range."
            raise PlanError(text, field="temperatures")
        if not 1 <= self.samples_each <= MAX_SAMPLES_EACH:
            text = f"Samples each is {self.samples_each:,}; expected 1 to {MAX_SAMPLES_EACH:,}."
            raise PlanError(text, field="samples_each")
        if not 0 <= self.diversity.examples <= MAX_EXAMPLES:
            text = f"Found {self.diversity.examples} examples; expected 0 to {MAX_EXAMPLES}."
            raise PlanError(text, field="examples")
        try:
            check_memory(self.memory, sampler, examples=self.diversity.examples)
        except Fault as fault:
            raise PlanError(str(fault), field=fault.field) from fault
        self._check_fits(sampler)
        self._check_kinds()
        if self.mind is not None:
            try:
                check_mind(sampler, self.mind, self.mind_parts, self.problems)
            except Fault as fault:
                raise PlanError(str(fault), field=fault.field) from fault
        if self.most > MAX_ATTEMPTS:
            text = f"The plan has up to {self.most:,} attempts; expected at most {MAX_ATTEMPTS:,}."
            raise PlanError(text, field="samples_each")

    def _check_fits(self, sampler: Sampler) -> None:
        strategy, _ = self.found
        if not sampler.is_chat:
            if strategy.needs_model:
                text = f"The strategy {strategy.title!r} needs a language model; {sampler} is none."
                raise PlanError(text, field="strategy")
            if self.diversity.varies or self.diversity.examples:
                text = f"Examples and variations are for language models; {sampler} is none."
                raise PlanError(text, field="examples" if self.diversity.examples else "variations")
        if sampler.is_chat and any(map(is_episode, self.kinds)):
            self._check_acts(strategy)
        if strategy.calls_tools and sampler.is_local:
            raise PlanError(f"Agents call tools through an endpoint; {sampler} has none.", field="strategy")
        if sampler.is_agent:
            self._check_agent(sampler)
        self._check_steps(sampler, strategy)
        self._check_pictures(sampler)
        if lack := transport_lack(sampler, strategy, has_memory=bool(self.memory)):
            raise PlanError(lack, field="sampler")
        if strategy.writes_programs:
            other = [each.title for each in self.instructions if each.style not in PROGRAM_STYLES]
            if other:
                text = f"{strategy.title}: found the instruction {other[0]!r}, expected one for programs."
                raise PlanError(text, field="instructions")

    def _check_pictures(self, sampler: Sampler) -> None:
        """Pictures are for models that see; programs of the embedded sampler look at no prompt."""
        if not sampler.is_chat or sampler.parameters.get("sees_pictures") or not any(map(is_grids, self.kinds)):
            return
        if shown := [each.title for each in self.instructions if PICTURES in each.view.split("-")]:
            raise PlanError(
                f"{shown[0]} shows pictures, and {sampler} is not known to see them; test it, and switch on "
                '"Sees pictures".',
                field="instructions",
            )

    def _check_acts(self, strategy: Strategy) -> None:
        """A language model acts in the episodes of worlds, which takes a tool."""
        if not strategy.calls_tools:
            text = f"Found the strategy {strategy.title!r}, expected one with a tool: in episodes of worlds models act."
            raise PlanError(text, field="strategy")

    def _check_steps(self, sampler: Sampler, strategy: Strategy) -> None:
        """Programs and texts grow step by step only where the sampler can be asked for one step more, and only the
        symbolic search can be told how long to search."""
        scored_by = self.step_scorer or self.step_judge
        if scored_by is not None and not (strategy.steps and sampler.is_chat):
            text = "Only steps of texts by a language model are scored; expected no scorer of steps."
            raise PlanError(text, field="step_scorer" if self.step_scorer else "step_judge")
        if isinstance(strategy, Searches) and sampler.kind != Sampler.Kind.SYMBOLIC:
            text = f"{strategy.title} says how long the symbolic search searches; {sampler} searches for nothing."
            raise PlanError(text, field="strategy")
        if not strategy.steps:
            return
        if sampler.kind == Sampler.Kind.CHAT:
            self._check_text(sampler, strategy)
            return
        if sampler.kind != Sampler.Kind.SYMBOLIC:
            text = f"{strategy.title} asks for one step at a time, which {sampler} cannot give."
            raise PlanError(text, field="strategy")
        if other := [each.view for each in self.instructions if each.view not in STEP_VIEWS]:
            text = f"{strategy.title}: found the view {other[0]!r}, expected {' or '.join(STEP_VIEWS)}"
            raise PlanError(f"{text}, whose programs are built step by step.", field="instructions")

    def _check_text(self, sampler: Sampler, strategy: Strategy) -> None:
        """A text grows where the model goes on with a message of its own, something scores its steps, and the budget is
        not spent on first steps, none of which answers anything."""
        try:
            check_text_steps(sampler, strategy.title, self.step_scorer, self.step_judge)
        except Fault as fault:
            raise PlanError(str(fault), field=fault.field) from fault
        for kind, first in self.first_rounds.items():
            if len(first) >= self._most_of(kind) and first[0].kind is AttemptKind.STEP:
                raise PlanError(
                    f"{strategy.title} begins with {len(first):,} first steps, which is the whole budget: none could "
                    "be gone on from. Expected more samples each, or fewer nodes.",
                    field="samples_each",
                )

    def _check_agent(self, sampler: Sampler) -> None:
        """An agent plays all episodes of one world, one after the other."""
        if self.strategy != PARALLEL:
            text = f"{sampler} plays every episode once; expected the strategy {PARALLEL!r}."
            raise PlanError(text, field="strategy")
        other = [problem.name for problem in self.problems if not is_episode(problem.kind)]
        if other:
            raise PlanError(f"{sampler} plays episodes of worlds; {other[0]!r} is none.", field="problems")
        keys = [problem.pk for problem in self.problems]
        worlds = Problem.objects.filter(pk__in=keys).values_list("spec__of_world", flat=True).distinct()
        if (count := worlds.order_by().count()) > 1:
            raise PlanError(
                f"The episodes are of {count} worlds; expected one, as an agent learns from one to the next.",
                field="problems",
            )

    def _check_kinds(self) -> None:
        """Every instruction needs a problem of its kind, and every problem an instruction: calls cost money."""
        there = ", ".join(sorted(self.kinds))
        for each in self.instructions:
            if each.problem_kind and each.problem_kind not in self.kinds:
                raise PlanError(
                    f"The instruction {each.title!r} is for {each.problem_kind} problems; those chosen are {there}.",
                    field="instructions",
                )
        for problem in self.problems:
            if not self.views[problem.kind]:
                raise PlanError(
                    f"No instruction fits {problem.name!r}, a problem of the kind {problem.kind}; expected one for "
                    "that kind or for any.",
                    field="instructions",
                )

    def keep(self) -> RunPlan:
        """What is kept with the run. Raises PlanError."""
        strategy, settings = self.found
        return replace(self._cells, settings=settings, agent=tool_limits(strategy, settings))


def plan_of(run: Run) -> Plan:
    """The plan that a run was made from, for another one. Raises PlanError where something of it is not there."""
    kept = run.kept_plan
    if kept.problem_ids is None:
        raise PlanError("This run keeps no plan; expected one that was planned here.")
    known = Problem.objects.only("pk", "kind", "name", "content_hash").in_bulk(kept.problem_ids)
    views = Instruction.objects.in_bulk(kept.instruction_ids)
    for what, keys, found in (("problems", kept.problem_ids, known), ("instructions", kept.instruction_ids, views)):
        if gone := len(set(keys) - found.keys()):
            raise PlanError(f"{gone:,} of the {len(keys):,} {what} of this run are gone; plan a new one.")
    return Plan(
        problems=[known[key] for key in kept.problem_ids],
        instructions=[views[key] for key in kept.instruction_ids],
        temperatures=kept.temperatures,
        samples_each=kept.samples_each,
        spread=kept.spread,
        strategy=run.strategy,
        settings=kept.settings,
        diversity=kept.diversity,
        step_scorer=_kept(Scorer.objects.select_related("artefact"), kept.step_scorer, "scorer of steps of this run"),
        step_judge=step_judge_of(kept),
        mind=_kept(Mind.objects.defer("weights"), kept.mind, "mind that this run went on from"),
        mind_parts=kept.mind_parts,
        memory=kept.memory,
    )


def step_judge_of(kept: RunPlan) -> StepJudge | None:
    """The model judge of a plan's steps, None for none. Raises PlanError where it is gone."""
    sampler = _kept(Sampler.objects.all(), kept.step_judge, "judge of steps of this run")
    rubric = _kept(Rubric.objects.all(), kept.step_rubric, "rubric that steps of this run are judged by")
    return None if sampler is None or rubric is None else StepJudge(sampler, rubric)


def _kept(rows: QuerySet[Row], key: int | None, what: str) -> Row | None:
    """The row that a stored plan names, None for none. Raises PlanError where it is gone."""
    found = None if key is None else rows.filter(pk=key).first()
    if key is not None and found is None:
        raise PlanError(f"The {what} is gone; plan a new one.")
    return found


def plan_title(plan: Plan, problem_set: ProblemSet | None) -> str:
    """What is sampled, in a few words."""
    if len(plan.problems) == 1:
        what = plan.problems[0].name
    else:
        what = f"{len(plan.problems):,} problems{f' of {problem_set}' if problem_set else ''}"
    is_parallel = plan.strategy == PARALLEL
    what += "" if is_parallel else f", {plan.found[0].title.lower()}"
    most = plan.per_problem if is_parallel else plan.most_per_problem
    most_at = "" if is_parallel and plan.is_even else "up to "
    return f"{what}, {most_at}{most:,} sample{'' if most == 1 else 's'} each"


def _check_once_each(what: str, given: Sequence[float], field: str) -> None:
    if not given:
        raise PlanError(f"The run has no {what}; expected at least one.", field=field)
    if len(set(given)) < len(given):
        raise PlanError(f"A {what} is named twice; expected each once.", field=field)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may take: wall time in seconds, money, tokens (input and output); None where there is no limit."""

    seconds: int | None = None
    cost: Decimal | None = None
    tokens: int | None = None

    def check(self, sampler: Sampler, judge: StepJudge | None = None) -> None:
        """Raise PlanError for a budget that allows nothing, or counts money that nobody can count."""
        for word, amount, name in (
            ("time", self.seconds, "budget_seconds"),
            ("token", self.tokens, "budget_tokens"),
        ):
            if amount is not None and amount < 1:
                raise PlanError(f"The {word} budget is {amount}; expected at least 1, or none.", field=name)
        if self.cost is None:
            return
        if not 0 < self.cost < MAX_COST:
            text = f"The money budget is {self.cost}; expected more than 0 and less than {MAX_COST:,}."
            raise PlanError(text, field="budget_cost")
        if sampler.is_chat and any(sampler.parameters.get(name) is None for name in ("input_price", "output_price")):
            raise PlanError(f"The money budget cannot be kept: {sampler} has no prices.", field="budget_cost")
        if judge is not None and not judge.is_priced:
            text = f"The money budget cannot be kept: {judge.sampler}, the judge of steps, has no prices."
            raise PlanError(text, field="budget_cost")
