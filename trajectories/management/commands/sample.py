"""Plan a run from the command line, and wait for it if asked."""

from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trajectories.core.faults import Fault
from trajectories.core.problems import ProblemError
from trajectories.core.problems.kinds import EPISODES, KINDS
from trajectories.core.prompts import PromptError
from trajectories.core.prompts.segmentation import SEGMENTATIONS
from trajectories.core.prompts.shipped import TWENTY_EXPERTS, expert_name
from trajectories.core.records import ProblemKind
from trajectories.core.samplers.symbolic.steps import STEP_VIEWS
from trajectories.core.strategies import STRATEGIES, Strategy
from trajectories.core.strategies.memories import MOST_REMEMBERED, NEAR, NO_MEMORY, Memory, MemorySource
from trajectories.core.strategies.plans import Diversity
from trajectories.management.arguments import title
from trajectories.management.following import follow_job
from trajectories.management.step_scoring import find_step_judge, find_step_scorer
from trajectories.models import Instruction, Mind, Problem, ProblemSet, Run, Sampler
from trajectories.selectors.instructions import current_instructions
from trajectories.selectors.runs import most_attempts
from trajectories.selectors.samplers import list_samplers
from trajectories.services.endpoints.samplers import SHIPPED_AGENTS, SYMBOLIC, ensure_agents, ensure_symbolic
from trajectories.services.prompts.instructions import ensure_episode_instruction, ensure_symbolic_views
from trajectories.services.runs.cutting import Cutting
from trajectories.services.runs.estimates import estimate_plan
from trajectories.services.runs.first_prompts import FirstPrompt, first_prompts
from trajectories.services.runs.inheriting import ALL, PARTS
from trajectories.services.runs.lifecycle import MAX_TITLE, draw_seed, plan_run
from trajectories.services.runs.plans import (
    MAX_EXAMPLES,
    PARALLEL,
    Budget,
    Plan,
    PlanError,
    plan_title,
)
from trajectories.services.runs.requests import RequestError
from trajectories.services.runs.temperatures import read_temperatures
from trajectories.services.spending.holding import note_of_plan

BAR_WIDTH = 40


