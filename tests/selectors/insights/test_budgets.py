"""The samples of a budget: what is read, what is drawn from, what it costs, and what stays hidden."""

import numpy as np
import pytest

from tests import factories
from trajectories.core.consolidation.ways import Group, Value
from trajectories.models import Trace
from trajectories.selectors.blinding import EVERYTHING, sight_of
from trajectories.selectors.insights import budgets, columns, tables
from trajectories.selectors.insights.budgets import ANY, EVERY, BudgetScope, get_budget, list_scorers
from trajectories.selectors.insights.prices import MONEY, SAMPLES, TOKENS, affordable, amount
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.tables import Price, read_table

pytestmark = pytest.mark.django_db
RIGHT, WRONG = [[[9, 8, 7]]], [[[1]]]


def sample(run, problem, answer=RIGHT, **values):
    given = {"answer": answer, "correctness": "pass" if answer == RIGHT else "fail", "finish_reason": "stop", **values}
    return factories.make_trace(run=run, problem=problem, **given)


def of(*runs, **values):
    return BudgetScope.seen(InsightScope(runs=tuple(run.pk for run in runs)), EVERYTHING, **values)


def test_scored_samples_are_drawn_and_all_are_paid_for(curator, django_assert_max_num_queries):
    run, one, two = factories.make_run(), factories.make_problem(), factories.make_problem()
    for answer in (RIGHT, RIGHT, WRONG):
        sample(run, one, answer, cost="0.10", input_tokens=10, output_tokens=20, latency_seconds=1.0)
    sample(
        run, one, None, correctness="unscored", finish_reason="length", cost="0.30", input_tokens=0, output_tokens=90
    )
    sample(run, one, hinted=True, cost="9")
    sample(run, one, correctness="", cost="9")
    sample(run, one, edited_by=curator, cost="9")
    sample(run, two, WRONG, cost="0.20", input_tokens=0, output_tokens=60)
    with django_assert_max_num_queries(4):
        pool = get_budget(of(run)).whole
    assert pool.stored.problems.tolist() == [one.pk, two.pk]
    assert (pool.stored.sizes.tolist(), pool.stored.correct.tolist()) == ([3, 1], [2, 0])
    # (0.10 * 3 + 0.30) / 3 of the first problem and 0.20 of the second.
    assert pool.price.cost == pytest.approx((0.2 + 0.2) / 2)
    assert pool.price.tokens == pytest.approx((60 + 60) / 2)
    assert pool.estimate(ANY, 1).values.tolist() == pytest.approx([2 / 3, 0])
    counted = get_budget(of(run, unfinished=True)).whole
    assert counted.stored.sizes.tolist() == [4, 1]
    assert counted.estimate(ANY, 1).values.tolist() == pytest.approx([0.5, 0])
    assert counted.price.cost == pytest.approx((0.15 + 0.2) / 2)


def test_a_price_that_is_not_known_of_every_sample_is_none():
    run, task = factories.make_run(), factories.make_problem()
    sample(run, task, cost="0.10")
    sample(run, task, cost=None)
    assert get_budget(of(run)).whole.price.cost is None


def test_a_budget_buys_whole_samples():
    price = Price(0.1, 30.0, 0.0)
    assert affordable(price, MONEY, 0.3) == 3
    assert affordable(price, MONEY, 0.29) == 2
    assert affordable(price, TOKENS, 29) == 0
    assert affordable(price, SAMPLES, 7) == 7
    assert affordable(price, "seconds", 1) is None
    assert amount(price, MONEY, 4) == pytest.approx(0.4)


def test_answers_are_told_apart_by_meaning_and_as_written():
    run = factories.make_run()
    task = factories.make_problem(kind="numeric", reference="0.5", spec={}, statement="Half?")
    for answer in ("1/2", "0.5", "2", "2"):
        right = answer != "2"
        trace = factories.make_trace(run=run, problem=task, answer=answer, correctness="pass" if right else "fail")
        Trace.objects.filter(pk=trace.pk).update(answer_hash="half" if right else "two")
    stored = get_budget(of(run)).whole.stored
    assert stored.answers[Group.MEANING].counts.tolist() == [2]
    assert stored.answers[Group.WRITTEN].counts.tolist() == [3]
    pool = get_budget(of(run)).whole
    assert pool.estimate("majority", EVERY).values.tolist() == [0.5]
    assert pool.estimate("majority-written", EVERY).values.tolist() == [0.0]


