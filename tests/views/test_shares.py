"""Files to share: all in one, nothing that runs or is loaded, and nothing of what people decided."""

import base64
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from trajectories.models import Problem
from trajectories.services.releases.freezing import freeze_accepted

EVIL = "<script>window.owned = 1</script> ![x](https://evil.example/p.png) [y](javascript:alert(1)) <style>*{}</style>"


@pytest.fixture
def problem(db) -> Problem:
    return factories.make_problem()


@pytest.fixture
def traces(problem) -> list[Any]:
    run = factories.make_run()
    made = [factories.make_trace(problem=problem, run=run, correctness="pass") for _ in range(2)]
    pairs = [{"index": 0, "match": "right", "predicted": [[9, 8, 7]], "expected": [[9, 8, 7]], "message": ""}]
    for trace in made:
        factories.make_verdict(trace=trace, message="The output is right.", evidence={"pairs": pairs})
    return made


def addresses(problem: Problem, traces: list[Any]) -> dict[str, str]:
    return {
        "problem": reverse("problem_share", args=[problem.pk]),
        "trace": reverse("trace_share", args=[traces[0].pk]),
        "comparison": f"{reverse('comparison_share')}?left={traces[0].pk}&right={traces[1].pk}",
    }


def test_each_is_one_file_with_pictures_and_rules_inside(client, curator, problem, traces):
    client.force_login(curator)
    for name, address in addresses(problem, traces).items():
        response = client.get(address)
        assert response.status_code == 200, name
        assert re.search(r'attachment; filename="[\w.-]+\.html"', response["Content-Disposition"]), name
        page = response.content.decode()
        pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
        assert pictures, name
        assert base64.b64decode(pictures[0]).startswith(b"\x89PNG"), name
        assert page.count("<style>") == 1
        assert "default-src 'none'" in page
        # Nothing is loaded and nothing runs: no address but data, no script, no form, no handler.
        assert not re.findall(r'(?:src|href|action)="(?!data:image/png;base64,)', page), name
        assert not re.search(r"<(script|form|iframe|object|embed|link)\b|\son\w+=", page), name
        assert "url(" not in page


def test_hostile_texts_are_harmless(client, curator):
    problem = factories.make_problem(kind="text", spec={}, statement=EVIL, reference=EVIL, name="a/../<b>")
    steps = [{"kind": "text", "title": EVIL, "body": EVIL, "depth": 1, "data": {}}]
    pair = [
        factories.make_trace(problem=problem, answer=EVIL, program=EVIL, reasoning=EVIL, steps=steps) for _ in range(2)
    ]
    factories.make_verdict(trace=pair[0], verifier="text", outcome="fail", message=EVIL)
    client.force_login(curator)
    for name, address in addresses(problem, pair).items():
        response = client.get(address)
        page = response.content.decode()
        assert not re.search(r"<script|<style>\*|javascript:alert[^<]*\"|<img src=\"http", page), name
        assert not re.findall(r'src="http|href="javascript', page), name
        assert "/.." not in response["Content-Disposition"]
        assert "&lt;script&gt;" in page, name


def test_nothing_of_what_people_and_model_judges_said(client, lead, curator, problem, traces):
    factories.make_review(trace=traces[0], reviewer=lead, decision="reject", reason="lucky", comment="quokkas")
    factories.make_verdict(trace=traces[0], verifier="model_judge:correctness", outcome="fail", message="bilbies")
    type(traces[0]).objects.filter(pk=traces[0].pk).update(decision="rejected", model_judged="fail")
    for person in (curator, lead):
        client.force_login(person)
        for name, address in addresses(problem, traces).items():
            page = client.get(address).content.decode()
            for word in ("quokkas", "bilbies", "model_judge", "rejected", "lucky", "accepted"):
                assert word not in page, (name, word)


def test_a_release_is_for_who_sees_decisions(client, lead, curator, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    trace = factories.make_trace(correctness="pass", decision="accepted")
    factories.make_review(trace=trace, reviewer=lead)
    release = freeze_accepted(actor=lead, title="March", key="7f0f8f53-53bd-4e2c-8fa1-6f7a9b3e1c55")
    address = reverse("release_share", args=[release.pk])
    client.force_login(curator)
    assert client.get(address).status_code == 403
    client.force_login(lead)
    page = client.get(address).content.decode()
    assert "March" in page
    assert "Manifest" in page
    assert release.manifest["reviewers"]
    assert not re.findall(r'(?:src|href)="', page)


def test_permission_is_asked_for(client, nobody, problem, traces):
    client.force_login(nobody)
    for address in addresses(problem, traces).values():
        assert client.get(address).status_code == 403


def test_two_traces_of_two_problems_are_no_file(client, lead, traces):
    client.force_login(lead)
    other = factories.make_trace()
    assert client.get(reverse("comparison_share"), {"left": traces[0].pk, "right": other.pk}).status_code == 404
    assert client.get(reverse("comparison_share"), {"left": traces[0].pk}).status_code == 404


def test_a_long_trace_says_what_is_left_out(client, lead, monkeypatch):
    monkeypatch.setattr("trajectories.views.shares.MOST_CHARACTERS", 250)
    steps = [{"kind": "text", "title": f"Step {n}", "body": "x" * 100, "depth": 0, "data": {}} for n in range(150)]
    trace = factories.make_trace(steps=steps)
    client.force_login(lead)
    page = client.get(reverse("trace_share", args=[trace.pk])).content.decode()
    assert page.count('<section class="step') == 2
    assert "148 more steps are left out" in page


def test_queries_do_not_grow_with_samples_and_steps(client, lead, problem, traces):
    def queries() -> list[int]:
        found = []
        for address in addresses(problem, traces).values():
            with CaptureQueriesContext(connection) as captured:
                client.get(address)
            found.append(len(captured))
        return found

    client.force_login(lead)
    queries()
    few = queries()
    for _ in range(20):
        factories.make_verdict(trace=factories.make_trace(problem=problem, correctness="fail", answer=[[[1]]]))
    assert queries() == few
    assert max(few) <= 14


def test_pages_offer_the_file(client, lead, problem, traces):
    client.force_login(lead)
    for page, address in (
        (reverse("problem_detail", args=[problem.pk]), reverse("problem_share", args=[problem.pk])),
        (reverse("trace_detail", args=[traces[0].pk]), reverse("trace_share", args=[traces[0].pk])),
    ):
        assert f'href="{address}" download' in client.get(page).content.decode()