class Command(BaseCommand):
    help = "Sample problems: plan a run, ring the workers, and with --wait follow it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--set", dest="set_name", metavar="NAME", help="the problem set; without it, all sets")
        parser.add_argument("--problems", nargs="+", default=[], metavar="NAME", help="only the problems so named")
        parser.add_argument("--limit", type=int, metavar="N", help="at most so many problems")
        parser.add_argument(
            "--samples", type=int, default=8, metavar="N", help="for each problem, view and temperature"
        )
        parser.add_argument("--sampler", default=SYMBOLIC, metavar="NAME", help="by default the symbolic search")
        parser.add_argument(
            *("--views", "--instructions"),
            dest="views",
            nargs="+",
            default=[],
            metavar="NAME",
            help="of the symbolic search grid, object, pixel, by default all; for a language model at least one",
        )
        parser.add_argument(
            "--temperatures", nargs="+", default=["1"], metavar="T", help="by default 1; 0.2..1.2 spreads the samples"
        )
        parser.add_argument("--strategy", default=PARALLEL, choices=STRATEGIES, help="how the samples are spent")
        parser.add_argument(
            "--setting",
            dest="strategy_settings",
            nargs="+",
            default=[],
            metavar="NAME=N",
            help="settings of the strategy: " + "; ".join(map(_settings_of, STRATEGIES.values())),
        )
        parser.add_argument(
            "--step-scorer",
            metavar="NAME",
            help="scores steps of texts: a process scorer; by default how sure the model is of its words",
        )
        parser.add_argument("--step-judge", metavar="NAME", help="or a language model that judges steps of texts")
        parser.add_argument("--step-rubric", default="correctness", metavar="NAME", help="by default correctness")
        parser.add_argument("--mind", type=int, metavar="N", help="agents go on from this mind of an earlier run")
        parser.add_argument("--mind-parts", default=ALL, choices=PARTS, help="what they take along; by default all")
        parser.add_argument(
            "--examples", type=int, default=0, metavar="N", help=f"accepted traces shown first, 0 to {MAX_EXAMPLES}"
        )
        parser.add_argument("--vary-examples", action="store_true", help="other examples for every sample")
        parser.add_argument(
            "--vary",
            nargs="+",
            default=[],
            choices=["symmetries", "colours", "order"],
            help="show ARC tasks turned, recoloured, with their pairs in another order",
        )
        parser.add_argument(
            "--memory", type=int, default=0, metavar="N",
            help=f"traces of the nearest other problems shown first, looked up when asked, 0 to {MOST_REMEMBERED}",
        )  # fmt: skip
        parser.add_argument(
            "--memory-from", default=MemorySource.PEOPLE.value, metavar="SOURCE",
            help="people, verifiers, or the id of a release; by default people",
        )  # fmt: skip
        parser.add_argument(
            "--memory-any-split", action="store_true", help="traces of problems of the evaluation split too"
        )
        parser.add_argument(
            "--memory-near", type=float, default=NEAR, metavar="SHARE", help="near duplicates from; none is shown"
        )
        parser.add_argument(
            "--memory-embedder", default="", metavar="NAME", help="a model whose embeddings say what is near, for words"
        )
        parser.add_argument("--seed", type=int, help="the same seed draws the same samples; by default a new one")
        parser.add_argument("--title", type=title, help="by default it says what is sampled")
        parser.add_argument("--budget-seconds", type=int, metavar="S", help="pause the run after so much wall time")
        parser.add_argument("--budget-cost", type=Decimal, metavar="MONEY", help="start no call that might exceed it")
        parser.add_argument("--budget-tokens", type=int, metavar="N", help="input and output together")
        parser.add_argument("--fresh", action="store_true", help="use no answer that an earlier run has paid for")
        parser.add_argument(
            "--steps",
            default="",
            metavar="WAY",
            help=f"cut traces at {', '.join(filter(None, SEGMENTATIONS))}, or by the language model so named",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="plan nothing; print the estimate and the exact first prompts"
        )
        parser.add_argument("--wait", action="store_true", help="show progress until the run has ended")

    def handle(self, *_: Any, **options: Any) -> None:
        problem_set = self._problem_set(options["set_name"])
        problems = self._problems(problem_set, options)
        sampler = self._sampler(options["sampler"])
        views = options["views"] or (_usual_in_worlds(problems) if sampler.is_chat else [])
        instructions = self._instructions(sampler, views, options["strategy"])
        try:
            plan = self._plan(problems, instructions, options)
            plan.check(sampler)
            kept: dict[str, Any] = {"recalls": not options["fresh"]}
            if sampler.is_chat:
                kept |= self._estimate(plan, sampler)
            if options["dry_run"]:
                self._preview(plan, sampler, options["seed"])
                return
            run = plan_run(
                actor=None,
                title=options["title"] or plan_title(plan, problem_set)[:MAX_TITLE],
                sampler=sampler,
                plan=plan,
                seed=options["seed"],
                problem_set=problem_set,
                budget=Budget(options["budget_seconds"], options["budget_cost"], options["budget_tokens"]),
                options=kept,
                cutting=self._cutting(options["steps"]),
            )
        except Fault as fault:
            raise CommandError(str(fault)) from fault
        up_to = f", up to {plan.most:,}" if plan.most > plan.size else ""
        self.stdout.write(
            f"Run {run.pk}: {run.planned_count:,} samples planned{up_to}, seed {run.seed}, at /runs/{run.pk}/"
        )
        if options["wait"]:
            self._wait(run)

    def _plan(self, problems: list[Problem], instructions: list[Instruction], options: dict[str, Any]) -> Plan:
        """The plan that the options describe. Raises PlanError."""
        temperatures, spread = read_temperatures(" ".join(options["temperatures"]))
        settings: dict[str, int] = {}
        for word in options["strategy_settings"]:
            name, _, value = word.partition("=")
            if not value.isascii() or not value.isdigit():
                raise PlanError(f"--setting: found {word!r}, expected NAME=N with a whole number.")
            settings[name] = int(value)
        return Plan(
            problems,
            instructions,
            temperatures,
            options["samples"],
            spread=spread,
            strategy=options["strategy"],
            settings=settings,
            diversity=Diversity(
                examples=options["examples"],
                examples_vary=options["vary_examples"],
                **dict.fromkeys(options["vary"], True),
            ),
            step_scorer=find_step_scorer(options["step_scorer"]),
            step_judge=find_step_judge(options["step_judge"], options["step_rubric"]),
            mind=_mind(options["mind"]),
            mind_parts=options["mind_parts"],
            memory=_memory(options) if options["memory"] else NO_MEMORY,
        )

    def _problem_set(self, name: str | None) -> ProblemSet | None:
        if name is None:
            return None
        found = ProblemSet.objects.filter(name=name).first()
        if found is None:
            known = ", ".join(ProblemSet.objects.order_by("name").values_list("name", flat=True)) or "none yet"
            raise CommandError(f"--set: found no set named {name!r}; there are: {known}.")
        return found

    def _problems(self, problem_set: ProblemSet | None, options: dict[str, Any]) -> list[Problem]:
        problems = Problem.objects.order_by("pk").only("pk", "kind", "name", "content_hash")
        if problem_set is not None:
            problems = problems.filter(problem_set=problem_set)
        if options["problems"]:
            problems = problems.filter(name__in=options["problems"])
            if missing := sorted(set(options["problems"]) - {problem.name for problem in problems}):
                raise CommandError(f"--problems: found none named {', '.join(missing)}.")
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError(f"--limit: found {options['limit']}, expected at least 1.")
        return list(problems[: options["limit"]])

    def _sampler(self, name: str) -> Sampler:
        """The newest version of the sampler so named."""
        if name == SYMBOLIC:
            return ensure_symbolic()
        if name in SHIPPED_AGENTS:
            ensure_agents()
        known = {sampler.name: sampler for sampler in list_samplers() if sampler.kind != Sampler.Kind.IMPORTED}
        if name not in known:
            raise CommandError(f"--sampler: found {name!r}, expected one of {', '.join({SYMBOLIC: 0, **known})}.")
        return known[name]

    def _cutting(self, way: str) -> Cutting:
        """How traces are cut into steps."""
        if way in SEGMENTATIONS:
            return Cutting(way)
        models = {sampler.name: sampler for sampler in list_samplers() if sampler.has_endpoint}
        if way not in models:
            known = ", ".join([*filter(None, SEGMENTATIONS), *models])
            raise CommandError(f"--steps: found {way!r}, expected one of {known}.")
        return Cutting(sampler=models[way])

    def _estimate(self, plan: Plan, sampler: Sampler) -> dict[str, int]:
        """Say what the plan would take; returns what is kept with it."""
        estimate = estimate_plan(plan=plan, sampler=sampler)
        calls = f"{estimate.calls:,} calls"
        calls += f" (up to {estimate.most_calls:,})" if estimate.most_calls > estimate.calls else ""
        cost = "an unknown cost" if estimate.cost is None else f"a cost of {estimate.cost:.2f}"
        if estimate.cost is not None and estimate.most_cost is not None and estimate.most_cost > estimate.cost:
            cost += f" (at most {estimate.most_cost:.2f})"
        self.stdout.write(
            f"Estimate: {calls}, {estimate.input_tokens:,} tokens in, {estimate.output_tokens:,} out, {cost}."
        )
        limit_note = note_of_plan(costs={sampler.name: estimate.cost}, person_id=None)
        notes = estimate.temperature_note, estimate.memory_note, estimate.judge_note, estimate.serving_note
        for note in filter(None, (*notes, limit_note)):
            self.stdout.write(note)
        return {"prompt_tokens": estimate.prompt_tokens}

    def _preview(self, plan: Plan, sampler: Sampler, seed: int | None) -> None:
        """Print what the plan would begin with. Raises CommandError for a prompt that cannot be made."""
        up_to = f", up to {plan.most:,}" if plan.most > plan.size else ""
        self.stdout.write(f"{plan.size:,} samples of {len(plan.problems):,} problems{up_to}. Nothing is planned.")
        if not sampler.is_chat:
            self.stdout.write(f"{sampler} is sent no prompts.")
            return
        seed = draw_seed() if seed is None else seed
        try:
            shown = first_prompts(plan=plan, sampler=sampler, seed=seed)
        except (PromptError, ProblemError, RequestError) as fault:
            raise CommandError(str(fault)) from fault
        for found in shown:
            self.stdout.write(
                f"The first prompts of {found.problem.name} with seed {seed}, {len(found.prompts)} that differ of "
                f"{found.planned:,} samples in the first round:"
            )
            for prompt in found.prompts:
                self.stdout.write(_prompt_text(prompt))

    def _instructions(self, sampler: Sampler, views: list[str], strategy: str) -> list[Instruction]:
        if sampler.is_chat:
            found = {row.name: row for row in current_instructions(Instruction.Suits.CHAT)}
            if unknown := [name for name in views if name not in found]:
                raise CommandError(f"--instructions: found {unknown[0]!r}, expected some of {', '.join(found)}.")
            if not views and STRATEGIES[strategy].writes_programs:
                views = [expert_name(view) for view in TWENTY_EXPERTS]
            if not views:
                raise CommandError(f"--instructions: found none, expected some of {', '.join(found)}.")
            return [found[name] for name in dict.fromkeys(views)]
        if sampler.is_agent:
            if views:
                raise CommandError(f"--instructions: found {views[0]!r}, expected none for an agent.")
            return [ensure_episode_instruction()]
        known = {instruction.view: instruction for instruction in ensure_symbolic_views()}
        if unknown := [view for view in views if view not in known]:
            raise CommandError(f"--views: found {unknown[0]!r}, expected some of {', '.join(known)}.")
        usual = [view for view in known if view in STEP_VIEWS or not STRATEGIES[strategy].steps]
        return [known[view] for view in dict.fromkeys(views or usual)]

    def _wait(self, run: Run) -> None:
        follow_job(self, run, "run", lambda run: progress_line(run, most_attempts(run)))
        if run.state != Run.State.FINISHED:
            raise CommandError(f"Run {run.pk} is {run.state}. {run.state_reason}".strip())


