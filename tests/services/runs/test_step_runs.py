"""Runs that build programs step by step: planned round by round, each node a trace, each pruned one with its reason."""

import pytest

from tests.core.samplers.tasks import FLIP, FLIP_ANSWER, UNSOLVABLE
from tests.core.samplers.test_symbolic_steps import SPEC
from tests.factories import assert_counters_add_up, make_instruction, make_problem, make_sampler, plan
from tests.services.runs.test_attempts import lose_worker
from trajectories.core.selections import Selection
from trajectories.core.verifiers.step_values import values_verifier
from trajectories.models import Attempt, JudgeJobAnswer, Sampler, Trace, Verdict
from trajectories.selectors.scorers import choose_traces, valued_steps
from trajectories.selectors.search_trees import get_search_tree, walk
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.judging.jobs import JudgeJobError, JudgePlan, estimate_judge_job, plan_judge_job
from trajectories.services.judging.work import judge_next
from trajectories.services.runs.attempts import claim_batch, requeue_expired
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.runs.plans import PlanError
from trajectories.services.scorers.planning import start_scorer
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db(transaction=True)

ANSWER = [[[0, 0, 0], [0, 0, 0], [0, 2, 1]]]


def work(run):
    """What a worker does until the run has ended."""
    while run.state not in run.ENDED_STATES:
        report = sample_next_batch(run_id=run.pk)
        verify_traces(trace_ids=report.trace_ids)
        run.refresh_from_db()
    assert_counters_add_up(run)


def test_a_beam_solves_a_task_of_two_steps_and_keeps_every_node_with_its_reason():
    problem = make_problem(spec=SPEC, reference=ANSWER)
    run = plan(
        problems=[problem], samples_each=40, strategy="beam", settings={"keep": 6, "expand": 4}, temperatures=[0.0]
    )
    work(run)
    assert run.state == "finished"
    assert run.planned_count <= 40
    right = Trace.objects.filter(run=run, correctness="pass").first()
    assert sorted(right.facts["operations"]) == ["fall_down()", "flip_columns()"]
    assert right.parent.facts["operations"] == right.facts["operations"][:1]
    assert right.attempt.kind == "step"
    pruned = Attempt.objects.filter(run=run).exclude(pruned="")
    assert pruned.filter(round=0).count() == 18
    assert all(each.pruned.startswith("Pruned: place ") for each in pruned)
    assert not pruned.filter(pk=right.parent.attempt_id).exists()
    tree = get_search_tree(run, problem.pk)
    assert tree.size == run.planned_count
    assert tree.right == Trace.objects.filter(run=run, correctness="pass").count() > 0
    assert {node.end for node in walk(tree.roots) if node.end.startswith("Pruned")} == set(
        pruned.values_list("pruned", flat=True)
    )


