"""Generate problems from the command line."""

from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trajectories.core.generation import GENERATORS, WRITERS
from trajectories.core.generation.arc_augmented import PARTS
from trajectories.core.generation.base import GenerationError, Recipe, usual_per_call
from trajectories.core.problems import ProblemError
from trajectories.core.problems.documents import parse_json_text
from trajectories.management.arguments import title
from trajectories.management.following import follow_job
from trajectories.models import Brief, GenerationJob, Instruction, ProblemSet, Sampler
from trajectories.models.job_kinds import out_of
from trajectories.selectors.briefs import list_briefs
from trajectories.selectors.generation import get_generation_progress
from trajectories.selectors.instructions import current_instructions
from trajectories.selectors.samplers import list_samplers
from trajectories.services.endpoints.samplers import SYMBOLIC, ensure_symbolic
from trajectories.services.generation.jobs import Check, GenerationDraft, plan_generation
from trajectories.services.prompts.briefs import ensure_shipped_briefs
from trajectories.services.runs.plans import Budget

BAR_WIDTH = 40


class Command(BaseCommand):
    help = "Generate problems: plan a job, ring the workers, and with --wait follow it. What passes waits for review."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("generator", choices=list(GENERATORS), help="what makes the problems")
        parser.add_argument(
            "--set", dest="set_title", type=title, required=True, metavar="TITLE", help="where accepted ones go"
        )
        parser.add_argument("--wanted", type=int, default=20, metavar="N", help="problems that pass all checks")
        parser.add_argument("--sampler", metavar="NAME", help="the language model that writes")
        parser.add_argument("--brief", metavar="NAME", help="what it is told")
        parser.add_argument("--kind", default="", help="numeric, choice or text; by default as the brief says")
        parser.add_argument("--family", default="", help="what they are grouped by; of a procedural one, its name")
        parser.add_argument("--knobs", default="{}", metavar="JSON", help="of a procedural family")
        parser.add_argument(
            "--from", dest="source", metavar="SET", help="the set whose training problems to start from"
        )
        parser.add_argument("--vary", nargs="+", choices=PARTS, default=list(PARTS[:3]), help="of ARC tasks")
        parser.add_argument("--per-call", type=int, metavar="N")
        parser.add_argument("--words", type=int, default=3, metavar="N", help="drawn for each call")
        parser.add_argument("--features", type=int, default=1, metavar="N", help="drawn for each call")
        parser.add_argument("--temperature", type=float, default=1.0, metavar="T")
        parser.add_argument("--split", default="train", choices=("train", "eval"))
        parser.add_argument("--threshold", type=float, metavar="SHARE", help="similarity of a near duplicate")
        parser.add_argument("--solver", metavar="NAME", help="a language model, or symbolic for ARC tasks")
        parser.add_argument("--instruction", default="chain-of-thought", metavar="NAME", help="how the solver is asked")
        parser.add_argument("--samples", type=int, default=5, metavar="N", help="of the solver, for each problem")
        parser.add_argument("--share", type=float, default=0.6, help="of the samples that must agree")
        parser.add_argument("--budget-cost", type=Decimal, metavar="MONEY", help="start no call that might exceed it")
        parser.add_argument("--budget-tokens", type=int, metavar="N", help="input and output together")
        parser.add_argument("--most-calls", type=int, metavar="N")
        parser.add_argument("--seed", type=int, help="the same plan and seed draw the same; by default a new one")
        parser.add_argument("--wait", action="store_true", help="show progress until the job has ended")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            job = plan_generation(actor=None, plan=self._plan(options))
        except GenerationError as fault:
            raise CommandError(f"{fault.field}: {fault}" if fault.field else str(fault)) from fault
        self.stdout.write(
            f"Generation job {job.pk}: {job.wanted:,} problems wanted, seed {job.seed}, at /generation/{job.pk}/"
        )
        if options["wait"]:
            self._wait(job)

    def _plan(self, options: dict[str, Any]) -> GenerationDraft:
        generator = options["generator"]
        brief = self._brief(generator, options["brief"]) if generator in WRITERS else None
        recipe = Recipe(
            generator,
            seed=0,
            kind=options["kind"] or (brief.problem_kind if brief and generator == "constrained" else ""),
            family=options["family"],
            split=options["split"],
            per_call=options["per_call"] or usual_per_call(generator),
            words=() if brief is None else tuple(brief.words),
            words_each=0 if brief is None else min(options["words"], len(brief.words)),
            features=() if brief is None else tuple(brief.features),
            features_each=0 if brief is None else min(options["features"], len(brief.features)),
            template="" if brief is None else brief.template,
            parameters=self._parameters(generator, options),
        )
        return GenerationDraft(
            title="",
            recipe=recipe,
            wanted=options["wanted"],
            set_title=options["set_title"],
            sampler=self._sampler("--sampler", options["sampler"]) if generator in WRITERS else None,
            brief=brief,
            source_set=self._source(options["source"]) if GENERATORS[generator].source_kinds else None,
            temperature=options["temperature"],
            threshold=options["threshold"],
            check=self._check(options),
            budget=Budget(cost=options["budget_cost"], tokens=options["budget_tokens"]),
            most_calls=options["most_calls"],
            seed=options["seed"],
        )

    def _parameters(self, generator: str, options: dict[str, Any]) -> dict[str, Any]:
        if generator == "arc_augmented":
            return {part: part in options["vary"] for part in PARTS}
        if generator != "procedural":
            return {}
        try:
            knobs = parse_json_text(options["knobs"])
        except ProblemError as fault:
            raise CommandError(f"--knobs: {fault}.") from fault
        if not isinstance(knobs, dict):
            raise CommandError('--knobs: expected an object such as {"max_terms": 4}.')
        return {"family": options["family"], "knobs": knobs}

    def _brief(self, generator: str, name: str | None) -> Brief:
        ensure_shipped_briefs()
        known = {brief.name: brief for brief in list_briefs().filter(generator=generator)}
        if name is None:
            return next(iter(known.values()))
        if name not in known:
            raise CommandError(f"--brief: found {name!r}, expected one of {', '.join(known)}.")
        return known[name]

    def _source(self, name: str | None) -> ProblemSet:
        found = ProblemSet.objects.filter(name=name).first()
        if found is None:
            known = ", ".join(ProblemSet.objects.order_by("name").values_list("name", flat=True)) or "none yet"
            raise CommandError(f"--from: found {name!r}, expected one of {known}.")
        return found

    def _sampler(self, option: str, name: str | None) -> Sampler:
        """The newest version of the sampler so named."""
        known = {sampler.name: sampler for sampler in list_samplers() if sampler.has_endpoint}
        if name not in known:
            raise CommandError(
                f"{option}: found {name!r}, expected one of {', '.join(known) or 'none yet: add a model'}."
            )
        return known[name]

    def _check(self, options: dict[str, Any]) -> Check | None:
        name = options["solver"]
        if name is None:
            return None
        is_symbolic = name == SYMBOLIC
        instruction: Instruction | None = None
        if not is_symbolic:
            known = {row.name: row for row in current_instructions(Instruction.Suits.CHAT)}
            instruction = known.get(options["instruction"])
            if instruction is None:
                found = f"--instruction: found {options['instruction']!r}"
                raise CommandError(f"{found}, expected one of {', '.join(known)}.")
        solver = ensure_symbolic() if is_symbolic else self._sampler("--solver", name)
        return Check(solver, instruction, samples=options["samples"], share=options["share"])

    def _wait(self, job: GenerationJob) -> None:
        follow_job(self, job, "job", generation_line)
        if job.state != GenerationJob.State.FINISHED:
            raise CommandError(f"Generation job {job.pk} is {job.state}. {job.state_reason}".strip())
        if job.state_reason:
            self.stdout.write(job.state_reason)


def generation_line(job: GenerationJob) -> str:
    """A bar with counts."""
    progress = get_generation_progress(job)
    filled = min(BAR_WIDTH, BAR_WIDTH * progress.passed // job.wanted)
    counts = f"passed {out_of(progress.passed, job.wanted)}, {progress.proposed:,} proposed in {progress.calls:,} calls"
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {counts}, spent {job.cost.normalize():f}"
