from tests import factories
from trajectories.models import Attempt, Instruction, Run
from trajectories.services.installation.demo import SAMPLES_EACH, TASKS, ensure_demo_run


def make_tasks(names):
    problem_set = factories.make_problem_set(name="arc-agi-1-training")
    return [factories.make_problem(name=name, problem_set=problem_set) for name in names]


def test_the_first_run_samples_every_task_in_each_of_the_three_views(db):
    make_tasks(TASKS)
    run = ensure_demo_run()
    assert run is not None
    assert run.state == Run.State.QUEUED
    assert run.sampler.kind == "symbolic"
    assert run.planned_count == len(TASKS) * 3 * SAMPLES_EACH
    assert set(Attempt.objects.values_list("instruction__view", flat=True)) == {"grid", "object", "pixel"}
    assert Attempt.objects.values("problem").distinct().count() == len(TASKS)


def test_nothing_is_planned_where_a_run_was_ever_made(db):
    make_tasks(TASKS[:2])
    assert ensure_demo_run() is not None
    assert ensure_demo_run() is None
    assert Run.objects.count() == 1
    assert Instruction.objects.count() == 3


def test_nothing_is_planned_without_its_tasks(db):
    factories.make_problem(name=TASKS[0])
    assert ensure_demo_run() is None
    assert not Run.objects.exists()
