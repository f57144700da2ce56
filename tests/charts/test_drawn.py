"""Every figure with everything there may be to draw."""

import csv
import json

import pytest

from tests.insights import make_population
from tests.worlds import make_world_set, plan_episodes, play_all, world_plan
from trajectories.charts import CHARTS, WORLD_CHARTS
from trajectories.core.figures.specs import plotly_spec
from trajectories.core.figures.tables import csv_lines
from trajectories.selectors.insights.scopes import InsightScope

MOST_QUERIES = 9
ALWAYS = ("problems", "samples", "scored", "cut off", "refused", "failed attempts")


@pytest.fixture(scope="module")
def scopes(shared_rows):
    """What there is to draw: samples of a set, those of one run, and episodes of a world that changes."""
    with shared_rows():
        turned = [{"episode": 12, "step": 0, "set": {"wall": "upright"}}]
        episodes = make_world_set(world_plan("maze", {"size": 4}, turned), episodes=40)
        played = play_all(plan_episodes(episodes))
        tasks, runs = make_population(problems=8, samples=6, runs=2)
        return {
            "world": InsightScope(runs=(played.pk,)),
            "run": InsightScope(runs=(runs[0].pk,)),
            "set": InsightScope(problem_set=tasks.pk),
        }


@pytest.fixture
def scope(scopes, name):
    """What there is to draw for a figure."""
    if CHARTS[name] in WORLD_CHARTS:
        return scopes["world"]
    return scopes["run" if name in ("throughput", "errors") else "set"]


@pytest.mark.parametrize("name", CHARTS)
def test_it_draws_what_its_table_says_and_says_what_it_is(name, scope, db, django_assert_max_num_queries):
    with django_assert_max_num_queries(MOST_QUERIES):
        figure = CHARTS[name].build(scope)
    assert figure.missing == ""
    assert figure.series
    assert len(figure.definition) > 80
    assert figure.summary.endswith(".")
    assert [count.title for count in figure.counts][: len(ALWAYS)] == list(ALWAYS)
    assert all(len(row.values) == len(figure.columns) for row in figure.rows)
    spec = plotly_spec(figure)
    json.dumps(spec, allow_nan=False)
    # A format with prefixes of units would write half an episode as "500m".
    assert not any("s" in spec["layout"][axis].get("tickformat", "") for axis in ("xaxis", "yaxis"))
    read = list(csv.reader(csv_lines(figure)))
    assert read[0] == [column.title for column in figure.columns]
    assert len(read) == 1 + len(figure.rows)


@pytest.mark.parametrize("name", CHARTS)
def test_every_point_that_leads_somewhere_leads_to_a_page(name, scope, client, lead):
    client.force_login(lead)
    figure = CHARTS[name].build(scope)
    links = {point.link for series in figure.series for point in series.points if point.link}
    links |= {row.link for row in figure.rows if row.link} | {count.link for count in figure.counts if count.link}
    assert links
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)
