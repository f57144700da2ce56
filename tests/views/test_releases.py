import uuid

import pytest
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from trajectories.models import Export, Freezing, Release, Trace
from trajectories.services.releases.freezing import freeze_accepted, freeze_next

HTMX = {"HX-Request": "true"}


@pytest.fixture
def accepted(curator):
    trace = factories.make_trace(decision="accepted")
    factories.make_review(trace=trace, reviewer=curator, score=4)
    return trace


@pytest.fixture
def release(accepted, lead):
    return freeze_accepted(actor=lead, title="First light", key=uuid.uuid4())


def freeze(client, values):
    """Post the form, let a worker do it, and look where it leads."""
    address = client.post(reverse("release_new"), values)["Location"]
    freeze_next(job_id=Freezing.objects.latest("pk").pk)
    return client.get(address)


def removed_by(page):
    """What each clause of the funnel on a page removed."""
    return {shown.line.clause: shown.line.removed for shown in page.context["funnel"].lines}


def form(**values):
    return {"title": "First light", "key": str(uuid.uuid4()), **values}


def test_the_form_shows_what_it_would_take(as_lead, accepted):
    page = squeezed(as_lead.get(reverse("release_new")))
    assert "1 trace<" in " ".join(page.split()).replace(" <", "<")
    assert accepted.reasoning.body in page
    narrowed = squeezed(as_lead.get(reverse("release_new", query={"min_score": 5}), headers=HTMX))
    assert "Nothing matches" in narrowed
    assert "<html" not in narrowed


def test_freezing_makes_the_release_and_shows_it(as_lead, accepted):
    response = freeze(as_lead, form(min_score=4))
    release = Release.objects.get()
    assert response["Location"] == reverse("release_detail", args=[release.pk])
    assert release.rule == {"version": 1, "reviews": {"least_score": 4.0}}
    assert release.items.get().trace == accepted


def test_hinted_traces_are_counted_and_left_out_unless_asked_for(as_lead, accepted, curator):
    hinted = factories.make_trace(decision="accepted", hinted=True)
    factories.make_review(trace=hinted, reviewer=curator)
    page = as_lead.get(reverse("release_new"))
    assert (page.context["count"], removed_by(page)["hinted"]) == (1, 1)
    both = as_lead.get(reverse("release_new", query={"hinted": "too"}), headers=HTMX)
    assert both.context["count"] == 2
    assert "hinted" not in removed_by(both)
    freeze(as_lead, form(hinted="only"))
    assert Release.objects.get().items.get().trace == hinted


def test_the_filters_of_the_trace_list_are_the_rule(as_lead, accepted):
    run = accepted.run_id
    page = squeezed(as_lead.get(reverse("release_new", query={"run": run})))
    assert f'name="runs" value="{run}"' in page
    as_lead.post(reverse("release_new"), form(runs=run, correctness="pass"))
    assert Release.objects.count() == 0
    freeze(as_lead, form(runs=run))
    assert Release.objects.get().rule["source"] == {"runs": [run]}


def test_the_same_form_twice_is_one_release(as_lead, accepted):
    values = form()
    first, second = (as_lead.post(reverse("release_new"), values)["Location"] for _ in range(2))
    assert first == second
    third = freeze(as_lead, values)["Location"]
    assert as_lead.post(reverse("release_new"), values)["Location"] == third
    assert Release.objects.count() == 1


def test_the_page_of_a_release_on_its_way_shows_how_far_it_is(as_lead, accepted, django_assert_num_queries):
    address = as_lead.post(reverse("release_new"), form())["Location"]
    Freezing.objects.update(done_count=1234, total_count=20_000)
    with django_assert_num_queries(5):
        page = squeezed(as_lead.get(address))
    assert "1,234 of 20,000 traces read" in page
    assert "hx-get" in page
    part = as_lead.get(address, headers=HTMX)
    assert b"<html" not in part.content
    assert "First light" in squeezed(as_lead.get(reverse("release_list")))
    freeze_next(job_id=Freezing.objects.get().pk)
    release = Release.objects.get()
    assert as_lead.get(address, headers=HTMX)["HX-Redirect"] == reverse("release_detail", args=[release.pk])
    assert as_lead.get(address)["Location"] == reverse("release_detail", args=[release.pk])


def test_a_release_that_could_not_be_frozen_says_why(as_lead, accepted):
    address = as_lead.post(reverse("release_new"), form())["Location"]
    Trace.objects.update(decision="rejected")
    freeze_next(job_id=Freezing.objects.get().pk)
    page = squeezed(as_lead.get(address))
    assert "No accepted trace matches this rule" in page
    assert "hx-get" not in page


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"title": ""}, "Found nothing, expected a name for the release."),
        ({"title": "x" * 201}, "200"),
        ({"min_score": "9"}, "9"),
        ({"view": "no such"}, "no such"),
        ({"key": ""}, "required"),
        ({"correctness": "fail"}, "No accepted trace matches"),
    ],
)
def test_a_wrong_form_says_what_is_wrong_and_freezes_nothing(as_lead, accepted, values, message):
    response = as_lead.post(reverse("release_new"), form(**values))
    assert response.status_code == 422
    assert message in squeezed(response) or "key" in values
    assert Release.objects.count() == 0


