"""A disk that is full while files are imported, exported and trained into, and that has room again later."""

import shutil
import subprocess
import uuid

import pytest

from tests import factories
from tests.drills.processes import let_time_pass
from tests.imports import plan_rows
from tests.trainings import make_release, make_training
from tests.worker import empty_queues, wait_for
from trajectories.models import JOB_KINDS, Sampler, Trace
from trajectories.services.releases.exports import export_path, request_export
from trajectories.services.releases.freezing import Order, freeze_accepted, plan_freezing

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 6
FULL = "No space left on the disk"
ROOM = "512m"
"""More than any job waits for. Memory is taken only by what is written."""


@pytest.fixture
def small_disk(tmp_path):
    """The data folder is a real file system of 1 MB, where this machine lets a test mount one."""
    folder = tmp_path / "var"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "minicolumn-drill", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def storm_told(small_disk):
    return {}


def plan_all(lead, curator) -> dict[str, object]:
    """A job of each kind that writes files; none is begun."""
    problem, run = factories.make_problem(), factories.make_run()
    for _ in range(ROWS):
        trace = factories.make_trace(problem=problem, run=run, decision="accepted")
        factories.make_review(trace=trace, reviewer=curator)
    frozen = freeze_accepted(actor=lead, title="Before", key=uuid.uuid4())
    return {
        "import": plan_rows(lead, ROWS),
        "export": request_export(actor=lead, release=frozen, export_format="full", with_meta=True),
        "freezing": plan_freezing(actor=lead, order=Order("Now"), key=uuid.uuid4()),
        "training": make_training(make_release(4)),
    }


def reason_of(job) -> str:
    """Why a job waits, as its row says."""
    job.refresh_from_db()
    return str(getattr(job, "reason", "") or getattr(job, "error", ""))


@pytest.mark.long
def test_jobs_say_that_the_disk_is_full_and_go_on_once_there_is_room(small_disk, storm, lead, curator, client):
    client.force_login(lead)
    jobs = plan_all(lead, curator)
    empty_queues()
    let_time_pass()
    with pytest.raises(OSError, match="No space"):
        (small_disk / "ballast").write_bytes(bytes(2 << 20))
    storm.start()
    wait_for(lambda: all(reason_of(job) or job.state == "finished" for job in jobs.values()), "every job to be tried")
    waiting = {word: job for word, job in jobs.items() if job.state != "finished"}
    assert {word: (job.state, reason_of(job)[: len(FULL)]) for word, job in waiting.items()} == dict.fromkeys(
        waiting, ("queued", FULL)
    )
    assert set(waiting) >= {"import", "export", "training"}
    assert FULL in client.get("/jobs/").content.decode()
    for word, job in waiting.items():
        page = client.get(JOB_KINDS[word].address(job.pk), follow=True)
        assert (page.status_code, FULL in page.content.decode()) == (200, True), word
    subprocess.run(["mount", "-o", f"remount,size={ROOM}", str(small_disk)], check=True)
    (small_disk / "ballast").unlink()
    let_time_pass()
    good = {"export": "ready"}
    wait_for(
        lambda: all((reason_of(job), job.state)[1] == good.get(word, "finished") for word, job in jobs.items()),
        "every job to end",
    )
    assert {word: reason_of(job) for word, job in jobs.items()} == dict.fromkeys(jobs, "")
    assert Trace.objects.filter(problem__name="sum-1").count() == jobs["import"].inserted == ROWS
    assert export_path(jobs["export"]).read_bytes().count(b"\n") == ROWS
    assert jobs["freezing"].release.item_count >= ROWS
    assert Sampler.objects.filter(training=jobs["training"]).count() == 1
    assert not list(small_disk.rglob("*.part")), "nothing of what broke off stays"
