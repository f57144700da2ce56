"""The trace explorer: searching texts, columns, sorting, and working on many traces at once."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests.factories import make_problem, make_trace, make_verdict
from trajectories.core.selections import Selection
from trajectories.models import JudgeJob, Queue, Reverification, SavedView, TraceTag
from trajectories.views import trace_lists

LIST, ACTIONS = "/traces/", "/traces/actions/"


def saying(body: str, **values):
    return make_trace(reasoning=body, problem=make_problem(kind="numeric", spec={}, reference="1"), **values)


@pytest.fixture
def page(client, lead):
    client.force_login(lead)
    return lambda address, **query: client.get(address, query)


def test_what_was_searched_for_is_marked_and_harmless(page):
    saying('<script>alert(1)</script> & "rotated" \u202e grids <img src=x onerror=alert(1)>')
    text = page(LIST, text="rotate").content.decode()
    assert "<mark>rotated</mark>" in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "Says “rotate”" in text


def test_a_passage_reads_as_the_text_does(page):
    saying("It was rotated, then un-rotated.")
    assert "It was <mark>rotated</mark>, then un-<mark>rotated</mark>." in page(LIST, text="rotate").content.decode()


def test_a_search_of_common_words_or_of_none_is_refused_in_words(page):
    for searched, said in (("the of and", "words that nearly every text has"), ("!!", "expected at least one word")):
        answer = page(LIST, text=searched)
        assert answer.status_code == 422
        assert said in answer.content.decode()


def test_a_search_takes_no_more_queries_for_many_rows(page, django_assert_max_num_queries):
    for _ in range(50):
        saying("rotated grids")
    page(LIST, text="rotate")
    with django_assert_max_num_queries(22):
        assert page(LIST, text="rotate").content.decode().count("<mark>") == 50


def test_a_hit_that_stands_far_on_is_told(page, monkeypatch):
    saying("filler " * 4_000 + "mirror")
    assert "<mark>mirror</mark>" in page(LIST, text="mirror").content.decode()
    monkeypatch.setattr("trajectories.selectors.trace_searches.MOST_FURTHER", 0)
    assert "stands further on in its text" in page(LIST, text="mirror").content.decode()


def test_columns_and_orders_are_in_the_address(page):
    saying("a", output_tokens=1)
    saying("b", output_tokens=2)
    text = page(LIST, columns="cost,tags", order="longest").content.decode()
    assert "Cost" in text
    assert ">Verdict<" not in text.partition("<tbody>")[0].partition("<thead>")[2]
    shown = page(LIST, order="longest")
    assert [trace.output_tokens for trace in shown.context["page"].rows] == [2, 1]
    assert 'aria-sort="descending"' in shown.content.decode()
    both = page(LIST, columns=["answer", "cost"]).context["list"].shows
    assert [word for word, is_shown in both.items() if is_shown] == ["answer", "cost"]


def test_filters_that_are_folded_away_are_fetched(page):
    part = page(LIST, part="filters").content.decode()
    assert 'name="verifier"' in part
    assert "<html" not in part
    whole = page(LIST).content.decode()
    assert 'name="verifier"' not in whole
    assert 'name="verifier"' in page(LIST, more="1").content.decode(), "without scripts a link shows them"
    assert 'name="verifier" id="id_verifier" value="arc_test"' in page(LIST, verifier="arc_test").content.decode()


def test_a_range_that_ends_before_it_begins_is_refused(page):
    answer = page(LIST, cost_from="2", cost_to="1")
    assert answer.status_code == 422
    assert "Found 2.0 to 1.0, expected the lower one first." in answer.content.decode()


def test_all_of_a_selection_is_closed_and_stored_as_it_is(client, lead):
    client.force_login(lead)
    old = make_trace(correctness="pass")
    make_verdict(trace=old)
    address = client.get(ACTIONS, {"for": "all", "among": "correctness=pass"}).headers["Location"]
    assert address == f"{ACTIONS}?correctness=pass&newest={old.pk}"
    make_trace(correctness="pass")
    shown = client.get(address)
    assert shown.context["total"].least == 1
    assert f"Up to trace {old.pk}" in shown.content.decode()
    query = address.partition("?")[2]
    client.post(f"/reverifications/new/?{query}", {"verifiers": ["arc_test"]})
    job = Reverification.objects.get()
    assert job.selection == {"version": 1, "correctness": "pass", "newest": old.pk}
    assert job.total_count == 1
    assert JudgeJob.objects.count() == 0


def test_a_queue_takes_every_new_filter(client, lead):
    client.force_login(lead)
    trace = saying("rotated", cost=0.5)
    saying("rotated", cost=5)
    query = f"text=rotate&cost_to=1&newest={trace.pk + 1}"
    form = client.get(f"/queues/new/?{query}").context["form"]
    values = {name: field.initial for name, field in form.fields.items() if field.initial is not None}
    values = {name: value() if callable(value) else value for name, value in values.items()}
    values = {name: value for name, value in values.items() if value is not False}
    answer = client.post(f"/queues/new/?{query}", {**values, "title": "Q", "doubled_percent": 0})
    assert answer.status_code == 302, answer.context["form"].errors
    queue = Queue.objects.get()
    assert queue.rule == Selection(text="rotate", cost_to=1.0, newest=trace.pk + 1)
    assert queue.item_count == 1


def test_the_chosen_are_a_selection_too(page):
    one, two = make_trace(), make_trace()
    make_trace()
    address = page(ACTIONS, **{"for": "picked", "pick": [one.pk, two.pk]}).headers["Location"]
    assert address == f"{ACTIONS}?traces={one.pk}%2C{two.pk}"
    assert page(address).context["total"].least == 2


def test_tags_are_put_on_and_taken_off(client, curator, lead):
    trace = make_trace()
    for person in (curator, lead):
        client.force_login(person)
        answer = client.post(f"/traces/actions/tag/?traces={trace.pk}", {"tag": "Odd one"})
        assert answer.headers["Location"] == f"{ACTIONS}?traces={trace.pk}"
    assert TraceTag.objects.count() == 2
    assert "odd one" in client.get(LIST, {"columns": "tags"}).content.decode()
    client.post(f"/traces/actions/tag/?traces={trace.pk}", {"tag": "odd one", "do": "remove"})
    assert TraceTag.objects.count() == 0, "a lead takes off what others put there"


def test_the_last_tagging_is_undone_once(client, lead, curator):
    traces = [make_trace(), make_trace()]
    chosen = f"traces={traces[0].pk}%2C{traces[1].pk}"
    client.force_login(lead)
    client.post(f"/traces/actions/tag/?{chosen}", {"tag": "odd"})
    page = client.get(ACTIONS, {"traces": traces[0].pk})
    event = page.context["tagged"]
    address = reverse("trace_tag_undo", args=[event.pk])
    assert address in page.content.decode()
    client.force_login(curator)
    assert client.post(address).status_code == 404, "it is somebody else's"
    assert reverse("trace_tag_undo", args=[event.pk]) not in client.get(ACTIONS).content.decode()
    client.force_login(lead)
    assert client.post(address).headers["Location"] == f"{ACTIONS}?{chosen}"
    assert TraceTag.objects.count() == 0
    again = client.post(address, follow=True)
    assert "This is undone already." in again.content.decode()
    assert again.context["tagged"] is None


def test_a_wrong_filter_takes_nothing_instead_of_everything(client, lead):
    trace = make_trace()
    client.force_login(lead)
    wrong = "correctness=rihgt"
    for name in ("trace_actions", "queue_new", "reverification_new", "judge_job_new", "judge_job_estimate"):
        answer = client.get(f"{reverse(name)}?{wrong}")
        assert answer.status_code == 422, name
        assert "rihgt" in answer.content.decode()
    assert client.get(f"/traces/actions/traces.jsonl?{wrong}").status_code == 422
    assert client.post(f"/traces/actions/tag/?{wrong}", {"tag": "odd"}).status_code == 422
    assert client.post(f"/traces/views/?{wrong}", {"title": "Right"}).status_code == 422
    assert not TraceTag.objects.exists()
    assert not SavedView.objects.exists()
    told = client.get(ACTIONS, {"for": "all", "among": wrong}, follow=True)
    assert told.status_code == 422
    nothing = client.get(ACTIONS, {"for": "picked", "among": f"problem={trace.problem_id}"})
    assert nothing.headers["Location"] == f"{LIST}?problem={trace.problem_id}"
    many = client.get(ACTIONS, {"for": "picked", "pick": list(range(1, 300))}, follow=True)
    assert many.status_code == 422
    assert "Found 201 traces, expected at most 200." in many.content.decode()


def test_a_wrong_tag_is_refused_where_it_was_typed(client, lead):
    client.force_login(lead)
    make_trace()
    answer = client.post("/traces/actions/tag/", {"tag": "a,b"})
    assert answer.status_code == 422
    assert "expected up to 40 letters" in answer.content.decode()


def test_the_download_has_a_line_for_each_trace_and_no_reviews(client, lead):
    client.force_login(lead)
    traces = [saying("a"), saying("b")]
    make_verdict(trace=traces[0], verifier="numeric_answer", outcome="fail")
    answer = client.get("/traces/actions/traces.jsonl")
    rows = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [row["meta"]["trace_id"] for row in rows] == [trace.pk for trace in traces]
    assert [verdict["outcome"] for verdict in rows[0]["verdicts"]] == ["fail"]
    assert rows[0]["reviews"] == []


def test_more_than_fits_in_a_download_is_refused(client, lead, monkeypatch):
    monkeypatch.setattr(trace_lists, "MOST_DOWNLOADED", 1)
    client.force_login(lead)
    make_trace()
    make_trace()
    answer = client.get("/traces/actions/traces.jsonl", follow=True)
    assert "expected 1 to 1 for a download" in answer.content.decode()


def test_each_action_needs_its_own_permission(client, nobody, curator):
    make_trace()
    nobody.user_permissions.set(Permission.objects.filter(codename="view_trace"))
    client.force_login(nobody)
    text = client.get(ACTIONS).content.decode()
    for name in ("reverification_new", "judge_job_new", "queue_new", "release_new", "trace_download", "trace_tag"):
        assert reverse(name) not in text
    assert client.post("/traces/actions/tag/", {"tag": "odd"}).status_code == 403
    assert client.get("/traces/actions/traces.jsonl").status_code == 403
    client.force_login(curator)
    assert reverse("trace_tag") in client.get(ACTIONS).content.decode()


def test_who_is_blind_starts_no_job_by_what_others_said(client, curator):
    curator.user_permissions.set(Permission.objects.filter(codename__in=("add_queue", "add_reverification")))
    make_trace()
    client.force_login(curator)
    for query in ("tag=odd", "score_from=1", "verifier=model_judge:x"):
        for name in ("queue_new", "reverification_new"):
            assert client.get(f"{reverse(name)}?{query}").status_code == 403
    assert client.get(f"{reverse('queue_new')}?verifier=arc_test&text=mirror").status_code == 200


def test_an_empty_selection_says_so(page):
    assert "No trace is in this selection" in page(ACTIONS, correctness="error").content.decode()
