"""Verdicts on programs that ran in an engine which is not Python in every respect."""

from dataclasses import replace

from trajectories.core.programs.engines import ProgramRun
from trajectories.core.records import Outcome, VerdictRecord


def spare_program(verdict: VerdictRecord, run: ProgramRun) -> VerdictRecord:
    """The verdict on a program; unscored in place of a fail that may be the engine's doing.

    A pass stays one: every value was the expected one.
    """
    if run.faithful or verdict.outcome is not Outcome.FAIL:
        return verdict
    engine = run.engine.split(" / ")[0]
    message = f"{verdict.message}. {engine} is not Python in every respect, so this is no fail"
    return replace(verdict, outcome=Outcome.UNSCORED, message=message, score=None)