def test_each_output_of_an_arc_task_is_guessed_by_itself():
    run = factories.make_run()
    task = factories.make_problem(reference=[[[1]], [[2]]])
    for outputs in ([[[1]], [[3]]], [[[4]], [[2]]], [[[5]], None]):
        factories.make_trace(
            run=run, problem=task, answer=None, outputs=outputs, correctness="fail", train_passed=2, train_total=2
        )
    pool = get_budget(of(run)).whole
    assert pool.stored.asked.tolist() == [2]
    assert [each.keys.tolist() for each in pool.stored.outputs][1][2] == -1
    # Two of three equal first outputs, both of two equal second ones.
    assert pool.estimate("two-guesses", EVERY).values.tolist() == pytest.approx([(2 / 3 + 1) / 2])
    assert pool.estimate("three-guesses", EVERY).values.tolist() == pytest.approx([1.0])
    assert pool.estimate(ANY, EVERY).values.tolist() == [0.0]


@pytest.mark.parametrize("before", [True, False], ids=["the last one", "one before others"])
def test_a_sample_that_is_verified_while_samples_are_read_is_left_out(monkeypatch, before):
    run = factories.make_run()
    task = factories.make_problem(reference=[[[1]], [[2]]])
    answers = [([[[1]], [[2]]], "pass"), ([[[1]], [[3]]], "fail")]
    kept, late = answers if before else answers[::-1]
    made = [
        factories.make_trace(run=run, problem=task, answer=None, outputs=outputs, correctness=word)
        for outputs, word in ((kept, late) if before else (late, kept))
    ]
    waiting = made[1] if before else made[0]
    Trace.objects.filter(pk=waiting.pk).update(correctness="")
    read = tables.fetch_columns

    def meanwhile(*arguments, **given):
        found = read(*arguments, **given)
        Trace.objects.filter(pk=waiting.pk).update(correctness=late[1])
        return found

    monkeypatch.setattr(tables, "fetch_columns", meanwhile)
    table = read_table(InsightScope(runs=(run.pk,)))
    assert (len(table.key), table.output_row.tolist()) == (1, [0, 0])
    assert table.output_right.tolist() == [True, kept[1] == "pass"]


def test_scores_are_the_newest_of_the_verifier_and_certainty_comes_from_facts():
    run, task = factories.make_run(), factories.make_problem()
    good = sample(run, task, facts={"mean_logprob": -0.1}, train_passed=1, train_total=2, train_error=0.25)
    bad = sample(run, task, WRONG, facts={"mean_logprob": "none"})
    for trace, score in ((good, 0.2), (good, 0.9), (bad, 0.4)):
        factories.make_verdict(trace=trace, verifier="arc_train", score=score, version=int(10 * score))
    table = read_table(InsightScope(runs=(run.pk,)), scorer="arc_train")
    assert table.values[Value.SCORE].tolist() == pytest.approx([0.9, 0.4])
    assert table.values[Value.FITS].tolist() == pytest.approx([0.5, np.nan], nan_ok=True)
    assert table.values[Value.CLOSENESS].tolist() == pytest.approx([0.75, np.nan], nan_ok=True)
    assert table.values[Value.CERTAINTY].tolist() == pytest.approx([np.exp(-0.1), np.nan], nan_ok=True)
    assert get_budget(of(run, scorer="arc_train")).whole.estimate("best-score", 2).values.tolist() == [1.0]
    assert np.isnan(get_budget(of(run)).whole.estimate("best-score", 2).values).all()


def test_no_verifier_that_knows_the_reference_may_weigh_samples_and_judges_stay_hidden(curator):
    trace = factories.make_trace(correctness="pass")
    for name in ("arc_answer", "arc_test", "arc_train", "model_judge:plain"):
        factories.make_verdict(trace=trace, verifier=name, score=1.0)
    assert list_scorers(EVERYTHING) == ["arc_train", "model_judge:plain"]
    assert list_scorers(sight_of(curator)) == ["arc_train"]


