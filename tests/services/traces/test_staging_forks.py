"""Large files are read by several processes, to the same lines and the same faults as by one."""

import io
import json
import os
from contextlib import ExitStack

import psutil
import pytest

from tests import factories
from tests.core.importers.shape_rows import CASES
from tests.services.imports.planned import let_the_lease_run_out, plan, row, work
from trajectories.adapters.forked import ForkError
from trajectories.adapters.spools import nameless_spool
from trajectories.models import Import, Trace
from trajectories.services.imports import jobs
from trajectories.services.imports.direct import import_traces
from trajectories.services.problems.imports import FaultTally
from trajectories.services.traces import staging, staging_forks
from trajectories.services.traces.finding import ProblemMaker
from trajectories.services.traces.staging import TraceStage, read_rows
from trajectories.services.traces.staging_forks import ForkedStage, open_stage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def forks(monkeypatch):
    """Every file is large, and batches are small."""
    monkeypatch.setattr(staging_forks, "LARGE", 0)
    monkeypatch.setattr(staging, "BATCH", 7)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(3))


@pytest.fixture
def _problems():
    for number in range(3):
        factories.make_problem(name=f"sum-{number}", kind="numeric", spec={}, reference="4", statement=f"{number} + 2?")


def mixed_lines():
    """Good rows of several shapes, wrapped questions, and everything that is wrong with a row."""
    asked = [f"Solve this now.\n\n{number % 3} + 2?\n\nUse a box." for number in range(12)]
    said = [{"messages": [{"role": "user", "content": each}, {"role": "assistant", "content": "4"}]} for each in asked]
    rows = [
        *(row(number) for number in range(40)),
        row(41, problem_id="nobody"),
        {"what": "is this?"},
        *said,
        CASES["rollout"].row,
        row(42, response="x" * 30_000),
        row(43, temperature="hot"),
        row(44, response="<think>Hm.</think>It is 4." + "\ud83d\ude00"),
        *(row(number, problem_id=f"sum-{number}") for number in range(45, 60)),
        *(row(number) for number in range(60, 90)),
        row(91, notes="nobody reads them"),
    ]
    lines = [json.dumps(each) for each in rows]
    lines[10:10] = ["not JSON", "[]", "", '{"a": 1, "a": 2}', '{"response": "\\u0000 4", "problem_id": "sum-1"}']
    return "\n".join(lines).encode()


def set_aside(stage_of, data=None):
    """What the spool has, the faults, what is told, and how many rows each step took."""
    stream = io.BytesIO(data if data is not None else mixed_lines())
    faults, steps = FaultTally(), []
    with ExitStack() as stack, nameless_spool(jobs.spool_folder()) as spool:
        stage = stage_of(stack, TraceStage(position=stream.tell))
        rows = read_rows([("rows.jsonl", stream)])
        while count := stage.take_next(rows, spool, faults):
            steps.append(count)
        assert stage.reached == stream.tell() > 0
        return b"".join(spool.blocks()), faults, stage.told.to_json(), steps


@pytest.mark.usefixtures("forks", "_problems")
def test_several_processes_set_aside_what_one_does():
    alone = set_aside(lambda _, stage: stage)
    together = set_aside(lambda stack, stage: open_stage(stack, stage, 1))
    assert together == alone
    lines, faults, told, steps = alone
    assert lines.count(b"\n") > 60
    assert faults.count >= 19
    assert told["wrapper"]["before"] == "Solve this now.\n\n"
    assert told["unread"]["notes"] == 1
    assert set(told["shapes"]) == {"plain", "conversation", "rollout"}
    assert steps[:2] == [7, 7]


@pytest.mark.usefixtures("forks", "_problems")
def test_rows_that_are_too_long_for_forks_are_set_aside_in_their_place(monkeypatch):
    alone = set_aside(lambda _, stage: stage)
    monkeypatch.setattr(staging_forks, "LONG", 20_000)
    assert set_aside(lambda stack, stage: open_stage(stack, stage, 1)) == alone
    monkeypatch.setattr(staging_forks, "LONG", 1)
    assert set_aside(lambda stack, stage: open_stage(stack, stage, 1)) == alone


