"""Outcomes of attempts: storing the samples among them together, and keeping the failures as data."""

import uuid
from collections.abc import Sequence

from django.db import DataError

from trajectories.core.records import SampleFailure, SampleResult
from trajectories.models import Attempt
from trajectories.services.runs.attempts import fail_attempt
from trajectories.services.runs.requests import finish_result
from trajectories.services.traces.storing import build_attempted, store_built

RESULT_FAULT = "result"


def keep_outcomes(
    outcomes: Sequence[tuple[Attempt, SampleResult | SampleFailure]], token: uuid.UUID
) -> tuple[list[int], bool]:
    """(ids of the traces, whether every lease was still ours). What can be stored together is; what the database does
    not take is a failure of its own and spoils no other sample."""
    built, failed = [], []
    for attempt, outcome in outcomes:
        if isinstance(outcome, SampleFailure):
            failed.append((attempt, outcome))
            continue
        try:
            built.append(build_attempted(attempt, finish_result(attempt, outcome)))
        except (ValueError, TypeError, RecursionError) as fault:
            failed.append((attempt, _unstorable(fault, outcome)))
    traces: list[int | None] = []
    try:
        traces += store_built(built=built, lease_token=token) if built else []
    except DataError:
        for item in built:
            try:
                traces += store_built(built=[item], lease_token=token)
            except DataError as fault:
                failed.append((item.attempt, _unstorable(fault, item.result)))
    kept = [fail_attempt(attempt=attempt, lease_token=token, failure=failure) for attempt, failure in failed]
    return [key for key in traces if key is not None], all(kept) and None not in traces


def _unstorable(fault: Exception, result: SampleResult) -> SampleFailure:
    """A sample that cannot be kept is paid for all the same."""
    message = f"The result could not be stored: {fault}"
    return SampleFailure(RESULT_FAULT, message, usage=result.usage, cost=result.cost)
