import html
import json
import re
import uuid
from datetime import UTC, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.queues import filled
from trajectories.core.releases.rules import Decontamination, Reviews, Rule, Sameness, Source, Verdicts
from trajectories.models import AuditEvent, Freezing, Queue, QueueItem, Release, ReleaseRule, ReleaseTag, Tombstone
from trajectories.selectors.release_rules import accepted_rule
from trajectories.services.curation.filling import fill_queue
from trajectories.services.releases.freezing import Order, freeze_accepted, freeze_here, freeze_next
from trajectories.services.releases.rules import save_rule

HTMX = {"HX-Request": "true"}


@pytest.fixture
def accepted(curator):
    trace = factories.make_trace(decision="accepted", correctness="pass")
    factories.make_review(trace=trace, reviewer=curator, score=4)
    return trace


def form(**values):
    return {"title": "First light", "key": str(uuid.uuid4()), **values}


def text(response):
    return response.content.decode()


EVERYTHING = {
    "kinds": ["arc"],
    "since": "2020-01-01",
    "accepted_by": 1,
    "min_score": 2.5,
    "correctness": ["pass"],
    "verifiers": "arc_test: pass, unscored\nmodel_judge:correctness: pass",
    "least_scores": "scorer:told 0.8\narc_train: 1",
    "least_votes": 0.5,
    "hinted": "too",
    "whole": "on",
    "held_out_near": 0.5,
    "held_out_words": 13,
    "same_texts": "on",
    "same_programs": "on",
    "same_near": 0.9,
    "per_problem": 3,
    "balance_by": "family",
    "balance_most": 10,
    "validation": 5,
}


def test_a_rule_is_saved_read_back_and_saved_as_the_next_version(as_lead, accepted, lead):
    problems = accepted.problem.problem_set
    values = {**EVERYTHING, "problem_sets": [problems.pk], "held_out": [factories.make_problem_set().pk], "runs": "1"}
    values["runs"] = str(accepted.run_id)
    answer = as_lead.post(reverse("release_new"), form(do="save", rule_title="Clean", **values))
    assert answer.status_code == 302, answer.context["form"].errors
    stored = ReleaseRule.objects.get()
    assert answer["Location"] == reverse("release_rule_detail", args=[stored.pk])
    assert stored.rule["verdicts"]["required"] == {
        "arc_test": ["pass", "unscored"],
        "model_judge:correctness": ["pass"],
    }
    page = as_lead.get(reverse("release_new", query={"from": stored.pk}))
    assert page.context["rule"] == Rule.from_json(stored.rule)
    # What the page shows, sent back, is the same rule: no new version.
    shown = {name: page.context["form"][name].value() for name in page.context["form"].fields}
    again = {name: value for name, value in shown.items() if value not in (None, "", False)}
    as_lead.post(reverse("release_new"), {**again, "do": "save"})
    assert ReleaseRule.objects.count() == 1
    as_lead.post(reverse("release_new"), {**again, "do": "save", "per_problem": 2})
    newest = ReleaseRule.objects.latest("pk")
    assert (newest.name, newest.version) == (stored.name, 2)
    compared = text(as_lead.get(reverse("release_rule_detail", args=[newest.pk])))
    assert "<del>3</del>" in compared
    assert "<ins>2</ins>" in compared
    as_lead.post(reverse("release_new"), {**again, "do": "save_new", "rule_title": "Other"})
    other = ReleaseRule.objects.latest("pk")
    assert (other.version, other.cloned_from) == (1, stored)
    assert other.name != stored.name
    assert AuditEvent.objects.filter(verb="release_rule.save").count() == 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"runs": "3, x"}, "Found &#x27;x&#x27;, expected the numbers of runs"),
        ({"runs": "999999"}, "found 999999, expected the id of a run that is there"),
        ({"verifiers": "arc_test"}, "expected a verifier and pass, fail, unscored, error"),
        ({"verifiers": "arc_test: maybe"}, "as in arc_test: pass"),
        ({"since": "2026-02-02", "until": "2026-01-01"}, "or later"),
        ({"same_near": "7"}, "expected a number from 0.1 to 1"),
        ({"held_out_words": "13"}, "expected the sets that nothing may be taken from"),
        ({"balance_most": "3"}, "expected what to balance by"),
        ({"per_problem": "0"}, "Found 0, expected a whole number from 1 to 10,000"),
        ({"do": "save", "rule_title": ""}, "expected"),
    ],
)
def test_a_wrong_rule_is_said_at_its_field_and_makes_nothing(as_lead, accepted, values, message):
    answer = as_lead.post(reverse("release_new"), form(**values))
    assert answer.status_code == 422
    assert message in text(answer)
    assert (Release.objects.count(), ReleaseRule.objects.count(), Freezing.objects.count()) == (0, 0, 0)


