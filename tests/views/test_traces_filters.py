"""Filters and orders of the trace list that follow the plan of a run."""

import uuid

import pytest
from django.urls import reverse

from tests.factories import make_attempt, make_problem, make_run, make_trace
from trajectories.core.selections import WORDS, Selection
from trajectories.forms.traces import TraceListForm
from trajectories.selectors.release_rules import accepted_rule, eligible_traces


@pytest.fixture
def traces(db):
    """A first sample, two revisions in round 1 and 2, and a hinted one."""
    run = make_run()
    made = []
    for of_round, kind in enumerate(("first", "revision", "revision", "hinted")):
        attempt = make_attempt(run=run, round=of_round, kind=kind)
        made.append(make_trace(run=run, problem=attempt.problem, attempt=attempt, hinted=kind == "hinted"))
    return made


def rows(client, user, **query):
    client.force_login(user)
    return list(client.get(reverse("trace_list"), query).context["page"].rows)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"kind": "revision"}, [2, 1]),
        ({"kind": "revision", "round": 2}, [2]),
        ({"round": 0}, [0]),
        ({"hinted": "only"}, [3]),
        ({"hinted": "none"}, [2, 1, 0]),
    ],
)
def test_traces_are_filtered_by_what_was_shown(client, curator, traces, query, expected):
    assert rows(client, curator, **query) == [traces[place] for place in expected]


@pytest.mark.parametrize("address", ["?kind=first,hinted", "?kind=first&kind=hinted", "?kind=hinted&kind=,first,"])
def test_a_filter_takes_several_values(client, curator, traces, address):
    client.force_login(curator)
    response = client.get(reverse("trace_list") + address)
    assert list(response.context["page"].rows) == [traces[3], traces[0]]
    page = response.content.decode()
    assert "kind first or hinted" in page.lower() or "attempts first or hinted" in page.lower()
    assert 'value="first" checked' in page
    runs = f"?run={traces[0].run_id}&run={make_run().pk}"
    assert len(client.get(reverse("trace_list") + runs).context["page"].rows) == len(traces)


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("sampler=1,x", "Found &#x27;x&#x27;, expected the number of a row."),
        ("run=0", "Found &#x27;0&#x27;, expected the numbers of runs, as in 3,17."),
        ("run=" + ",".join(map(str, range(1, 202))), "Found 201 runs, expected at most 200."),
        ("kind=first,x", "Found &#x27;x&#x27;"),
        ("sampler=999999", "expected at least one of those offered."),
    ],
)
def test_a_wrong_value_among_several_is_told(client, lead, traces, query, fault):
    client.force_login(lead)
    response = client.get(f"{reverse('queue_new')}?{query}")
    assert response.status_code == 422
    assert fault in response.content.decode()


@pytest.mark.parametrize("query", [{"kind": "x"}, {"round": "-1"}, {"round": "x"}, {"hinted": "x"}, {"order": "x"}])
def test_a_wrong_filter_is_named(client, curator, traces, query):
    client.force_login(curator)
    response = client.get(reverse("trace_list"), query)
    assert response.status_code == 422
    assert next(iter(query)) in response.content.decode()


def test_the_closest_come_first_and_pages_lose_none(client, curator):
    run = make_run()
    errors = [None, 0.5, 0.0, 0.25, 0.5, None, 0.5] * 20
    for error in errors:
        make_trace(run=run, train_error=error)
    seen, before = [], None
    client.force_login(curator)
    while True:
        query = {"order": "error", "run": run.pk} | ({"before": before} if before else {})
        page = client.get(reverse("trace_list"), query).context["page"]
        seen += page.rows
        if page.next is None:
            break
        before = page.next
    assert len({trace.pk for trace in seen}) == len(errors)
    assert [trace.train_error for trace in seen] == [*[0.0] * 20, *[0.25] * 20, *[0.5] * 60, *[None] * 40]
    back = client.get(reverse("trace_list"), {"order": "error", "run": run.pk, "after": seen[100].pk}).context["page"]
    assert [trace.pk for trace in back.rows] == [trace.pk for trace in seen[50:100]]


def test_the_list_says_what_each_trace_is(client, curator, traces):
    client.force_login(curator)
    page = client.get(reverse("trace_list")).content.decode()
    assert page.count(">revision</span>") == 2
    assert ">hinted</span>" in page


def test_reading_and_reviewing_follow_the_order_of_the_list(client, curator, problem):
    run = make_run()
    errors = [0.5, None, 0.1, 0.3, 0.1]
    traces = [make_trace(problem=problem, run=run, train_error=error) for error in errors]
    wanted = [traces[number].pk for number in (4, 2, 3, 0, 1)]
    client.force_login(curator)
    query = {"run": run.pk, "order": "error"}
    listed = client.get(reverse("trace_list"), query)
    assert [trace.pk for trace in listed.context["page"].rows] == wanted
    here = client.get(reverse("trace_next"), query).headers["Location"]
    walked = []
    while here:
        page = client.get(here)
        walked.append(page.context["trace"].pk)
        here = page.context["older"]
    assert walked == wanted
    assert page.context["newer"] == f"/traces/{wanted[-2]}/?run={run.pk}&order=error"
    reviewed = [wanted[1]]
    for _ in range(4):
        address = reverse("review_submit", args=[reviewed[-1]]) + f"?run={run.pk}&order=error"
        there = client.post(address, {"decision": "accept", "key": uuid.uuid4()}).headers["Location"]
        reviewed.append(int(there.split("/")[2]))
    assert reviewed == [*wanted[1:], wanted[0]], "down the list, then from its top"
    assert there.endswith("&order=error")


def test_traces_and_releases_are_filtered_by_what_their_answers_rest_on(client, curator, lead):
    made = {
        source: make_trace(run=None, decision="accepted", problem=make_problem(reference_source=source))
        for source in ("", "generator", "consensus", "author", "person")
    }
    for word, sources in {"truth": ("", "generator"), "consensus": ("consensus",), "person": ("person",)}.items():
        assert {trace.pk for trace in rows(client, curator, rests_on=word)} == {made[source].pk for source in sources}
        rule = accepted_rule(Selection(rests_on=word))
        assert set(eligible_traces(rule)) == {made[source] for source in sources}
        assert rule.as_json()["source"] == {"filter": {"rests_on": word}}
    client.force_login(lead)
    page = client.get(reverse("trace_list"), {"rests_on": "truth", "order": "error", "decision": "accepted"})
    assert f'{reverse("release_export_accepted")}?rests_on=truth"' in page.content.decode()


@pytest.mark.parametrize(("query", "shown"), [({}, False), ({"decision": "accepted"}, False), ({"round": "0"}, True)])
def test_filters_that_are_folded_away_show_when_one_is_set(client, curator, query, shown):
    client.force_login(curator)
    page = client.get(reverse("trace_list"), query).content.decode()
    assert ('<details class="more-filters" open>' in page) is shown


def test_every_word_of_a_filter_can_be_stored(db):
    """The words that the page offers and those that a stored selection may hold are the same."""
    fields = TraceListForm().fields.items()
    offered = {name: {value for value, _ in field.choices if value} for name, field in fields if name in WORDS}
    assert offered == {name: set(words) for name, words in WORDS.items()}
