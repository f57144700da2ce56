"""Tasks of several projects: each acts in the one that rang for it, and a sweep looks after all."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import factories
from tests.projects import another_project
from tests.worker import empty_queues, wait_for
from trajectories.adapters.acting import FIRST, acting_in, acting_project
from trajectories.models import Bell, PendingVerification, Run, Submission, Trace, Verdict, Worker
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.projects.making import set_archived
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.submissions import REMEMBERED
from trajectories.tasks.submissions import sweep_submissions
from trajectories.tasks.sweeps import sweep
from webapp.celery import PROJECT


@pytest.fixture
def project(transactional_db):
    return another_project()


def planned() -> Run:
    """A run of one problem in the project that acts, rung for."""
    return factories.plan(
        sampler=ensure_symbolic(), problems=[factories.make_problem()], instructions=list(ensure_symbolic_views())[:1]
    )


def test_a_run_is_sampled_and_verified_in_its_project(project, celery_worker_process):
    with acting_in(project.pk):
        run = planned()
        wait_for(lambda: Run.objects.get(pk=run.pk).state == "finished", "the run of the other project")
        wait_for(lambda: not PendingVerification.objects.exists(), "its verdicts")
        assert Trace.objects.filter(run=run).count() == 2
        assert Verdict.objects.exists()
    assert not Trace.objects.exists()
    assert not Run.objects.exists()
    mine = planned()
    wait_for(lambda: Run.objects.get(pk=mine.pk).state == "finished", "the run of the first project")
    with acting_in(project.pk):
        assert Trace.objects.count() == 2
        assert Worker.objects.count() > 0, "workers are of all projects"


def test_a_sweep_rings_again_in_every_project(project, celery_worker_process):
    """The bells of both runs are lost before a worker hears them: only a sweep knows of them."""
    celery_worker_process.kill()
    runs = {}
    for each in (FIRST, project.pk):
        with acting_in(each):
            runs[each] = planned().pk
            long_ago = timezone.now() - timedelta(hours=1)
            Run.objects.update(rung_at=long_ago)
            Bell.objects.update(rung_at=long_ago, lease_expires_at=long_ago)
    empty_queues()
    celery_worker_process.start()
    sweep.apply_async()
    for each, pk in runs.items():
        with acting_in(each):
            wait_for(lambda pk=pk: Run.objects.get(pk=pk).state == "finished", f"the run of project {each}")


def old_submission() -> None:
    Submission.objects.create(digest="a" * 64)
    Submission.objects.update(created_at=timezone.now() - 2 * REMEMBERED)


def test_a_sweep_that_names_no_project_is_for_all_open_ones(project, lead):
    archived = another_project("third", "Third project")
    everywhere = (FIRST, project.pk, archived.pk)
    for each in everywhere:
        with acting_in(each):
            old_submission()
    set_archived(actor=lead, project=archived, is_archived=True)
    sweep_submissions.apply(throw=True)
    left = []
    for each in everywhere:
        with acting_in(each):
            left += [each] * Submission.objects.count()
    assert left == [archived.pk]


def test_a_sweep_that_names_a_project_is_for_it(project):
    for each in (FIRST, project.pk):
        with acting_in(each):
            old_submission()
    sweep_submissions.apply(throw=True, headers={PROJECT: project.pk})
    assert Submission.objects.exists()
    with acting_in(project.pk):
        assert not Submission.objects.exists()


def test_a_project_whose_sweep_fails_keeps_no_other_waiting(project, monkeypatch, caplog):
    swept = []

    def forget() -> None:
        swept.append(acting_project())
        if acting_project() == FIRST:
            raise RuntimeError("It broke.")

    monkeypatch.setattr("trajectories.tasks.submissions.forget_submissions", forget)
    with caplog.at_level(logging.WARNING), pytest.raises(RuntimeError, match="It broke"):
        sweep_submissions.apply(throw=True)
    assert swept == [FIRST, project.pk]
    assert "trajectories.sweep_submissions failed in the project 1" in caplog.text
