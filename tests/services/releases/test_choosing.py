"""What rules take and remove, and that the same rule and data give the same release."""

import json
import uuid
from contextlib import nullcontext
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from trajectories.core.identity import canonical_json
from trajectories.core.releases.rules import Balance, Decontamination, Reviews, Rule, Sameness, Source, Verdicts
from trajectories.models import Freezing, ImportedReview, Problem, Removal
from trajectories.selectors.release_rules import COMPARING, count_removed, eligible_traces, removed_traces
from trajectories.services.releases.contents import split_of
from trajectories.services.releases.freezing import Order, freeze_accepted, freeze_next, plan_freezing
from trajectories.services.releases.withdrawals import withdraw_trace

CANARY = "the quokka counts seventeen silver spoons under a paper moon while nobody looks at the clock"


def accepted(reviewer, score=None, **values):
    trace = factories.make_trace(decision="accepted", **values)
    factories.make_review(trace=trace, reviewer=reviewer, score=score)
    return trace


def question(statement, **values):
    return factories.make_problem(kind="numeric", spec={}, reference=3, statement=statement, **values)


def freeze(actor, rule, **options):
    return freeze_accepted(actor=actor, title="Release", rule=rule, key=uuid.uuid4(), **options)


def taken(actor, rule):
    return set(freeze(actor, rule).items.values_list("trace", flat=True))


def funnel(job):
    return {line["clause"]: line["removed"] for line in job.funnel}


def test_every_clause_removes_what_it_says_and_the_first_counts(curator, lead):
    run = factories.make_run()
    fine = accepted(curator, score=5, run=run, correctness="pass")
    factories.make_verdict(trace=fine)
    once = accepted(curator, score=2, run=run, correctness="pass")
    unverified = accepted(curator, score=4, run=run, correctness="pass")
    hinted = accepted(curator, score=4, run=run, hinted=True, correctness="pass")
    cut = accepted(curator, score=4, run=run, finish_reason="length", correctness="pass")
    for trace in (hinted, cut):
        factories.make_verdict(trace=trace)
    factories.make_verdict(trace=unverified, outcome="pass")
    factories.make_verdict(trace=unverified, version=2, outcome="fail")
    gone = accepted(curator, score=5, run=run, correctness="pass")
    withdraw_trace(actor=lead, trace=gone, reason="Leaked")
    rejected = factories.make_trace(run=run, decision="rejected")
    outside = accepted(curator, score=5)
    rule = Rule(
        source=Source(runs=(run.pk,)),
        reviews=Reviews(least_score=3),
        verdicts=Verdicts(("pass",), {"arc_test": ("pass",)}),
        whole=True,
    )
    expected = {
        "source": outside,
        "withdrawn": gone,
        "reviews": rejected,
        "score": once,
        "verdicts": unverified,
        "hinted": hinted,
        "whole": cut,
    }
    removed, left = count_removed(rule)
    assert removed == dict.fromkeys(expected, 1)
    assert left == 1
    for clause, trace in expected.items():
        assert [each.pk for each in removed_traces(rule, clause)] == [trace.pk], clause
    assert list(eligible_traces(rule)) == [fine]
    assert taken(lead, rule) == {fine.pk}


def test_the_funnel_is_one_look_at_what_is_accepted_two_at_what_is_withdrawn_and_one_at_the_counters(
    curator, django_assert_num_queries
):
    for _ in range(5):
        accepted(curator)
    with django_assert_num_queries(4):
        assert count_removed(Rule(whole=True, verdicts=Verdicts(required={"arc_test": ("pass",)})))[1] == 0


def test_how_many_must_have_accepted_and_whether_people_elsewhere_count(curator, lead, engineer):
    once, twice, undecided = accepted(curator), accepted(curator), factories.make_trace()
    factories.make_review(trace=twice, reviewer=lead)
    imported, torn = factories.make_trace(), factories.make_trace()
    for name in ("a", "b"):
        ImportedReview.objects.create(trace=imported, pseudonym=name, decision="accept", score=4)
        ImportedReview.objects.create(trace=torn, pseudonym=name, decision="accept", score=4)
    ImportedReview.objects.create(trace=torn, pseudonym="c", decision="reject")
    rejected = factories.make_trace(decision="rejected")

    def pks(**clause):
        return {trace.pk for trace in eligible_traces(Rule(reviews=Reviews(**clause)))}

    assert pks() == {once.pk, twice.pk}
    assert pks(accepted_by=2) == {twice.pk}
    assert pks(accepted_by=2, imported=True) == {twice.pk, imported.pk}
    assert pks(accepted_by=3, imported=True) == set()
    assert pks(accepted_by=0) == {once.pk, twice.pk, undecided.pk, imported.pk, torn.pk}
    assert pks(accepted_by=0, imported=True) == {once.pk, twice.pk, undecided.pk, imported.pk}
    assert pks(least_score=4, imported=True) == {imported.pk}
    assert rejected.pk not in pks(accepted_by=0)


