import pytest
from django.urls import reverse

from tests.factories import make_problem, plan
from trajectories.models import Run


@pytest.fixture
def run(db):
    """Six failed attempts of two kinds."""
    run = plan(problems=[make_problem(), make_problem(), make_problem()])
    keys = list(run.attempts.order_by("pk").values_list("pk", flat=True))
    run.attempts.filter(pk__in=keys[:4]).update(state="failed", error_kind="timeout", error_message="took <b>90 s</b>")
    run.attempts.filter(pk__in=keys[4:]).update(state="failed", error_kind="context", error_message="too long")
    Run.objects.filter(pk=run.pk).update(failed_count=6, state="running")
    return run


def test_every_failed_attempt_is_listed_with_what_it_said(client, curator, run):
    client.force_login(curator)
    text = client.get(reverse("attempt_list", args=[run.pk])).content.decode()
    assert text.count("took &lt;b&gt;90 s&lt;/b&gt;") == 4
    assert text.count("too long") == 2
    only = client.get(reverse("attempt_list", args=[run.pk]), {"kind": "context"})
    assert len(only.context["page"].rows) == 2
    assert "timeout" in only.content.decode(), "the other kind is one click away"


def test_the_page_of_the_run_links_to_them_by_kind(client, curator, run):
    client.force_login(curator)
    text = client.get(reverse("run_detail", args=[run.pk])).content.decode()
    assert f"{reverse('attempt_list', args=[run.pk])}?kind=timeout" in text


def test_they_are_paged_by_key_with_the_same_number_of_queries(client, curator, django_assert_num_queries):
    run = plan(problems=[make_problem() for _ in range(60)], samples_each=1)
    run.attempts.update(state="failed", error_kind="x")
    client.force_login(curator)
    with django_assert_num_queries(6):
        first = client.get(reverse("attempt_list", args=[run.pk])).context["page"]
    assert len(first.rows) == 50
    second = client.get(reverse("attempt_list", args=[run.pk]), {"after": first.next}).context["page"]
    assert (len(second.rows), second.next) == (10, None)


@pytest.mark.parametrize("query", [{"kind": "a\0b"}, {"kind": "none"}, {"after": "x"}, {"after": "9" * 30}])
def test_any_address_gives_a_page(client, curator, run, query):
    client.force_login(curator)
    assert client.get(reverse("attempt_list", args=[run.pk]), query).status_code == 200


def test_only_those_who_may_see_runs_and_only_of_a_run_that_exists(client, curator, nobody, run):
    client.force_login(curator)
    assert client.get(reverse("attempt_list", args=[run.pk + 1])).status_code == 404
    client.force_login(nobody)
    assert client.get(reverse("attempt_list", args=[run.pk])).status_code == 403
