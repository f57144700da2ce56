"""A run with rounds, worked on by a real worker that is killed in the middle of it."""

from tests.endpoint import sampler_for
from tests.factories import assert_counters_add_up, make_instruction, make_problem, plan
from tests.services.runs.test_rounds import learner
from tests.tasks.test_runs import let_time_pass
from tests.tasks.test_runs_chat import has_ended
from tests.worker import wait_for
from trajectories.models import RunProblem, Trace
from trajectories.services.jobs.ringers import ring
from trajectories.stand_ins.fake_endpoint import Behaviour, FakeEndpoint
from trajectories.tasks.sweeps import sweep

PROBLEMS, SAMPLES, PARENTS, CHILDREN = 5, 4, 2, 3
PLANNED = PROBLEMS * (SAMPLES + PARENTS * CHILDREN)


def test_a_killed_worker_leaves_every_round_as_it_was_planned(celery_worker_process):
    with FakeEndpoint(Behaviour(latency=0.05), answerer=learner) as endpoint:
        run = plan(
            sampler=sampler_for(endpoint, concurrency=4, tries=8),
            problems=[make_problem() for _ in range(PROBLEMS)],
            instructions=[make_instruction(style="program", suits="chat")],
            samples_each=SAMPLES,
            strategy="revise",
            settings={"rounds": 3, "parents": PARENTS, "children": CHILDREN},
        )
        ring("run", run.pk)
        wait_for(lambda: Trace.objects.filter(run=run, attempt__round=1).exists(), "the first revision")
        celery_worker_process.kill()
        let_time_pass(run)
        celery_worker_process.start()
        sweep.delay()
        wait_for(lambda: has_ended(run), "the run to end")
    assert_counters_add_up(run)
    assert (run.state, run.planned_count) == ("finished", PLANNED)
    revisions = Trace.objects.filter(run=run, attempt__round=1)
    assert revisions.count() == run.correct_count == PROBLEMS * PARENTS * CHILDREN
    assert revisions.values("parent").distinct().count() == PROBLEMS * PARENTS
    assert not RunProblem.objects.filter(run=run, closed=False).exists()
    assert PLANNED <= endpoint.answered <= PLANNED + 4