def test_scorers_and_votes_have_thresholds_and_what_has_neither_is_left_out(curator):
    problem = factories.make_problem()
    sure, doubted, silent, rare = (accepted(curator, problem=problem, answer_hash=word) for word in "aaab")
    for trace, score in ((sure, 0.9), (doubted, 0.9), (rare, 0.8)):
        factories.make_verdict(trace=trace, verifier="scorer:told", outcome="unscored", score=score)
    factories.make_verdict(trace=doubted, verifier="scorer:told", outcome="unscored", score=0.7, revision=1)

    def pks(**clause):
        rule = Rule(verdicts=Verdicts(**clause))
        removed, left = count_removed(rule)
        found = {trace.pk for trace in eligible_traces(rule)}
        assert (left, sum(removed.values())) == (len(found), 4 - len(found))
        return found

    assert pks(least_scores={"scorer:told": 0.8}) == {sure.pk, rare.pk}
    assert pks(least_scores={"scorer:told": 0.0}) == {sure.pk, doubted.pk, rare.pk}
    assert pks(least_scores={"scorer:other": 0.0}) == set()
    assert pks(least_votes=0.75) == {sure.pk, doubted.pk, silent.pk}
    assert pks(least_votes=0.25) == {sure.pk, doubted.pk, silent.pk, rare.pk}
    assert pks(least_votes=0.5, least_scores={"scorer:told": 0.8}) == {sure.pk}


def test_the_same_twice_the_cap_and_the_balance_are_kept_with_why(curator, lead):
    problem = factories.make_problem(family="flips")
    first = accepted(curator, problem=problem, reasoning="Turn it around.")
    double = accepted(curator, problem=problem, reasoning="Turn it around.")
    others = [
        accepted(curator, problem=problem, reasoning=f"Thought {number}", program=f"def f(g):\n    return {number}\n")
        for number in range(3)
    ]
    lone = accepted(curator, problem=factories.make_problem(family="frames"))
    rule = Rule(sameness=Sameness(texts=True), per_problem=3, balance=Balance("family"))
    release = freeze(lead, rule)
    job = Freezing.objects.get(release=release)
    assert {clause: count for clause, count in funnel(job).items() if clause in COMPARING} == {
        "same": 1,
        "cap": 1,
        "balance": 2,
    }
    assert {lone.pk, first.pk} == set(release.items.values_list("trace", flat=True))
    same = job.removals.get(clause="same")
    assert (same.trace, same.other_trace, same.evidence["how"]) == (double, first, "texts")
    assert set(job.removals.filter(clause="cap").values_list("trace", flat=True)) < {trace.pk for trace in others}
    assert job.removals.filter(clause="balance").first().evidence == {"group": "flips"}


def test_a_trial_makes_no_release_and_ends_with_the_funnel(curator, lead):
    for _ in range(2):
        accepted(curator)
    rule = Rule(sameness=Sameness(programs=True), per_problem=1)
    job = plan_freezing(actor=lead, order=Order("Trial", rule, trial=True), key=uuid.uuid4())
    freeze_next(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.release, job.done_count) == ("finished", None, 2)
    assert funnel(job)["cap"] == 0


def test_nothing_of_a_held_out_set_is_taken_in_any_guise(curator, lead):
    held_out = question(CANARY)
    same = accepted(curator, problem=question(CANARY, content_hash="a" * 64))
    like = accepted(curator, problem=question(CANARY.replace("quokka", "wombat")))
    quoting = accepted(curator, problem=question("What is 1 + 2?"), reasoning=f"As known: {CANARY} So it is 3.")
    shown = factories.make_text(canonical_json([{"role": "user", "content": f"Example:\n{CANARY}\nNow you."}]))
    prompted = accepted(curator, problem=question("What is 2 + 2?"), prompt=shown)
    clean = accepted(curator, problem=question("What is 1 + 1?"))
    rule = Rule(decontamination=Decontamination((held_out.problem_set_id,), near=0.6, ngram=8))
    release = freeze(lead, rule)
    assert set(release.items.values_list("trace", flat=True)) == {clean.pk}
    removals = {each.trace_id: each for each in Removal.objects.filter(clause="contaminated")}
    assert {key: each.evidence["how"] for key, each in removals.items()} == {
        same.pk: "same",
        like.pk: "near",
        quoting.pk: "words",
        prompted.pk: "words",
    }
    assert {each.other_problem for each in removals.values()} == {held_out}
    assert "quokka" in removals[quoting.pk].evidence["shared"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.text("abc \n", max_size=20),
    after=st.text("xyz .", max_size=20),
    cut=st.integers(0, 5),
    rule=st.sampled_from(
        [Rule(), Rule(per_problem=2), Rule(sameness=Sameness(near=0.5)), Rule(balance=Balance("family"))]
    ),
)
def test_a_canary_is_never_released_and_the_same_rule_and_data_have_the_same_hash(
    curator, lead, before, after, cut, rule
):
    from tests.walker import undone

    with undone(), patch("trajectories.services.releases.freezing.one_snapshot", nullcontext):
        held_out = question(CANARY)
        planted = " ".join(CANARY.split()[cut : cut + 8])
        accepted(curator, problem=question("How many?"), reasoning=f"{before} {planted} {after}")
        clean = [accepted(curator, problem=question(f"What is {n} + 1?", family=str(n % 2))) for n in range(3)]
        held = Rule(
            decontamination=Decontamination((held_out.problem_set_id,), ngram=8),
            per_problem=rule.per_problem,
            sameness=rule.sameness,
            balance=rule.balance,
        )
        first, again = freeze(lead, held), freeze(lead, held)
        assert first.content_hash == again.content_hash
        assert list(first.items.order_by("position").values_list("trace", "content_hash")) == list(
            again.items.order_by("position").values_list("trace", "content_hash")
        )
        bodies = [item.trace.reasoning.body for item in first.items.select_related("trace__reasoning")]
        assert bodies
        assert planted not in json.dumps(bodies)
        assert set(first.items.values_list("trace", flat=True)) <= {trace.pk for trace in clean}