def test_a_release_shows_rule_manifest_and_the_exact_rows(as_lead, release, accepted):
    page = squeezed(as_lead.get(reverse("release_detail", args=[release.pk])))
    assert "First light" in page
    assert release.content_hash in page
    assert "items_sha256" in page
    assert accepted.reasoning.body in page
    other = squeezed(as_lead.get(reverse("release_detail", args=[release.pk]) + "?format=arc-programs"))
    assert "train_outputs" in other
    assert as_lead.get(reverse("release_detail", args=[release.pk]) + "?format=xlsx").status_code == 404


def test_the_list_names_releases_and_their_files(as_lead, release, lead, django_assert_num_queries):
    Export.objects.create(release=release, format="sft-messages", state="ready", created_by=lead)
    page = squeezed(as_lead.get(reverse("release_list")))
    assert "First light" in page
    assert "sft-messages" in page
    freeze_accepted(actor=lead, title="Second", key=uuid.uuid4())
    with django_assert_num_queries(8):
        as_lead.get(reverse("release_list"))


def test_pages_of_releases_go_by_key(as_lead, release, lead, monkeypatch):
    monkeypatch.setattr("trajectories.views.releases.PAGE_ROWS", 1)
    newest = freeze_accepted(actor=lead, title="Second", key=uuid.uuid4())
    first = squeezed(as_lead.get(reverse("release_list")))
    assert "Second" in first
    assert "First light" not in first
    assert f'rel="next" href="?before={newest.pk}"' in first
    last = squeezed(as_lead.get(reverse("release_list", query={"before": newest.pk})))
    assert "First light" in last
    assert 'rel="next"' not in last


def test_an_empty_list_says_what_to_do(as_lead):
    assert "Accept some traces first" in squeezed(as_lead.get(reverse("release_list")))


def quick(client, query="", **values):
    address = reverse("release_export_accepted") + query
    answer = client.post(address, {"key": str(uuid.uuid4()), **values})
    if answer.status_code == 302:
        for job in Freezing.objects.filter(state="queued"):
            freeze_next(job_id=job.pk)
        return client.get(answer["Location"], follow=True)
    return answer


def test_export_accepted_makes_release_and_export_in_one_go(as_lead, accepted):
    page = squeezed(quick(as_lead, f"?run={accepted.run_id}"))
    release, export = Release.objects.get(), Export.objects.get()
    assert release.title == f"Accepted traces of run {accepted.run_id}"
    assert (export.release, export.format, export.state) == (release, "sft-messages", "queued")
    assert f'id="export-{export.pk}"' in page


def test_export_accepted_again_makes_nothing_new_until_something_changed(as_lead, accepted, curator):
    quick(as_lead)
    quick(as_lead)
    assert (Release.objects.count(), Export.objects.count()) == (1, 1)
    factories.make_review(trace=factories.make_trace(decision="accepted"), reviewer=curator)
    quick(as_lead)
    assert Release.objects.count() == 2


@pytest.mark.parametrize("query", ["?run=three", "?near_miss=nearly", "?model_judged=perhaps", "?round=-1"])
def test_export_accepted_refuses_a_filter_it_does_not_know(as_lead, accepted, query):
    answer = as_lead.post(reverse("release_export_accepted") + query, {"key": str(uuid.uuid4())})
    assert answer.status_code == 422
    assert squeezed(answer).startswith(query[1:].partition("=")[0] + ": ")
    assert not Release.objects.exists()


def test_export_accepted_with_nothing_accepted_says_so(as_lead):
    assert "No accepted trace matches" in squeezed(quick(as_lead))
    assert as_lead.post(reverse("release_export_accepted"), {"key": "x"}).status_code == 422


def test_who_may_not_release_cannot(client, curator, nobody, release):
    client.force_login(curator)
    # Not even looked at: it says of each trace that it was accepted.
    assert client.get(reverse("release_detail", args=[release.pk])).status_code == 403
    assert client.get(reverse("release_new")).status_code == 403
    assert client.post(reverse("release_new"), form()).status_code == 403
    assert quick(client).status_code == 403
    client.force_login(nobody)
    assert client.get(reverse("release_list")).status_code == 403
    assert client.get(reverse("release_detail", args=[release.pk])).status_code == 403
    assert Release.objects.count() == 1


def test_wrong_methods_are_refused(as_lead, release):
    assert as_lead.get(reverse("release_export_accepted")).status_code == 405
    assert as_lead.post(reverse("release_detail", args=[release.pk])).status_code == 405
    assert as_lead.delete(reverse("release_new")).status_code == 405