def test_the_funnel_follows_the_form_and_leads_to_what_each_clause_removes(as_lead, accepted, curator):
    unreviewed = factories.make_trace()
    part = as_lead.get(reverse("release_new"), headers=HTMX)
    lines = {shown.line.clause: shown for shown in part.context["funnel"].lines}
    assert (lines["reviews"].line.removed, lines["reviews"].line.left) == (1, 1)
    listed = text(as_lead.get(lines["reviews"].link))
    assert f"trace {unreviewed.pk}<" in listed
    assert f"trace {accepted.pk}<" not in listed
    none = as_lead.get(reverse("release_new", query={"accepted_by": 0}), headers=HTMX)
    assert none.context["count"] == 2


def test_a_preview_takes_few_queries_whatever_there_is(as_lead, accepted, curator, django_assert_max_num_queries):
    for _ in range(10):
        factories.make_review(trace=factories.make_trace(decision="accepted"), reviewer=curator)
    as_lead.get(reverse("release_new"), headers=HTMX)
    with django_assert_max_num_queries(14):
        as_lead.get(reverse("release_new", query={"min_score": 2, "hinted": "too"}), headers=HTMX)


def test_the_rows_of_the_preview_have_the_format_that_is_chosen(as_lead, accepted):
    part = as_lead.get(reverse("release_new", query={"format": "prompt-only"}), headers=HTMX)
    assert '"problem_id"' in "".join(part.context["rows"])
    assert as_lead.get(reverse("release_new", query={"format": "xlsx"}), headers=HTMX).status_code == 404


def test_a_trial_shows_its_funnel_and_each_match_and_can_be_frozen(as_lead, curator, lead):
    statement = "Anna has three trains with four wagons each. How many wagons is that?"
    held_out = factories.make_problem(kind="numeric", spec={}, reference=12, statement=statement)
    copied = factories.make_problem(kind="numeric", spec={}, reference=12, statement=statement)
    leaked, first, double = (
        factories.make_trace(decision="accepted", **values)
        for values in ({"problem": copied}, {"reasoning": "Turn it."}, {})
    )
    double = factories.make_trace(decision="accepted", problem=first.problem, reasoning="Turn it.")
    rule = {"held_out": [held_out.problem_set_id], "same_texts": "on"}
    address = as_lead.post(reverse("release_new"), form(do="try", **rule))["Location"]
    job = Freezing.objects.get()
    freeze_next(job_id=job.pk)
    page = text(as_lead.get(address))
    assert "would be taken" in page
    matches = text(as_lead.get(reverse("freezing_removed", args=[job.pk, "contaminated"])))
    assert matches.count(statement) == 2
    assert "the same problem" in matches
    assert f"trace {leaked.pk}<" in matches
    same = text(as_lead.get(reverse("freezing_removed", args=[job.pk, "same"])))
    assert f"trace {double.pk}<" in same
    assert f">trace {first.pk}</a>, which stays" in same
    assert as_lead.get(reverse("freezing_removed", args=[job.pk, "reviews"])).status_code == 404
    frozen = as_lead.post(reverse("trial_freeze", args=[job.pk]))["Location"]
    freeze_next(job_id=Freezing.objects.latest("pk").pk)
    as_lead.get(frozen)
    assert Release.objects.get().rule == Freezing.objects.get(pk=job.pk).rule


def test_a_release_by_a_stored_rule_names_it_unless_it_was_changed(as_lead, accepted, lead):
    stored = save_rule(actor=lead, title="Clean", rule=Rule(whole=True))
    for values, named in (({"whole": "on"}, stored), ({}, None)):
        as_lead.post(reverse("release_new"), form(named=stored.pk, **values))
        job = Freezing.objects.latest("pk")
        freeze_next(job_id=job.pk)
        assert Release.objects.latest("pk").named_rule == named


