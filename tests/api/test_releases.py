"""What a release holds, how it differs from the one before, its tags, rules and deliveries, by the API."""

import uuid

import pytest

from tests import factories
from tests.api.programs import Program
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Delivery, Release, ReleaseRule
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.freezing import freeze_next

pytestmark = pytest.mark.django_db


def accepted(lead, count=1):
    traces = [factories.make_trace(correctness="pass") for _ in range(count)]
    for trace in traces:
        submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    return traces


def frozen(program, title):
    job = program.post("/releases", {"title": title}).json()
    freeze_next(job_id=job["id"])
    return program.get(f"/freezings/{job['id']}").json()["release"]


def test_a_release_tells_its_items_page_by_page_and_what_changed_since_the_one_before(lead, curator):
    first_traces, program = accepted(lead, 3), Program(lead)
    first = frozen(program, "First")
    page = program.get(f"/releases/{first}/items", limit=2).json()
    rest = program.get(f"/releases/{first}/items", limit=2, cursor=page["next"]).json()
    found = [row["trace"] for row in (*page["items"], *rest["items"])]
    assert (sorted(found), rest["next"]) == ([trace.pk for trace in first_traces], None)
    assert page["items"][0]["problem_name"]
    nothing = program.get(f"/releases/{first}/changes").json()
    assert (nothing["previous"], nothing["items"]) == (None, [])
    (new,) = accepted(lead)
    second = frozen(program, "Second")
    told = program.get(f"/releases/{second}/changes").json()
    assert (told["previous"], told["counts"]["added"]) == (first, 1)
    assert [(row["trace"], bool(row["why"])) for row in told["items"]] == [(new.pk, True)]
    manifest = program.get(f"/releases/{second}/manifest").json()
    assert (manifest["sha256"], manifest["superseded"]) == (Release.objects.get(pk=second).content_hash, False)
    assert Program(curator).get(f"/releases/{first}/items").status_code == 403


def test_a_tag_moves_from_release_to_release_and_is_taken_away(lead):
    accepted(lead)
    program = Program(lead)
    first, second = frozen(program, "First"), frozen(program, "Second")
    assert program.post(f"/releases/{first}/tag", {"name": "best"}).json()["tags"] == ["best"]
    assert program.post(f"/releases/{second}/tag", {"name": "best"}).json()["tags"] == ["best"]
    assert program.get(f"/releases/{first}").json()["tags"] == []
    assert program.post(f"/releases/{first}/tag", {"name": "best", "remove": True}).status_code == 422
    assert program.post(f"/releases/{second}/tag", {"name": "best", "remove": True}).json()["tags"] == []
    assert program.post(f"/releases/{second}/tag", {"name": "not one"}).status_code == 422


def test_stored_rules_and_deliveries_are_listed(lead):
    accepted(lead)
    program = Program(lead)
    release = frozen(program, "First")
    rule = ReleaseRule.objects.create(name="all", title="All", rule={"version": 1}, rule_hash="0" * 64)
    assert [row["name"] for row in program.get("/rules").json()["items"]] == ["all"]
    assert program.get(f"/rules/{rule.pk}").json()["rule"] == {"version": 1}
    Delivery.objects.create(release_id=release, what="environment", state="failed", reason="No space.")
    (row,) = program.get(f"/releases/{release}/deliveries").json()["items"]
    assert (row["what"], row["state"], row["reason"]) == ("environment", "failed", "No space.")
