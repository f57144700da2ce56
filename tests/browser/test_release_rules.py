"""Writing a release rule in the browser: the funnel follows, the keys work, and a trial shows each match."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from trajectories.models import Freezing, Release, ReleaseRule
from trajectories.services.releases.freezing import freeze_next

STATEMENT = "Anna has three trains with four wagons each and sells one of them. How many wagons are left?"


@pytest.fixture
def traces(curator):
    held_out = factories.make_problem(kind="numeric", spec={}, reference=8, statement=STATEMENT)
    copied = factories.make_problem(kind="numeric", spec={}, reference=8, statement=STATEMENT.replace("Anna", "Tina"))
    fine = factories.make_problem(kind="numeric", spec={}, reference=2, statement="What is 1 + 1?")
    made = [factories.make_trace(problem=problem, decision="accepted") for problem in (copied, fine, fine)]
    for score, trace in enumerate(made, 3):
        factories.make_review(trace=trace, reviewer=curator, score=score)
    return held_out, made


def line(page, clause):
    return page.locator(f'#preview [data-clause="{clause}"]')


def test_the_funnel_follows_what_is_typed_and_links_to_what_is_removed(log_in, lead, traces):
    page = log_in(lead)
    page.goto("/releases/new/")
    expect(page.locator("#preview-title")).to_have_text(re.compile(r"3\s+traces"))
    page.get_by_label("Least mean score").fill("4")
    expect(line(page, "score").locator(".funnel-left")).to_have_text("2")
    page.locator("#preview").get_by_label("Format").select_option("prompt-only")
    expect(page.locator("#preview .row-preview").first).to_contain_text("problem_id")
    line(page, "score").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Scored too low, or not at all")
    expect(page.get_by_role("link", name=f"trace {traces[1][0].pk}")).to_be_visible()


def test_a_rule_is_tried_each_match_is_shown_and_it_is_frozen_from_the_keyboard(log_in, lead, traces):
    held_out, made = traces
    page = log_in(lead)
    page.goto("/releases/new/")
    page.get_by_text("Held-out problems").click()
    page.get_by_label("Take nothing from").select_option(str(held_out.problem_set_id))
    page.get_by_label("Nor like statements").fill("0.6")
    expect(page.locator("#preview-title")).to_contain_text("At most")
    page.get_by_role("button", name="Try it").click()
    page.wait_for_url("**/releases/freezing/*/")
    freeze_next(job_id=Freezing.objects.get().pk)
    expect(page.locator("#funnel-title")).to_contain_text("2 traces")
    page.get_by_role("link", name="In common with a held-out set").click()
    match = page.get_by_role("article")
    expect(match).to_have_count(1)
    expect(match).to_contain_text("Tina has three trains")
    expect(match).to_contain_text("Anna has three trains")
    expect(match.locator("mark").first).to_contain_text("has three trains with four wagons each")
    page.go_back()
    page.get_by_role("link", name="Change the rule").click()
    page.get_by_label("Name of the rule").fill("Clean")
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Clean version 1")
    page.keyboard.press("e")
    page.wait_for_url("**/releases/new/?from=*")
    page.get_by_label("Title").press("Control+Enter")
    page.wait_for_url("**/releases/freezing/*/")
    freeze_next(job_id=Freezing.objects.latest("pk").pk)
    page.wait_for_url(re.compile(r"/releases/\d+/$"))
    release = Release.objects.get()
    assert release.named_rule == ReleaseRule.objects.get()
    assert set(release.items.values_list("trace", flat=True)) == {trace.pk for trace in made[1:]}
    page.get_by_placeholder("prod").fill("prod")
    page.get_by_role("button", name="Tag it").click()
    expect(page.locator("section", has_text="Tags").get_by_text("/releases/tagged/prod/")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_of_rules_scrolls_sideways(log_in, lead, traces, width):
    page = log_in(lead)
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("/releases/", "/releases/new/", "/releases/rules/", "/releases/rules/removed/?clause=reviews"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