def test_tags_move_with_audit_and_lead_to_their_release(as_lead, accepted, lead):
    first = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    second = freeze_accepted(actor=lead, title="Second", key=uuid.uuid4())
    for release in (first, second, second):
        as_lead.post(reverse("release_tag", args=[release.pk]), {"name": "prod"})
    tagged = reverse("release_tagged", args=["prod"])
    assert as_lead.get(tagged)["Location"] == reverse("release_detail", args=[second.pk])
    moves = [event.data["from"] for event in AuditEvent.objects.filter(verb="release_tag.move").order_by("pk")]
    assert moves == [None, first.pk]
    assert "prod" in text(as_lead.get(reverse("release_list")))
    wrong = as_lead.post(reverse("release_tag", args=[first.pk]), {"name": "prod", "remove": "1"}, follow=True)
    assert "which this release does not have" in text(wrong)
    assert "letters from a to z" in text(
        as_lead.post(reverse("release_tag", args=[first.pk]), {"name": "a b"}, follow=True)
    )
    as_lead.post(reverse("release_tag", args=[second.pk]), {"name": "prod", "remove": "1"})
    assert as_lead.get(tagged).status_code == 404
    assert not ReleaseTag.objects.exists()


def test_a_withdrawn_trace_supersedes_what_holds_it_and_is_in_nothing_new(as_lead, accepted, lead, curator):
    factories.make_review(trace=factories.make_trace(decision="accepted"), reviewer=curator)
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    before = json.loads(as_lead.get(reverse("release_manifest", args=[release.pk])).content)
    assert (before["superseded"], before["withdrawn"]) == (False, [])
    address = reverse("trace_withdraw", args=[accepted.pk])
    assert as_lead.post(address, {"reason": " "}).status_code == 422
    assert not Tombstone.objects.exists()
    assert "Releases that hold it" in text(as_lead.get(address))
    as_lead.post(address, {"reason": "Private data"})
    as_lead.post(address, {"reason": "Something else"})
    assert Tombstone.objects.get().reason == "Private data"
    page = text(as_lead.get(reverse("release_detail", args=[release.pk])))
    assert "Superseded." in page
    assert "Private data" in page
    after = json.loads(as_lead.get(reverse("release_manifest", args=[release.pk])).content)
    assert (after["superseded"], after["withdrawn"][0]["reason"]) == (True, "Private data")
    assert (after["manifest"], after["sha256"]) == (before["manifest"], before["sha256"])
    assert "superseded" in text(as_lead.get(reverse("release_list")))
    assert freeze_accepted(actor=lead, title="Second", key=uuid.uuid4()).item_count == 1
    second = Release.objects.latest("pk")
    changes = text(as_lead.get(reverse("release_changes", args=[second.pk]) + "?side=removed"))
    assert "withdrawn from releases: Private data" in changes


@pytest.mark.parametrize("query", ["clause=cap", "clause=nothing", "rule=x", "rule=[]", 'rule={"version":9}'])
def test_an_address_that_holds_no_rule_is_not_found(as_lead, query):
    assert as_lead.get(f"{reverse('release_rule_removed')}?{query}").status_code == 404


@pytest.mark.parametrize("filters", [{"colour": "red"}, {"view": [1]}, {"train": "most"}, {"round": -1}])
def test_a_rule_that_names_a_filter_that_is_not_known_is_refused(as_lead, accepted, filters):
    rule = Rule(source=Source(filter=filters))
    address = reverse("release_rule_removed", query={"clause": "reviews", "rule": json.dumps(rule.as_json())})
    assert as_lead.get(address).status_code == 404


