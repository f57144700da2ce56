"""Ask for one answer from the command line: spend a budget on one problem and print what it comes to."""

import sys
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from trajectories.core.consolidation.ways import WAYS, Value
from trajectories.core.faults import Fault
from trajectories.core.problems.arc import render_grid
from trajectories.core.problems.grids import GridError, parse_grid
from trajectories.core.problems.kinds import is_grids
from trajectories.core.records import JSON, ProblemKind
from trajectories.core.strategies import STRATEGIES
from trajectories.forms.asks import instructions_for
from trajectories.management.commands.sample import progress_line
from trajectories.management.drawing import draw_here
from trajectories.models import Problem, Run, Sampler
from trajectories.selectors.asks import Answer, Consolidated, consolidate
from trajectories.selectors.runs import most_attempts
from trajectories.selectors.samplers import list_samplers
from trajectories.services.endpoints.samplers import SYMBOLIC, ensure_symbolic
from trajectories.services.problems.asked import QUESTION_KINDS, AskError, find_problem, keep_question, keep_task
from trajectories.services.prompts.instructions import ensure_shipped_instructions, ensure_symbolic_views
from trajectories.services.runs.asking import USUAL_SAMPLES, Asked, ask, find_way
from trajectories.services.runs.plans import PARALLEL, Budget, PlanError

LONGEST = 2_000
"""Characters of a text answer that are printed."""


