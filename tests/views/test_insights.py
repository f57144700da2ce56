"""The page of insights and the figures on it."""

import csv
import html
import json
import re

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from docs.write_plotly_css import TARGET, written
from tests import factories
from tests.insights import make_population
from tests.worlds import make_world_set, plan_episodes, play_all, world_plan
from trajectories.charts import CHARTS, INSIGHTS, RUN_CHARTS, WORLD_CHARTS
from webapp.static_files import SCRIPT, plotly_folder

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def population(shared_rows):
    with shared_rows():
        return make_population(problems=6, samples=4, runs=2)


@pytest.fixture
def reader(client, curator):
    client.force_login(curator)
    return client


def test_the_page_loads_no_figure_itself(reader, population, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        page = reader.get(reverse("insights"), {"problem_set": population[0].pk}).content.decode()
    assert page.count('hx-trigger="intersect once"') == len(INSIGHTS)
    assert "data-plot=" not in page
    assert f'href="/insights/pass-at-k/?problem_set={population[0].pk}"' in page


def test_navigation_leads_there(reader):
    assert 'href="/insights/"' in reader.get(reverse("home")).content.decode()


def test_a_figure_is_a_page_with_its_table_and_a_fragment(reader, population):
    address = reverse("figure", args=["pass-at-k"]) + f"?problem_set={population[0].pk}"
    page = reader.get(address).content.decode()
    assert "<!doctype html>" in page
    assert "Evaluation set" in page
    assert '<details class="fold plot-fold" data-plot-table open>' in page
    part = reader.get(address, headers={"HX-Request": "true"})
    assert part.content.decode().startswith("<section")
    assert "HX-Request" in part["Vary"]
    spec = json.loads(re.search(r'<script id="spec-pass-at-k" type="application/json">(.*?)</script>', page).group(1))
    assert spec["meta"]["title"] == "pass@k and cons@k: Evaluation set"


@pytest.fixture(scope="module")
def world_run(shared_rows):
    """A run of episodes in a world that changes."""
    turned = [{"episode": 12, "step": 0, "set": {"wall": "upright"}}]
    with shared_rows():
        return play_all(plan_episodes(make_world_set(world_plan("maze", {"size": 4}, turned), episodes=40)))


@pytest.mark.parametrize("name", CHARTS)
def test_the_file_holds_what_the_table_holds(name, reader, population, world_run):
    run = world_run if CHARTS[name] in WORLD_CHARTS else population[1][0]
    query = {"run": run.pk}
    page = reader.get(reverse("figure", args=[name]), query).content.decode()
    answer = reader.get(reverse("figure", args=[name]), {**query, "format": "csv"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}.csv"'
    read = list(csv.reader(answer.getvalue().decode().splitlines()))
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    tabled = [
        [html.unescape(value) for value in re.findall(r'<data value="([^"]*)"', row)] for row in body.split("<tr>")[1:]
    ]
    assert read[1:] == tabled
    assert len(tabled) > 0


def test_wrong_selections_are_refused_in_a_sentence(reader, population):
    for name, address in (("insights", reverse("insights")), ("figure", reverse("figure", args=["runs"]))):
        refused = reader.get(address, {"sampler": "none"})
        assert (name, refused.status_code) == (name, 422)
        assert "expected" in refused.content.decode()
    assert reader.get(reverse("figure", args=["nothing"])).status_code == 404
    assert reader.post(reverse("insights")).status_code == 405
    assert reader.get(reverse("figure", args=["runs"]), {"run": ["1" * 30]}).status_code == 422


def test_it_is_for_who_may_see_runs_and_traces(client, nobody):
    client.force_login(nobody)
    assert client.get(reverse("insights")).status_code == 403
    assert client.get(reverse("figure", args=["runs"])).status_code == 403


def test_pages_of_runs_sets_samplers_and_instructions_have_their_figures(client, lead, population):
    client.force_login(lead)
    tasks, (run, _) = population
    page = client.get(reverse("run_detail", args=[run.pk])).content.decode()
    assert [f'id="figure-{chart.name}"' in page for chart in RUN_CHARTS] == [True] * len(RUN_CHARTS)
    assert f"/insights/throughput/?run={run.pk}" in page
    listed = client.get(reverse("problem_list"), {"set": tasks.name}).content.decode()
    assert f"/insights/difficulty/?problem_set={tasks.pk}" in listed
    assert "/insights/difficulty/" not in client.get(reverse("problem_list")).content.decode()
    sampler = client.get(reverse("sampler_detail", args=[run.sampler_id])).content.decode()
    assert f"/insights/pass-at-k/?sampler={run.sampler_id}" in sampler
    view = factories.make_instruction()
    shown = client.get(reverse("instruction_detail", args=[view.pk])).content.decode()
    assert f"/insights/pass-at-k/?instruction={view.pk}" in shown


def test_the_figures_of_a_run_that_goes_on_are_drawn_anew_and_those_of_one_that_ended_are_not(reader, population):
    running, ended = population[1]
    headers = {"HX-Request": "true"}
    address = reverse("figure", args=["throughput"])
    assert 'hx-trigger="every 15s"' in reader.get(address, {"run": running.pk}, headers=headers).content.decode()
    ended.verified_count = ended.done_count
    ended.save()
    assert "every 15s" not in reader.get(address, {"run": ended.pk}, headers=headers).content.decode()


def test_hostile_names_are_text(reader):
    evil = "</script><script>window.owned=1</script><b>"
    run = factories.make_run(title=evil, state="finished")
    factories.make_trace(run=run, correctness="pass", cost="0.1")
    for name in ("runs", "score-cost"):
        page = reader.get(reverse("figure", args=[name]), {"run": run.pk}).content.decode()
        assert "<script>window" not in page
        assert "&lt;script&gt;window.owned" in page


def test_the_script_is_served_from_the_package_and_nothing_beside_it():
    assert finders.find("plotly/plotly.min.js") == str(plotly_folder() / SCRIPT)
    assert finders.find("plotly/widgetbundle.js") is None
    assert finders.find("plotly/datasets") is None


def test_the_style_sheet_and_the_ids_that_stop_the_script_from_writing_its_own_are_those_of_the_installed_version(
    reader,
):
    script = (plotly_folder() / SCRIPT).read_text(encoding="utf-8")
    assert TARGET.read_text(encoding="utf-8") == written(script), "run `python docs/write_plotly_css.py`"
    page = reader.get(reverse("insights")).content.decode()
    looked_for = re.findall(r'if\(!document\.getElementById\("([0-9a-f]{64})"\)\)', script)
    assert looked_for
    for name in ("plotly.js-style-global", *looked_for):
        assert f'id="{name}"' in page
    assert 'class="no-inline-styles"' in page
