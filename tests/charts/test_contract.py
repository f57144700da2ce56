"""Every figure with nothing or little to draw, and what each of them makes of a few samples."""

import json

import pytest

from tests import factories
from tests.insights import make_population
from trajectories.charts import CHARTS
from trajectories.core.figures.records import Mark
from trajectories.core.figures.specs import plotly_spec
from trajectories.selectors.insights.scopes import InsightScope

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", CHARTS)
def test_with_nothing_to_draw_it_says_why(name):
    figure = CHARTS[name].build(InsightScope(runs=(10**9,)))
    assert figure.missing.endswith(".")
    assert figure.series == ()
    assert figure.counts


@pytest.mark.parametrize("name", CHARTS)
def test_one_sample_is_enough_not_to_fail(name):
    trace = factories.make_trace(correctness="pass")
    factories.make_verdict(trace=trace)
    figure = CHARTS[name].build(InsightScope(runs=(trace.run_id,)))
    json.dumps(plotly_spec(figure), allow_nan=False)


def test_pass_at_k_is_the_mean_over_problems_and_cons_at_k_what_a_vote_gives():
    run, tasks = factories.make_run(), [factories.make_problem() for _ in range(3)]
    for task, rights in zip(tasks, (2, 1, 0), strict=True):
        for place in range(2):
            right = place < rights
            answer = [[[9, 8, 7]]] if right else [[[place]]]
            factories.make_trace(run=run, problem=task, correctness="pass" if right else "fail", answer=answer)
    figure = CHARTS["pass-at-k"].build(InsightScope(runs=(run.pk,)))
    titles = [column.title for column in figure.columns]
    first, second = (dict(zip(titles, row.values, strict=True)) for row in figure.rows)
    assert (first["k"], first["pass@k"], first["cons@k"], first["Problems"]) == (1, 0.5, 0.5, 3)
    assert (second["k"], second["pass@k"], second["cons@k"]) == (2, pytest.approx(2 / 3), pytest.approx(0.5))
    assert first["pass@k from"] <= 0.5 <= first["pass@k to"]


def test_points_that_rest_on_a_few_problems_are_not_drawn_but_tabled():
    run, tasks = factories.make_run(), [factories.make_problem() for _ in range(4)]
    for place, task in enumerate(tasks):
        for _ in range((4, 2, 2, 1)[place]):
            factories.make_trace(run=run, problem=task, correctness="pass")
    figure = CHARTS["pass-at-k"].build(InsightScope(runs=(run.pk,)))
    assert [(row.values[0], row.values[-1]) for row in figure.rows] == [(1, 4), (2, 3), (4, 1)]
    drawn = figure.series[0].points
    assert [(point.x, point.hollow) for point in drawn] == [(1, False), (2, True)]


def test_a_run_stands_among_the_others_of_its_set_and_one_that_goes_on_is_hollow_and_no_frontier():
    tasks, runs = make_population(problems=5, samples=4, runs=3)
    figure = CHARTS["score-cost"].build(InsightScope(runs=(runs[0].pk,)))
    named = {series.name: series for series in figure.series}
    assert [point.hollow for point in named["This run"].points] == [True]
    assert len(named["Other runs"].points) == 2
    assert len(figure.rows) == 3
    assert tasks.pk == runs[0].problem_set_id
    assert all(series.mark is not Mark.STEPS or len(series.points) == 2 for series in figure.series)


def test_more_runs_than_colours_are_all_in_the_table_and_the_figure_says_so():
    task = factories.make_problem()
    for _ in range(10):
        factories.make_trace(run=factories.make_run(), problem=task, correctness="pass")
    figure = CHARTS["runs"].build(InsightScope())
    assert (len(figure.series), len(figure.rows)) == (8, 10)
    assert "Of 10 runs the newest 8 are drawn" in figure.definition


def test_unanimous_and_wrong_is_counted_and_one_click_away():
    run, task = factories.make_run(), factories.make_problem()
    for _ in range(3):
        factories.make_trace(run=run, problem=task, correctness="fail", answer=[[[1]]])
    figure = CHARTS["reliability"].build(InsightScope())
    (row,) = figure.rows
    assert (row.values[:2], row.values[3], row.values[7]) == ([0.9, 1.0], 0.0, 1)
    assert row.link == f"/problems/{task.pk}/"


def test_a_failure_leads_to_the_attempts_of_its_kind():
    run = factories.make_run()
    factories.make_attempt(run=run, state="failed", error_kind="rate_limit", error_message="Too many.")
    figure = CHARTS["errors"].build(InsightScope(runs=(run.pk,)))
    assert figure.rows[0].values == ["rate limit", 1, "Too many."]
    assert figure.rows[0].link == f"/runs/{run.pk}/attempts/?kind=rate_limit"
