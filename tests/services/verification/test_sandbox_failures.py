"""Programs that fail in the sandbox are counted by why, once each, with the verdicts that they led to."""

import pytest
from django.conf import settings

from tests import factories
from trajectories.adapters.sandbox import shared_engine
from trajectories.core.programs.engines import CallResult, CallStatus, ProgramJob, ProgramLimits, ProgramRun
from trajectories.core.records import Outcome, VerdictRecord
from trajectories.models import Tally
from trajectories.services.verification import sandbox_failures
from trajectories.services.verification.sandbox_failures import note_run
from trajectories.services.verification.verdicts import TraceTools, append_verdicts

pytestmark = pytest.mark.django_db
FOR_EVER = "def transform(grid):\n    while True:\n        pass\n"
WELL = "def transform(grid):\n    return grid\n"


@pytest.fixture(autouse=True)
def nothing_noted(monkeypatch):
    monkeypatch.setattr(sandbox_failures, "_noted", type(sandbox_failures._noted)())


def counted() -> dict[str, int]:
    append_verdicts([(factories.make_trace(), [VerdictRecord("numeric", 1, Outcome.PASS, message="", score=1.0)])])
    return dict(Tally.objects.filter(name=Tally.SANDBOX_FAILURES).values_list("label", "count"))


def test_a_program_that_runs_out_of_time_is_counted_once_and_one_that_ends_never():
    tools = TraceTools(shared_engine(settings.PROGRAM_ENGINE, settings.PROGRAM_ENVIRONMENT))
    limits = ProgramLimits(seconds_per_call=0.3, seconds_total=0.6)
    for source in (FOR_EVER, FOR_EVER, WELL):
        tools.run_program(ProgramJob(source, (([[1]],), ([[2]],)), limits=limits))
    assert not Tally.objects.filter(name=Tally.SANDBOX_FAILURES).exists(), "only with what came of it"
    assert counted() == {"time": 1}
    assert counted() == {"time": 1}, "nothing is counted twice"


def test_each_kind_of_failure_has_its_name():
    ends = (CallStatus.CRASHED, CallStatus.MEMORY, CallStatus.MEMORY, CallStatus.RAISED, CallStatus.RETURNED)
    note_run(ProgramRun(tuple(CallResult(end) for end in ends), "an engine"))
    note_run(ProgramRun((CallResult(CallStatus.MEMORY),), "an engine"))
    assert counted() == {"died": 1, "memory": 2}