def _usual_in_worlds(problems: list[Problem]) -> list[str]:
    """The one instruction by which models act in worlds, where all problems are episodes; else none."""
    kinds = {problem.kind for problem in problems}
    return [KINDS[ProblemKind(kind)].usual_instruction for kind in kinds] if kinds and kinds <= set(EPISODES) else []


def _mind(key: int | None) -> Mind | None:
    """The mind of that number. Raises PlanError."""
    found = None if key is None else Mind.objects.defer("weights").filter(pk=key).first()
    if key is not None and found is None:
        raise PlanError(f"--mind: found none with the number {key}; its page has it.")
    return found


def _memory(options: dict[str, Any]) -> Memory:
    """The memory that the options describe. Raises PlanError."""
    source, release = options["memory_from"], None
    if source.isascii() and source.isdigit():
        source, release = MemorySource.RELEASE.value, int(source)
    if source not in (each.value for each in MemorySource) or (source == MemorySource.RELEASE and release is None):
        raise PlanError(f"--memory-from: found {source[:40]!r}, expected people, verifiers or the id of a release.")
    name, embedder = options["memory_embedder"], None
    if name:
        embedder = Sampler.objects.filter(name=name).order_by("-version").values_list("pk", flat=True).first()
        if embedder is None:
            raise PlanError(f"--memory-embedder: found {name[:40]!r}, expected the name of a sampler.")
    return Memory(
        embedder=embedder,
        count=options["memory"],
        source=MemorySource(source),
        release=release,
        any_split=options["memory_any_split"],
        near=options["memory_near"],
    )