def test_the_search_values_steps_of_programs_and_a_process_scorer_is_labelled_by_them(lead):
    problem = make_problem(spec=SPEC, reference=ANSWER)
    run = plan(
        problems=[problem], samples_each=40, strategy="beam", settings={"keep": 6, "expand": 4}, temperatures=[0.0]
    )
    work(run)
    right = Trace.objects.filter(run=run, correctness="pass").first()
    lost = Trace.objects.filter(run=run, attempt__round=0).exclude(pk=right.parent_id).order_by("train_error").last()
    search = Sampler.objects.get(kind="symbolic")
    scope = Selection(run=run.pk)
    plan_of_job = JudgePlan(scope, search, None, "values", completions=4)
    estimate = estimate_judge_job(plan=plan_of_job)
    assert (estimate.cost, estimate.input_tokens) == (0, 0)
    assert estimate.calls >= 4 * estimate.traces
    with pytest.raises(JudgeJobError, match="takes neither tokens nor money; expected no budget"):
        plan_judge_job(actor=None, plan=plan_of_job, budget=CallBudget(None, 10))
    job = plan_judge_job(actor=None, plan=plan_of_job, budget=CallBudget(None, None))
    while judge_next(job_id=job.pk):
        pass
    job.refresh_from_db()
    assert (job.state, job.done_count, job.error_count, job.call_count) == ("finished", job.total_count, 0, 0)

    def values(trace):
        found = Verdict.objects.get(trace=trace, verifier=values_verifier(search.name))
        places = [at for at, step in enumerate(trace.steps) if step["kind"] == "subtask"]
        return [found.evidence["steps"][at] for at in places], found

    # Both steps of the program that is right lead to it; the last step has the value of the trace.
    reached, verdict = values(right)
    assert reached[-1] == 1.0
    assert reached[0] > 0
    assert verdict.evidence["steps"][-1] == 1.0
    assert verdict.outcome == "unscored"
    assert values(lost)[0][-1] < 1.0
    # What each completion was is kept: a program, and what the sandbox says of it.
    kept = JudgeJobAnswer.objects.filter(item__judge_job=job, item__trace=right)
    assert kept.count() == 4 * len(reached)
    assert all("def transform" in each.text.body for each in kept.select_related("text"))
    scorer = start_scorer(by=lead, name="steps", kind="process", labels="values", scope=scope)
    assert right.pk in {key for keys in choose_traces(scorer).traces.values() for key in keys}
    assert any(valued_steps(right).values())


def test_a_short_search_is_gone_beyond_only_where_its_programs_do_not_agree_whatever_worker_dies():
    easy, hard = make_problem(spec=FLIP, reference=FLIP_ANSWER), make_problem(spec=UNSOLVABLE, reference=ANSWER)
    sampler = make_sampler(parameters={"work": 400_000})
    run = plan(
        problems=[easy, hard], sampler=sampler, samples_each=8, strategy="adaptive-search",
        settings={"probe": 4, "short": 25, "long": 100, "agree": 1}, temperatures=[0.0],
    )  # fmt: skip
    lost = claim_batch(run_id=run.pk)
    lose_worker(lost)
    requeue_expired()
    work(run)
    traces = Trace.objects.filter(run=run).order_by("attempt__index")
    assert [each.attempt.round for each in traces.filter(problem=easy)] == [0] * 4
    assert traces.filter(problem=easy, correctness="pass").count() >= 1
    reasons = Attempt.objects.filter(run=run, problem=easy).exclude(pruned="").values_list("pruned", flat=True)
    assert all(each.startswith("Left open: ") and "programs that fit" in each for each in reasons)
    searched = {of_round: set() for of_round in (0, 1)}
    for each in traces.filter(problem=hard):
        searched[each.attempt.round].add(each.facts["work"])
    assert len(searched[0]) == len(searched[1]) == 1
    assert max(searched[0]) < 110_000 < max(searched[1])
    # The longer search is drawn from its best program on, and the first of both is the same where none fits.
    ranks = [each.facts["rank"] for each in traces.filter(problem=hard, attempt__round=1)]
    assert len(ranks) == 4
    assert 1 in ranks
    model = make_sampler(kind="chat", parameters={"base_url": "http://127.0.0.1:9/v1", "model": "none"})
    with pytest.raises(PlanError, match=r"says how long the symbolic search searches; .* searches for nothing"):
        plan(strategy="adaptive-search", sampler=model, instructions=[make_instruction(suits="chat")])


def test_steps_need_a_sampler_and_views_that_have_some():
    views = [make_instruction(suits="chat")]
    with pytest.raises(PlanError, match=r"asks for one step at a time, which .* cannot give"):
        plan(strategy="mcts", sampler=make_sampler(kind="local", parameters={"folder": "small"}), instructions=views)
    model = make_sampler(kind="chat", parameters={"base_url": "http://127.0.0.1:9/v1", "model": "none"})
    with pytest.raises(PlanError, match="not known to continue an unfinished message"):
        plan(strategy="mcts", sampler=model, instructions=views)
    with pytest.raises(PlanError, match="Best first: found the view 'pixel', expected grid or object"):
        plan(strategy="best-first", instructions=[make_instruction(view="pixel")])
