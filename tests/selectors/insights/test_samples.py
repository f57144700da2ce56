"""What the database counts is what counting the traces one by one gives."""

import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from tests import factories
from trajectories.core.consolidation.difficulty import Halves
from trajectories.models import Trace
from trajectories.selectors.insights.attempts import MOST_BINS, list_failed, list_pace
from trajectories.selectors.insights.samples import (
    NOTHING,
    Scored,
    Voted,
    list_halves,
    list_programs,
    list_scored,
    list_scored_by_run,
    list_voted,
)
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.sources import list_sources
from trajectories.selectors.insights.spreads import Fate, Measure, list_bins
from trajectories.selectors.insights.tallies import get_tally
from trajectories.selectors.insights.verdicts import Verdicts, list_verdicts

pytestmark = pytest.mark.django_db


def sample(run, problem, correctness="pass", **values):
    return factories.make_trace(run=run, problem=problem, correctness=correctness, **values)


def test_problems_alike_are_counted_together_and_only_what_was_scored_counts():
    run, tasks = factories.make_run(), [factories.make_problem() for _ in range(3)]
    for task in tasks[:2]:
        sample(run, task)
        sample(run, task, "fail", answer=[[[1]]])
    sample(run, tasks[2], "unscored", finish_reason="length")
    sample(run, tasks[2], hinted=True)
    sample(run, tasks[2], "error")
    assert list_scored(InsightScope(runs=(run.pk,))) == [Scored(2, 1, 2)]
    assert list_scored_by_run(InsightScope()) == {run.pk: [Scored(2, 1, 2)]}


@pytest.mark.parametrize("seed", [1, 2])
def test_votes_and_halves_are_those_of_the_traces(seed):
    generator = random.Random(seed)
    run, tasks = factories.make_run(), [factories.make_problem() for _ in range(4)]
    for task in tasks:
        for _ in range(generator.randint(1, 9)):
            answer = generator.choice([None, [[[9, 8, 7]]], [[[1]]], [[[2]]]])
            outcome = "pass" if answer == [[[9, 8, 7]]] else "fail"
            sample(run, task, outcome, answer=answer, program=generator.choice(["", "a", "b"]))
    expected, programs, halves = [], Counter(), []
    for task in tasks:
        traces = list(Trace.objects.filter(problem=task))
        votes = Counter((trace.answer_hash, trace.correctness == "pass") for trace in traces)
        ballot = sorted((count, right) for (key, right), count in votes.items() if key != NOTHING)[::-1]
        silent = sum(count for (key, _), count in votes.items() if key == NOTHING)
        expected.append((tuple(ballot), silent))
        drawn = Counter(trace.program_id for trace in traces if trace.program_id)
        if drawn:
            programs[tuple(sorted(drawn.values(), reverse=True))] += 1
        halves.append(len(traces))
    found = list_voted(InsightScope(runs=(run.pk,)))
    assert Counter({(each.ballot, each.silent): each.problems for each in found}) == Counter(expected)
    assert {tuple(counts): problems for counts, problems in list_programs(InsightScope())} == programs
    split = [each for each in list_halves(InsightScope()) for _ in range(each.problems)]
    assert sorted(each.binned + each.measured for each in split) == sorted(halves)
    assert all(0 <= each.binned - each.measured <= 1 for each in split)


def test_halves_do_not_follow_the_order_in_which_samples_were_drawn():
    """Plans alternate views and temperatures: every other sample would be those of one view."""
    run, task = factories.make_run(), factories.make_problem()
    for number in range(60):
        sample(run, task, "pass" if number % 2 else "fail")
    (found,) = list_halves(InsightScope())
    assert isinstance(found, Halves)
    assert (found.binned, found.measured) == (30, 30)
    assert 5 < found.binned_right < 25


def test_of_a_strategy_that_goes_by_verdicts_only_the_first_round_is_drawn_by_chance():
    task, run = factories.make_problem(), factories.make_run(strategy="until-solved")
    for number, round_ in enumerate((0, 0, 1, 2)):
        attempt = factories.make_attempt(run=run, problem=task, round=round_)
        sample(run, task, "pass" if number == 3 else "fail", attempt=attempt)
    assert list_scored(InsightScope()) == [Scored(2, 0, 1)]
    assert get_tally(InsightScope()).adapted == 2


def test_scopes_name_sets_samplers_instructions_and_runs():
    tasks = [factories.make_problem(), factories.make_problem()]
    runs, view = [factories.make_run(), factories.make_run()], factories.make_instruction()
    sample(runs[0], tasks[0], instruction=view)
    sample(runs[0], tasks[1])
    sample(runs[1], tasks[1], "fail")

    def counted(**scope):
        return sum(each.samples * each.problems for each in list_scored(InsightScope(**scope)))

    assert counted() == counted(runs=tuple(run.pk for run in runs)) == 3
    assert counted(problem_set=tasks[0].problem_set_id) == counted(instruction=view.pk) == 1
    assert counted(sampler=runs[0].sampler_id) == 2
    assert counted(sampler=runs[0].sampler_id, problem_set=tasks[1].problem_set_id) == 1
    assert counted(runs=(10**9,)) == 0


