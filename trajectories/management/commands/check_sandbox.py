"""Show whether programs and answers of traces are kept in on this machine, probe by probe."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from trajectories.adapters.expressions import ENCLOSURE
from trajectories.adapters.sandbox import (
    ENGINE_CHOICES,
    BubblewrapEngine,
    MontyEngine,
    installed_environment,
    self_check,
)
from trajectories.adapters.sandbox.enclosed import EnclosedChild
from trajectories.adapters.sandbox.enclosing import probe
from trajectories.adapters.sandbox.process import SandboxUnavailableError
from trajectories.adapters.sandbox.self_check import ProbeResult
from trajectories.core.problems.procedural_families import READ_AS_CODE
from trajectories.core.programs.engines import ProgramEngine


class Command(BaseCommand):
    help = "Probe both sandbox engines. Exit code 1 where the one that PROGRAM_ENGINE chooses does not isolate."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--engine", choices=ENGINE_CHOICES, default=settings.PROGRAM_ENGINE)

    def handle(self, *_args: Any, **options: Any) -> None:
        choice: str = options["engine"]
        if choice not in ENGINE_CHOICES:
            self.stderr.write(f"PROGRAM_ENGINE: found {choice!r}, expected one of {', '.join(ENGINE_CHOICES)}")
            sys.exit(1)
        safe = {"bubblewrap": self._check_bubblewrap(settings.PROGRAM_ENVIRONMENT), "monty": self._check(MontyEngine())}
        chosen = choice if choice != "auto" else "bubblewrap" if safe["bubblewrap"] else "monty"
        enclosed = self._check_answers()
        self.stdout.write(_answers_verdict(choice, enclosed=enclosed))
        self.stdout.write(f"PROGRAM_ENGINE={choice} uses {chosen}, which {_verdict(safe[chosen])}.")
        if not safe[chosen] or (choice == "bubblewrap" and not enclosed):
            sys.exit(1)

    def _check_bubblewrap(self, environment: Path) -> bool:
        installed = installed_environment(environment)
        try:
            engine = BubblewrapEngine(installed)
            isolates = self._check(engine)
        except SandboxUnavailableError as fault:
            self.stdout.write(f"bubblewrap\n  cannot be used: {fault}\n")
            return False
        if installed is None:
            self.stdout.write(f"  note: no environment at {environment}: programs have the standard library only\n")
        return isolates

    def _check_answers(self) -> bool:
        """Whether our own code over answers is kept in; its probes are shown."""
        self.stdout.write("answers, in bubblewrap")
        child = EnclosedChild(ENCLOSURE)
        try:
            results = probe(child)
        except (SandboxUnavailableError, TimeoutError, EOFError, OSError) as fault:
            self.stdout.write(f"  cannot be used: {fault}\n")
            return False
        finally:
            child.close()
        return self._show(results)

    def _show(self, results: Sequence[ProbeResult]) -> bool:
        for result in results:
            self.stdout.write(f"  {'ok  ' if result.passed else 'FAIL'}  {result.title}: {result.detail}")
        return all(result.passed for result in results)

    def _check(self, engine: ProgramEngine) -> bool:
        self.stdout.write(engine.name)
        try:
            results = self_check(engine)
        finally:
            engine.close()
        return self._show(results)


def _answers_verdict(choice: str, *, enclosed: bool) -> str:
    """What becomes of answers, in one line."""
    if enclosed and choice != "monty":
        return "Answers are scored and compared in bubblewrap."
    return (
        "Answers are scored and compared in child processes without a sandbox. Procedural families whose scorers "
        f"evaluate answers are unscored: {', '.join(READ_AS_CODE)}."
    )


def _verdict(safe: bool) -> str:
    return "keeps programs in on this machine" if safe else "does not keep programs in on this machine"