def test_validation_is_drawn_by_problem_and_grows_with_its_share(curator, lead):
    problems = [question(f"What is {number} + 1?") for number in range(20)]
    for problem in problems:
        accepted(curator, problem=problem)
        accepted(curator, problem=problem)
    held = accepted(curator, problem=factories.make_problem(split="eval"))
    release = freeze(lead, Rule(validation=50))
    splits = {}
    for problem, split in release.items.values_list("trace__problem", "split"):
        splits.setdefault(problem, set()).add(split)
    assert all(len(found) == 1 for found in splits.values())
    assert splits[held.problem_id] == {"eval"}
    assert {"train", "validation"} <= set.union(*splits.values())
    hashes = Problem.objects.values_list("content_hash", flat=True)
    less = {each for each in hashes if split_of(each, "train", 10) == "validation"}
    assert less <= {each for each in hashes if split_of(each, "train", 50) == "validation"}
    assert "50 % of the training problems" in release.manifest["split"]


def test_problems_that_are_the_same_are_on_one_side_of_validation(curator, lead):
    """Under another name, and in another spelling, the same question was learnt from and validated with."""
    sides = {}
    for number in range(12):
        for statement in (f"What is {number} + 1?", f"what  is {number} + 1 ?"):
            accepted(curator, problem=question(statement))
    for _ in range(6):
        accepted(curator, problem=factories.make_problem())
    eight, _ = accepted(curator, problem=question("Eight?")), accepted(curator, problem=question("Nine?", split="eval"))
    release = freeze(lead, Rule(validation=50))
    for problem, split in release.items.values_list("trace__problem", "split"):
        one = Problem.objects.get(pk=problem)
        sides.setdefault(one.statement.lower().replace(" ", "") or one.kind, set()).add(split)
    assert all(len(found) == 1 for found in sides.values()), sides
    assert sides["nine?"] == {"eval"}
    assert {"train", "validation"} <= set.union(*sides.values())
    alone = release.items.get(trace=eight)
    assert alone.split == split_of(eight.problem.content_hash, "train", 50), "drawn as it was before"
    assert freeze(lead, Rule(validation=50)).content_hash == release.content_hash


def test_a_release_says_what_changed_since_the_one_before_and_why(curator, lead):
    from trajectories.selectors.release_changes import list_changes

    stays, leaves, buried, grows = (accepted(curator) for _ in range(4))
    elsewhere = accepted(curator, problem=question("What is 1 + 1?"))
    first = freeze(lead, Rule())
    leaves.decision = "rejected"
    leaves.save()
    withdraw_trace(actor=lead, trace=buried, reason="Private data")
    factories.make_review(trace=grows, reviewer=lead, score=4)
    added = accepted(curator)
    second = freeze(lead, Rule(source=Source(kinds=("arc",))))
    job = Freezing.objects.get(release=second)
    assert (job.previous, job.changes) == (first, {"added": 1, "removed": 3, "changed": 1})

    def why(side):
        found = list_changes(second, first, side, size=9, freezing=job)
        return {change.trace_id: change.why for change in found}

    assert why("added") == {added.pk: "sampled since"}
    assert why("removed") == {
        leaves.pk: "not accepted by enough people",
        elsewhere.pk: "outside what is looked at",
        buried.pk: "withdrawn from releases: Private data",
    }
    assert why("changed") == {grows.pk: "score none → 4, reviews"}
    assert stays.pk not in {**why("added"), **why("removed"), **why("changed")}


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_it_compares_leaves_nothing_and_the_same_comes_later(curator, lead, monkeypatch):
    for number in range(4):
        accepted(curator, reasoning=f"Thought {number % 2}", problem=factories.make_problem())
    rule = Rule(sameness=Sameness(near=0.5), per_problem=1)
    job = plan_freezing(actor=lead, order=Order("First", rule), key=uuid.uuid4())

    def killed(*_, **__):
        raise KeyboardInterrupt

    for place in ("drop_doubles", "spread", "contend"):
        with monkeypatch.context() as context:
            context.setattr(f"trajectories.services.releases.choosing.{place}", killed)
            with pytest.raises(KeyboardInterrupt):
                freeze_next(job_id=job.pk)
        assert not Removal.objects.exists()
    freeze_next(job_id=job.pk)
    job.refresh_from_db()
    assert job.release.content_hash == freeze(lead, rule).content_hash