class Command(BaseCommand):
    help = "Spend a budget on one problem and print one answer, how sure it is, and the traces behind it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--problem", metavar="ID", help="the number or name of a problem that is here")
        what.add_argument("--task", type=Path, metavar="FILE", help="a .json file with one ARC task")
        what.add_argument("--question", metavar="TEXT", help="a question, for a language model")
        parser.add_argument(
            "--kind",
            choices=[kind.value for kind in QUESTION_KINDS],
            default=ProblemKind.TEXT.value,
            help="what the answer to the question is",
        )
        parser.add_argument("--sampler", default=SYMBOLIC, metavar="NAME", help="by default the symbolic search")
        parser.add_argument("--samples", type=int, default=USUAL_SAMPLES, metavar="N", help="at most so many")
        parser.add_argument("--tokens", type=int, metavar="N", help="at most so many, input and output together")
        parser.add_argument("--cost", type=Decimal, metavar="MONEY", help="start no call that might exceed it")
        parser.add_argument("--seconds", type=int, metavar="S", help="stop after so much wall time")
        parser.add_argument("--strategy", default=PARALLEL, choices=STRATEGIES, help="how the samples are spent")
        parser.add_argument(
            "--setting", dest="settings_given", nargs="+", default=[], metavar="NAME=N", help="settings of the strategy"
        )
        parser.add_argument(
            "--way",
            default="",
            choices=[way.name for way in WAYS.values() if Value.SCORE not in way.needs],
            help="how samples become one answer; by default rank sums for ARC, else the majority",
        )
        parser.add_argument("--seed", type=int, help="the same seed draws the same samples")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            # What is refused leaves nothing, not even the problem that was asked about.
            with transaction.atomic():
                ensure_shipped_instructions()
                ensure_symbolic_views()
                sampler = self._sampler(options["sampler"])
                problem = self._problem(sampler, options)
                run = ask(actor=None, asked=self._asked(problem, sampler, options), seed=options["seed"])
        except Fault as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"Run {run.pk}, at most {most_attempts(run):,} samples, seed {run.seed}, at /ask/{run.pk}/")
        self._draw(run)
        self._tell(run, consolidate(run, problem, find_way(problem.kind, options["way"])), problem)
        if run.state not in (Run.State.FINISHED, Run.State.PAUSED):
            raise CommandError(f"Run {run.pk} is {run.state}. {run.state_reason}".strip())

    def _sampler(self, name: str) -> Sampler:
        if name == SYMBOLIC:
            return ensure_symbolic()
        kinds = (Sampler.Kind.IMPORTED, Sampler.Kind.AGENT)
        known = {sampler.name: sampler for sampler in list_samplers() if sampler.kind not in kinds}
        if name not in known:
            raise CommandError(f"--sampler: found {name!r}, expected one of {', '.join({SYMBOLIC: 0, **known})}.")
        return known[name]

    def _problem(self, sampler: Sampler, options: dict[str, Any]) -> Problem:
        """Raises AskError."""
        if options["problem"] is not None:
            return find_problem(options["problem"])
        if options["question"] is not None:
            if not sampler.is_chat:
                raise AskError(f"{sampler} solves ARC tasks; a question needs a language model (--sampler).")
            return keep_question(actor=None, text=options["question"], kind=ProblemKind(options["kind"]))
        try:
            with options["task"].open("rb") as stream:
                return keep_task(actor=None, name=options["task"].name, stream=stream)
        except OSError as fault:
            raise CommandError(f"--task: {options['task'].name} cannot be read: {fault.strerror}.") from fault

    def _asked(self, problem: Problem, sampler: Sampler, options: dict[str, Any]) -> Asked:
        settings: dict[str, int] = {}
        for word in options["settings_given"]:
            name, _, value = word.partition("=")
            if not value.isascii() or not value.isdigit():
                raise PlanError(f"--setting: found {word!r}, expected NAME=N with a whole number.")
            settings[name] = int(value)
        return Asked(
            problem=problem,
            sampler=sampler,
            instructions=instructions_for(sampler, problem.kind, options["strategy"]),
            samples=options["samples"],
            strategy=options["strategy"],
            settings=settings,
            way=options["way"],
            budget=Budget(options["seconds"], options["cost"], options["tokens"]),
        )

    def _draw(self, run: Run) -> None:
        shown = ""

        def show(now: Run) -> None:
            nonlocal shown
            line = progress_line(now, most_attempts(now))
            if line != shown and sys.stdout.isatty():
                self.stdout.write(f"\r{line:<{len(shown)}}", ending="")
                self.stdout.flush()
            shown = line

        draw_here(run, on_progress=show)
        self.stdout.write(f"\r{shown}" if sys.stdout.isatty() else shown)

    def _tell(self, run: Run, found: Consolidated, problem: Problem) -> None:
        if run.state == Run.State.PAUSED:
            self.stdout.write(f"The run is paused: {run.state_reason}")
        if not found.is_answered:
            self.stdout.write(f"No answer: {found.samples:,} samples, {found.silent:,} of them without one.")
            return
        for each in found.asked:
            for rank, answer in enumerate(guess for guess in each.answers if guess.is_guess):
                head = f"Test output {each.number}" if each.number else "Answer"
                head += f", guess {rank + 1}" if found.way.guesses > 1 else ""
                self.stdout.write(f"\n{head} ({found.way.title}, {answer.share:.1%} of the weight):")
                self.stdout.write(_written(answer, problem))
                traces = ", ".join(f"/traces/{key}/" for key in answer.traces)
                self.stdout.write(f"From {answer.samples:,} of {found.samples:,} samples: {traces}")
        if found.majority is not None:
            self.stdout.write(f"\nThe commonest answer has {found.majority:.1%} of the votes. {_meant(found)}")


def _meant(found: Consolidated) -> str:
    if found.meant is None:
        return "What such a share means is not known: this sampler agreed so on no problem with a reference."
    meant = found.meant
    return (
        f"Where {meant.low_share:.0%} to {meant.high_share:.0%} of this sampler's samples agreed, the answer was right "
        f"on {meant.right:.1%} of {meant.problems:,} problems with a reference."
    )


def _written(answer: Answer, problem: Problem) -> str:
    """An answer for a terminal: grids as digits, a text without control characters."""
    if not is_grids(problem.kind):
        return _plain(str(answer.value))
    return "\n\n".join(_grid(value) for value in answer.value or ())


def _grid(value: JSON) -> str:
    try:
        return render_grid(parse_grid(value))
    except GridError:
        return "(no grid)"


def _plain(text: str) -> str:
    shown = "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)
    return (
        shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}… ({len(shown):,} characters; the rest is in the trace)"
    )
