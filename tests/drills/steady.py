"""A run and imported traces that take a few seconds with `tests.drills.worker_steady`, and what has to come of them."""

from collections import Counter
from typing import Any
from unittest.mock import patch

from tests import factories
from tests.factories import assert_counters_add_up
from tests.worker import wait_for
from trajectories.models import PendingVerification, Run, Trace, Verdict
from trajectories.services.jobs import ringers

PROBLEMS, SAMPLES, IMPORTED = 3, 8, 20
"""A round is seven seconds of sampling and verifying."""
DRAWN = "drawn"
"""The file in the data folder with a line for each sample that was drawn, as often as it was."""


def plan_work(**values: Any) -> Run:
    """A run, and imported traces without a verdict; no bell is rung for any of them: a sweep finds them."""
    with patch.dict(ringers._ringers, {"run": lambda _: None}):
        run = factories.plan(
            sampler=factories.make_sampler(kind="mirror"), samples_each=SAMPLES,
            problems=[factories.make_problem() for _ in range(PROBLEMS)], **values,
        )  # fmt: skip
    problem = factories.make_problem()
    traces = [factories.make_trace(problem=problem, run=None) for _ in range(IMPORTED)]
    PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in traces])
    return run


def reached(run: Run) -> int:
    """How much is sampled and verified."""
    run.refresh_from_db()
    return run.done_count + run.verified_count + IMPORTED - PendingVerification.objects.filter(trace__run=None).count()


def wait_for_the_middle(run: Run) -> None:
    """Until a third is sampled and verified; fails where it was all done before something was killed."""
    all_of_it = 2 * PROBLEMS * SAMPLES + IMPORTED
    wait_for(lambda: reached(run) >= all_of_it / 3, "work to go on")
    assert reached(run) < all_of_it, "it is over before anything was killed"


def assert_each_came_out_once(run: Run) -> None:
    """As many traces as were planned, each with one verdict of each verifier, and nothing left."""
    wait_for(lambda: (run.refresh_from_db(), run.state == "finished")[1], "the end of the run")
    wait_for(lambda: not PendingVerification.objects.exists(), "every verdict")
    assert_counters_add_up(run)
    assert (run.done_count, run.verified_count) == (PROBLEMS * SAMPLES, PROBLEMS * SAMPLES)
    assert run.attempts.values("problem", "ordinal").distinct().count() == PROBLEMS * SAMPLES
    verdicts = Counter(Verdict.objects.values_list("trace", "verifier"))
    assert set(verdicts.values()) == {1}, "no trace is verified twice"
    assert {trace for trace, _ in verdicts} == set(Trace.objects.values_list("pk", flat=True)), "and none is forgotten"