def _settings_of(strategy: Strategy) -> str:
    """The settings of a strategy with their defaults, for the help."""
    return f"{strategy.name}: {', '.join(f'{each.name}={each.default}' for each in strategy.parameters) or 'none'}"


def _prompt_text(prompt: FirstPrompt) -> str:
    """A prompt with what is special about it, message by message."""
    remarks = [f"T {prompt.temperature:g}", f"about {prompt.tokens:,} tokens"]
    remarks += [prompt.variation] if prompt.variation else []
    remarks += [f"{prompt.missing_examples} examples missing"] if prompt.missing_examples > 0 else []
    remarks += [f"SHOWS {prompt.leak}"] if prompt.leak else []
    turns = [f"[{turn['role']}]\n{turn['content']}" for turn in prompt.turns]
    text = "\n\n".join([f"\n=== {prompt.instruction} ({', '.join(remarks)})", *turns])
    # Problems are untrusted, and terminals obey control characters.
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)


def progress_line(run: Run, most: int | None = None) -> str:
    """A bar with counts, of constant width as long as the plan is the same; `most` is what the run may come to."""
    ended = run.done_count + run.failed_count + run.cancelled_count
    whole = max(most or 0, run.planned_count)
    filled = BAR_WIDTH * ended // whole
    width = len(f"{whole:,}")
    up_to = "up to " if whole > run.planned_count else ""
    counts = f"{ended:>{width},} of {up_to}{whole:,}, {run.failed_count:>{width},} without a sample"
    verdicts = f"{run.verified_count:>{width},} verified, {run.correct_count:>{width},} right"
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {counts}, {verdicts}"
