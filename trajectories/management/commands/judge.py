"""Let a language model judge traces from the command line, and wait for it if asked."""

from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.http import QueryDict

from trajectories.core.selections import Selection
from trajectories.core.verifiers.model_judge import Form
from trajectories.forms.traces import TraceScopeForm
from trajectories.management.following import follow_job
from trajectories.models import JudgeJob, Rubric, Sampler
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.judging import report_on
from trajectories.selectors.rubrics import current_rubrics
from trajectories.selectors.samplers import list_samplers
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.judging.jobs import JudgeJobError, JudgePlan, estimate_judge_job, plan_judge_job
from trajectories.services.prompts.rubrics import ensure_shipped_rubrics
from trajectories.services.spending.holding import note_of_plan

BAR_WIDTH = 40


class Command(BaseCommand):
    help = "Judge traces by a language model: plan a job, ring a worker, and with --wait follow it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--traces",
            default="",
            metavar="QUERY",
            help="which, as in the address of the trace list: 'run=3&correctness=pass'; by default all",
        )
        parser.add_argument(
            "--sampler",
            required=True,
            metavar="NAME",
            help="the language model that judges; symbolic for values of steps of programs",
        )
        parser.add_argument("--rubric", default="correctness", metavar="NAME", help="by default correctness")
        parser.add_argument("--compare", type=int, metavar="K", help="compare each with K others instead of grading it")
        parser.add_argument("--steps", action="store_true", help="ask for the first wrong step instead of a grade")
        parser.add_argument(
            "--values", type=int, metavar="N", help="go on N times from each step and have that verified, by no rubric"
        )
        parser.add_argument("--seed", type=int, default=1, help="draws the opponents; another asks anew; by default 1")
        parser.add_argument("--budget-cost", type=Decimal, metavar="MONEY", help="start no call that might exceed it")
        parser.add_argument("--budget-tokens", type=int, metavar="N", help="input and output together")
        parser.add_argument("--dry-run", action="store_true", help="only say what it would take")
        parser.add_argument("--wait", action="store_true", help="show progress until the job has ended")

    def handle(self, *_: Any, **options: Any) -> None:
        form = self._form(options)
        plan = JudgePlan(
            scope=self._scope(options["traces"]),
            sampler=self._sampler(options["sampler"]),
            rubric=None if form == Form.VALUES else self._rubric(options["rubric"]),
            form=form,
            completions=options["values"] or 0,
            opponents=options["compare"] or 0,
            seed=options["seed"],
        )
        try:
            self._say_estimate(plan)
            if options["dry_run"]:
                return
            budget = CallBudget(options["budget_cost"], options["budget_tokens"])
            job = plan_judge_job(actor=None, plan=plan, budget=budget)
        except JudgeJobError as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"Job {job.pk}: {job.total_count:,} traces, at /judging/{job.pk}/")
        if options["wait"]:
            self._wait(job)

    def _form(self, options: dict[str, Any]) -> Form:
        forms = (("steps", Form.STEPS), ("compare", Form.COMPARE), ("values", Form.VALUES))
        asked = [(name, form) for name, form in forms if options[name] is not None and options[name] is not False]
        if len(asked) > 1:
            found = " and ".join(f"--{name}" for name, _ in asked)
            raise CommandError(f"Found {found}, expected one of them: a job asks one thing.")
        return asked[0][1] if asked else Form.GRADE

    def _scope(self, query: str) -> Selection:
        form = TraceScopeForm(QueryDict(query))
        unknown = sorted(set(QueryDict(query)) - set(form.fields))
        if unknown or not form.is_valid():
            name = unknown[0] if unknown else next(iter(form.errors))
            raise CommandError(f"--traces: found {name[:40]!r}, expected filters of the trace list such as run=3.")
        return form.scope()

    def _sampler(self, name: str) -> Sampler:
        kinds = (Sampler.Kind.CHAT, Sampler.Kind.SYMBOLIC)
        known = {sampler.name: sampler for sampler in list_samplers() if sampler.kind in kinds}
        if name not in known:
            raise CommandError(f"--sampler: found {name!r}, expected one of {', '.join(known) or 'none yet'}.")
        return known[name]

    def _rubric(self, name: str) -> Rubric:
        ensure_shipped_rubrics()
        known = {rubric.name: rubric for rubric in current_rubrics()}
        if name not in known:
            raise CommandError(f"--rubric: found {name!r}, expected one of {', '.join(known)}.")
        return known[name]

    def _say_estimate(self, plan: JudgePlan) -> None:
        found = estimate_judge_job(plan=plan)
        cost = "an unknown cost" if found.cost is None else f"a cost of {found.cost:.2f}"
        self.stdout.write(
            f"Estimate: {found.calls:,} calls, {found.input_tokens:,} tokens in, {found.output_tokens:,} out, {cost}."
        )
        if found.temperature_note:
            self.stdout.write(f"{found.temperature_note} Judges are planned at 0.")
        if note := note_of_plan(costs={plan.sampler.name: found.cost}, person_id=None, noun="job"):
            self.stdout.write(note)

    def _wait(self, job: JudgeJob) -> None:
        follow_job(self, job, "job", progress_line)
        self._say_agreement(job)
        if job.state != JudgeJob.State.FINISHED:
            raise CommandError(f"Job {job.pk} is {job.state}. {job.state_reason}".strip())

    def _say_agreement(self, job: JudgeJob) -> None:
        report = report_on(job, EVERYTHING)
        for name, found in (("the reference answer", report.reference), ("people", report.people)):
            if found.total:
                kappa = "undefined" if found.kappa is None else f"{found.kappa:.2f}"
                self.stdout.write(f"Agrees with {name} on {found.percent}% of {found.total:,} traces, kappa {kappa}.")


def progress_line(job: JudgeJob) -> str:
    """A bar with counts, of constant width as long as the job is the same."""
    filled = BAR_WIDTH * job.done_count // max(1, job.total_count)
    width = len(f"{job.total_count:,}")
    counts = f"{job.done_count:>{width},} of {job.total_count:,} judged, {job.error_count:>{width},} errors"
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {counts}, {job.call_count:,} calls, cost {job.cost:.4f}"