def test_runs_are_compared_on_the_problems_that_they_share_and_adapting_ones_are_one_point():
    one, two = factories.make_run(title="One"), factories.make_run(title="Two", strategy="until-solved")
    shared, alone = factories.make_problem(), factories.make_problem()
    for answer in (RIGHT, WRONG):
        sample(one, shared, answer, cost="0.1")
        sample(one, alone, answer, cost="0.1")
    for round_number, answer in enumerate((WRONG, WRONG, RIGHT)):
        attempt = factories.make_attempt(run=two, problem=shared, state="done", round=round_number)
        sample(two, shared, answer, attempt=attempt, cost="0.1")
    step = factories.make_attempt(run=two, problem=shared, state="done", round=3, kind="step")
    sample(two, shared, None, attempt=step, cost="0", correctness="unscored", finish_reason="step")
    budget = get_budget(of(one, two))
    pools = {pool.title: pool for pool in budget.pools("run")}
    assert {title: pool.adapts for title, pool in pools.items()} == {"One": False, "Two": True}
    assert all(pool.stored.problems.tolist() == [shared.pk] for pool in pools.values())
    assert pools["Two"].estimate(ANY, EVERY).values.tolist() == [1.0]
    assert pools["Two"].estimate("majority", EVERY).values.tolist() == [0.0]
    assert pools["Two"].price.cost == pytest.approx(0.3)
    assert pools["One"].price.cost == pytest.approx(0.1)
    # A step of a text answers nothing, and is a sample of the budget all the same.
    assert [amount(pools[name].price, SAMPLES, 1) for name in ("One", "Two")] == [1.0, 4.0]
    # Of the adapting run only the first round is drawn from.
    assert budget.whole.stored.sizes.tolist() == [3, 2]


def test_samples_are_read_again_once_there_is_a_new_verdict_or_they_are_old(monkeypatch, django_assert_num_queries):
    run, task = factories.make_run(), factories.make_problem()
    trace = sample(run, task)
    first = get_budget(of(run))
    with django_assert_num_queries(2):
        assert get_budget(of(run)) is first
    factories.make_verdict(trace=trace)
    assert get_budget(of(run)) is first
    monkeypatch.setattr(budgets, "FRESH_SECONDS", -1.0)
    assert get_budget(of(run)) is not first


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(budgets, "KEPT_BYTES", 1)
    run, task = factories.make_run(), factories.make_problem()
    sample(run, task)
    get_budget(of(run))
    get_budget(of(run, unfinished=True))
    assert len(budgets._kept) == 1


def test_what_is_out_of_date_is_not_kept(monkeypatch):
    run, task = factories.make_run(), factories.make_problem()
    trace = sample(run, task)
    get_budget(of(run))
    monkeypatch.setattr(budgets, "FRESH_SECONDS", -1.0)
    factories.make_verdict(trace=trace)
    wanted = get_budget(of(run, unfinished=True))
    assert list(budgets._kept.values()) == [wanted]


def test_nothing_at_all_is_an_empty_pool():
    pool = get_budget(of(factories.make_run())).whole
    assert (pool.most, pool.defined(), pool.means([ANY], 1)[0].problems) == (0, [], 0)
    assert get_budget(of(factories.make_run())).pools("strategy") == []


def test_samples_are_the_same_however_many_the_database_packs_together(monkeypatch):
    run, tasks = factories.make_run(), [factories.make_problem() for _ in range(3)]
    for number in range(7):
        sample(run, tasks[number % 3], RIGHT if number % 2 else None, cost=None if number == 4 else "0.10")
    scope = InsightScope(runs=(run.pk,))
    whole = read_table(scope)
    monkeypatch.setattr(columns, "_AT_ONCE", 1)
    apart = read_table(scope)
    for name in ("key", "problem", "right", "answered", "meaning", "cost", "first"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(apart, name))
    assert whole.key.tolist() == list(Trace.objects.order_by("problem", "pk").values_list("pk", flat=True))
    assert np.isnan(whole.cost).sum() == 1
    assert whole.answered.tolist() == [bool(each.answer) for each in Trace.objects.order_by("problem", "pk")]