@pytest.mark.usefixtures("_problems")
def test_small_files_files_whose_problems_are_made_and_single_processors_need_no_forks(monkeypatch, settings):
    with ExitStack() as stack:
        stage, large = TraceStage(), staging_forks.LARGE
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2))
        assert isinstance(open_stage(stack, stage, large), ForkedStage)
        assert open_stage(stack, stage, large - 1) is stage
        making = TraceStage(maker=ProblemMaker())
        assert open_stage(stack, making, large) is making
        settings.IMPORT_PROCESSES = 1
        assert open_stage(stack, stage, large) is stage
        settings.IMPORT_PROCESSES = 4
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(1))
        assert open_stage(stack, stage, large) is stage


@pytest.mark.usefixtures("forks", "_problems")
def test_a_fork_that_is_killed_is_told_and_nothing_of_its_rows_counts():
    data, faults = "".join(f"{json.dumps(row(number))}\n" for number in range(90)).encode(), FaultTally()
    with ExitStack() as stack, nameless_spool(jobs.spool_folder()) as spool:
        stage = open_stage(stack, TraceStage(), 1)
        rows = read_rows([("rows.jsonl", io.BytesIO(data))])
        taken = stage.take_next(rows, spool, faults)
        for fork in psutil.Process().children():
            if fork.name().startswith("import "):
                fork.kill()
        steps = iter(lambda: stage.take_next(rows, spool, faults), 0)
        with pytest.raises(ForkError):
            taken += sum(steps)
        assert taken <= spool.count < 90


@pytest.mark.usefixtures("forks", "_problems")
def test_an_import_that_lost_a_fork_goes_on_from_where_it_was(lead, monkeypatch):
    job = plan(lead, *(row(number) for number in range(90)))
    monkeypatch.setattr(jobs, "CHECKPOINT_SECONDS", 0.0)
    take, calls = ForkedStage.take_next, []

    def killed(self, rows, spool, faults):
        calls.append(1)
        if len(calls) == 4:
            next(fork for fork in psutil.Process().children() if fork.name() == "import 1").kill()
        return take(self, rows, spool, faults)

    monkeypatch.setattr(ForkedStage, "take_next", killed)
    with pytest.raises(ForkError):
        work(job)
    job.refresh_from_db()
    assert (job.state, 0 < job.cursor < 90) == ("running", True)
    let_the_lease_run_out(job)
    work(job)
    assert (job.state, job.inserted, job.duplicates, job.cursor) == ("finished", 90, 0, 90)
    assert job.told["shapes"] == {"plain": 90}
    assert Trace.objects.count() == 90


@pytest.mark.usefixtures("forks", "_problems")
def test_a_job_of_many_turns_reads_each_row_once(lead, monkeypatch):
    job = plan(lead, *(row(number) for number in range(90)))
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.0)
    work(job)
    assert (job.state, job.inserted, job.duplicates) == ("finished", 90, 0)
    assert (job.done, job.told["shapes"]) == (job.total, {"plain": 90})


@pytest.mark.usefixtures("forks", "_problems")
def test_the_command_and_jobs_import_the_same(lead):
    data = mixed_lines()
    report = import_traces(actor=None, files=[("rows.jsonl", io.BytesIO(data))], on_fault="skip")
    assert (report.inserted > 60, report.fault_count >= 19) == (True, True)
    uploads = jobs.keep_files(owner=lead, files=[("rows.jsonl", io.BytesIO(data))])
    options = {"on_fault": "skip", "adopt_reviews": False}
    job = work(jobs.plan_import(actor=lead, kind=Import.Kind.TRACES, source="x", options=options, uploads=uploads))
    known = report.inserted + report.duplicates
    assert (job.inserted, job.duplicates, job.fault_count) == (0, known, report.fault_count)