def test_the_tally_says_what_became_of_every_sample():
    run, task = factories.make_run(), factories.make_problem()
    sample(run, task)
    sample(run, task, "fail")
    for reason in ("length", "length", "refusal", "filter", "empty", "stop"):
        sample(run, task, "unscored", finish_reason=reason)
    sample(run, task, "error")
    sample(run, task, "")
    sample(run, task, hinted=True)
    factories.make_attempt(run=run, problem=task, state="failed", error_kind="timeout")
    factories.make_attempt(run=run, problem=task, state="failed", error_kind="exhausted")
    tally = get_tally(InsightScope(runs=(run.pk,)))
    assert (tally.problems, tally.samples, tally.scored, tally.correct) == (1, 10, 2, 1)
    assert (tally.cut, tally.refused, tally.filtered, tally.empty) == (2, 1, 1, 1)
    assert (tally.errors, tally.waiting, tally.open, tally.hinted, tally.failed) == (1, 1, 1, 1, 1)


def test_sources_score_the_mean_over_problems_and_know_a_cost_only_where_each_sample_has_one():
    run, imported = factories.make_run(title="Paid"), factories.make_sampler(title="Elsewhere", kind="imported")
    easy, hard = factories.make_problem(), factories.make_problem()
    for _ in range(3):
        sample(run, easy, cost="0.25", input_tokens=10, output_tokens=90, latency_seconds=2)
    sample(run, hard, "fail", cost="0.25", output_tokens=100)
    sample(run, hard, "unscored", finish_reason="length", cost="0.5")
    sample(None, hard, sampler=imported)
    paid, free = list_sources(InsightScope())
    assert (paid.title, paid.problems, paid.score, paid.samples, paid.unscored) == ("Paid", 2, 0.5, 5, 1)
    assert (paid.tokens, paid.cost, paid.seconds, paid.is_finished) == (400, 1.5, 6.0, False)
    assert (free.title, free.cost, free.score, free.is_finished) == ("Elsewhere", None, 1.0, True)


def test_sizes_fall_into_bins_that_hold_them():
    run, task = factories.make_run(), factories.make_problem()
    for size in (0, 1, 100, 127, 128, 5000):
        sample(run, task, output_tokens=size)
    sample(run, task, "unscored", finish_reason="length", output_tokens=4096)
    bins = list_bins(InsightScope(), Measure.TOKENS)
    assert next((each.low, each.samples) for each in bins if each.fate is Fate.RIGHT) == (0.0, 1)
    for size in (1, 100, 127, 128, 5000):
        assert [each for each in bins if each.low <= size < each.high and each.fate is Fate.RIGHT]
    (cut,) = [each for each in bins if each.fate is Fate.UNFINISHED]
    assert (cut.low, cut.samples) == (4096.0, 1)
    assert list_bins(InsightScope(), Measure.COST) == []


def test_a_power_of_two_begins_its_bin():
    run, task = factories.make_run(), factories.make_problem()
    powers = [2**place for place in range(31)]
    for size in powers:
        sample(run, task, output_tokens=size)
    assert [each.low for each in list_bins(InsightScope(), Measure.TOKENS)] == powers


def test_the_newest_verdict_of_each_verifier_counts_and_no_model_judge_does():
    trace = sample(factories.make_run(), factories.make_problem())
    factories.make_verdict(trace=trace, outcome="error")
    factories.make_verdict(trace=trace, outcome="pass", revision=1)
    factories.make_verdict(trace=trace, verifier="arc_train", outcome="fail")
    factories.make_verdict(trace=trace, verifier="model_judge:clarity", outcome="fail")
    assert list_verdicts(InsightScope()) == [
        Verdicts("arc_test", "pass", 1, trace.pk),
        Verdicts("arc_train", "fail", 1, trace.pk),
    ]


def test_failures_by_kind_and_the_pace_over_the_whole_time():
    run, start = factories.make_run(), timezone.now() - timedelta(hours=3)
    for minutes, state, kind in (
        (0, "done", ""),
        (1, "done", ""),
        (170, "failed", "timeout"),
        (171, "failed", "exhausted"),
    ):
        ended = start + timedelta(minutes=minutes)
        factories.make_attempt(run=run, state=state, error_kind=kind, finished_at=ended)
    factories.make_attempt(run=run, state="failed", error_kind="timeout")
    assert [(each.kind, each.attempts, each.is_nothing_new) for each in list_failed(InsightScope())] == [
        ("timeout", 2, False),
        ("exhausted", 1, True),
    ]
    pace = list_pace(run.pk)
    assert len(pace) <= MOST_BINS
    assert (sum(each.done for each in pace), sum(each.failed for each in pace)) == (2, 2)
    assert {after.start - before.start for before, after in pairwise(pace)} == {timedelta(seconds=300)}
    assert list_pace(run.pk + 1) == []


@pytest.mark.parametrize(
    ("read", "queries"),
    [
        (list_scored, 1), (list_voted, 1), (list_programs, 1), (list_halves, 1), (list_verdicts, 1), (get_tally, 2),
        (list_sources, 3), (list_failed, 1),
    ],
)  # fmt: skip
def test_the_number_of_queries_does_not_grow(read, queries, django_assert_num_queries):
    for _ in range(3):
        trace = sample(factories.make_run(), factories.make_problem())
        factories.make_verdict(trace=trace)
    with django_assert_num_queries(queries):
        read(InsightScope())


def test_an_equal_ballot_has_an_example():
    run, tasks = factories.make_run(), [factories.make_problem(), factories.make_problem()]
    for task in tasks:
        sample(run, task)
    assert list_voted(InsightScope()) == [Voted(((1, True),), 0, 2, tasks[0].pk)]