def test_who_may_not_see_reviews_sees_no_rule_and_who_may_not_release_changes_nothing(client, curator, engineer, lead):
    factories.make_trace(decision="accepted")
    stored = save_rule(actor=lead, title="Clean", rule=Rule(reviews=Reviews(2), sameness=Sameness(texts=True)))
    job = freeze_here(actor=lead, order=Order("Trial", Rule(), trial=True), key=uuid.uuid4())
    addresses = [
        reverse("release_rule_list"),
        reverse("release_rule_detail", args=[stored.pk]),
        reverse("release_rule_removed"),
        reverse("release_freezing", args=[job.pk]),
        reverse("freezing_removed", args=[job.pk, "same"]),
        reverse("trace_withdraw", args=[1]),
    ]
    client.force_login(curator)
    assert {client.get(address).status_code for address in addresses} == {403}
    client.force_login(engineer)
    assert client.get(addresses[0]).status_code == 200
    assert client.post(addresses[-1], {"reason": "x"}).status_code == 403
    assert client.get(reverse("trial_freeze", args=[job.pk])).status_code == 405


def test_a_queue_is_made_from_what_a_rule_looks_at(as_lead, accepted, lead, engineer):
    others = [factories.make_trace(correctness=word, run=accepted.run) for word in ("pass", "fail")]
    source = Source(runs=(accepted.run_id,), kinds=("arc",), filter={"split": accepted.problem.split})
    stored = save_rule(actor=lead, title="Clean", rule=Rule(source=source, verdicts=Verdicts(correctness=("pass",))))
    page = reverse("release_rule_detail", args=[stored.pk])
    [link] = re.findall(r'href="(/queues/new/[^"]*)"', text(as_lead.get(page)))
    assert "The selection holds <strong>2</strong> traces" in text(as_lead.get(html.unescape(link)))
    as_lead.post(html.unescape(link), filled(title="Of a rule"))
    # Accepted or not: that is what the queue asks.
    assert set(QueueItem.objects.values_list("trace", flat=True)) == {accepted.pk, others[0].pk}
    # What rules itself out makes no queue, and who makes none is offered none.
    torn = Rule(source=Source(kinds=("numeric",), filter={"problem_kind": "arc"}))
    stored = save_rule(actor=lead, title="Torn", rule=torn)
    assert "/queues/new/" not in text(as_lead.get(reverse("release_rule_detail", args=[stored.pk])))
    as_lead.force_login(engineer)
    assert "/queues/new/" not in text(as_lead.get(page))


def test_a_live_queue_is_made_of_a_rule_that_names_several_of_everything(as_lead, lead):
    traces = [factories.make_trace(correctness=word) for word in ("pass", "unscored", "fail")]
    factories.make_trace(correctness="pass")
    factories.make_trace(correctness="pass", hinted=True, run=traces[0].run, sampler=traces[0].sampler)
    today = timezone.now().astimezone(UTC).date()
    source = Source(
        problem_sets=tuple(sorted({trace.problem.problem_set_id for trace in traces})),
        kinds=("arc", "numeric"),
        runs=tuple(trace.run_id for trace in traces),
        samplers=tuple(sorted({trace.sampler_id for trace in traces})),
        since=today - timedelta(days=1),
        until=today + timedelta(days=1),
        filter={"created_from": (today - timedelta(days=9)).isoformat()},
    )
    rule = Rule(source=source, verdicts=Verdicts(correctness=("pass", "unscored")))
    stored = save_rule(actor=lead, title="Several", rule=rule)
    page = reverse("release_rule_detail", args=[stored.pk])
    [link] = re.findall(r'href="(/queues/new/[^"]*)"', text(as_lead.get(page)))
    as_lead.post(html.unescape(link), filled(title="Of a rule", is_live="on"))
    queue = Queue.objects.get()
    assert queue.rule.created_from == (today - timedelta(days=1)).isoformat()
    assert set(QueueItem.objects.values_list("trace", flat=True)) == {trace.pk for trace in traces[:2]}
    factories.make_trace(correctness="pass", problem=traces[0].problem, run=traces[2].run, sampler=traces[1].sampler)
    assert fill_queue(queue_id=queue.pk) == 1
    # And back: what is accepted of such a selection is a rule again.
    assert accepted_rule(queue.rule).source.runs == source.runs


def test_decontamination_in_words_names_the_sets(as_lead, lead):
    held_out = factories.make_problem_set(title="Held out")
    stored = save_rule(actor=lead, title="Clean", rule=Rule(decontamination=Decontamination((held_out.pk,), ngram=13)))
    page = text(as_lead.get(reverse("release_rule_detail", args=[stored.pk])))
    assert "Held out" in page
    assert "13 words" in page
