"""Funnels beside a count by hand: every clause that looks at single traces, over worlds of several verdicts each."""

from collections import Counter

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from trajectories.core.identity import content_hash
from trajectories.core.releases.rules import Reviews, Rule, Source, Verdicts
from trajectories.models import Trace
from trajectories.selectors.release_rules import count_removed, eligible_traces, removed_traces
from trajectories.services.releases.withdrawals import withdraw_trace

VERIFIERS = ("arc_test", "scorer:sure")
ANSWERS = ("a", "b", content_hash(None))
SCORES = (None, 0.2, 0.8)
OUTCOMES = ("pass", "fail", "error")

traces = st.fixed_dictionaries(
    {
        "problem": st.integers(0, 1),
        "decision": st.sampled_from(["accepted", "accepted", "rejected", ""]),
        "answer_hash": st.sampled_from(ANSWERS),
        "correctness": st.sampled_from(["pass", "fail"]),
        "finish_reason": st.sampled_from(["stop", "stop", "length"]),
        "hinted": st.sampled_from([False, False, True]),
        # Only what a person made by editing can be withdrawn.
        "origin": st.sampled_from(["sampled", "sampled", "edited", "withdrawn"]),
        "is_tombstoned": st.sampled_from([False, False, False, True]),
        "verdicts": st.lists(
            st.tuples(st.sampled_from(VERIFIERS), st.sampled_from(OUTCOMES), st.sampled_from(SCORES)), max_size=5
        ),
    }
)
rules = st.builds(
    Rule,
    source=st.sampled_from([Source(), Source(filter={"correctness": "pass"})]),
    reviews=st.builds(Reviews, accepted_by=st.integers(0, 1)),
    verdicts=st.builds(
        Verdicts,
        correctness=st.sampled_from([(), ("fail",)]),
        required=st.dictionaries(st.sampled_from(VERIFIERS), st.sampled_from([("pass",), ("fail", "error")])),
        least_scores=st.dictionaries(st.sampled_from(VERIFIERS), st.sampled_from([0.0, 0.5])),
        least_votes=st.sampled_from([None, 0.25, 0.5, 1.0]),
    ),
    hinted=st.sampled_from(["none", "too", "only"]),
    whole=st.booleans(),
)


def make_world(described, lead):
    problems = [factories.make_problem(), factories.make_problem()]
    for values in described:
        fields = dict(values)
        verdicts, tombstoned = fields.pop("verdicts"), fields.pop("is_tombstoned")
        origin = fields.pop("origin")
        edited = {} if origin == "sampled" else {"edited_by": lead, "run": None, "withdrawn": origin == "withdrawn"}
        trace = factories.make_trace(**{**fields, **edited, "problem": problems[fields["problem"]]})
        revisions = Counter()
        for verifier, outcome, score in verdicts:
            factories.make_verdict(
                trace=trace, verifier=verifier, outcome=outcome, score=score, revision=revisions[verifier]
            )
            revisions[verifier] += 1
        if tombstoned:
            withdraw_trace(actor=lead, trace=trace, reason="Leaked")


def newest(trace, verifier, *, scored=False):
    told = [word for word in trace.verdicts.order_by("pk") if word.verifier == verifier]
    told = [word for word in told if word.score is not None] if scored else told
    return told[-1] if told else None


def has_votes(trace, share):
    samples = Trace.objects.filter(problem=trace.problem_id, hinted=False, edited_by=None)
    given_answers = [sample.answer_hash for sample in samples if sample.answer_hash != content_hash(None)]
    own = given_answers.count(trace.answer_hash)
    return own > 0 and own >= len(given_answers) * share


def removed_by(trace, rule):
    """The first clause that a trace fails, "" for none, read off its rows one at a time."""
    asked, reviews = rule.verdicts, rule.reviews
    words = {name: newest(trace, name) for name in asked.required}
    scores = {name: newest(trace, name, scored=True) for name in asked.least_scores}
    wanted = rule.source.filter.get("correctness", trace.correctness)
    fine = {
        "source": not trace.withdrawn and trace.correctness == wanted,
        "withdrawn": not hasattr(trace, "tombstone"),
        "reviews": trace.decision == "accepted" if reviews.accepted_by else trace.decision != "rejected",
        "verdicts": (not asked.correctness or trace.correctness in asked.correctness)
        and all(word is not None and word.outcome in asked.required[name] for name, word in words.items()),
        "scorers": all(word is not None and word.score >= asked.least_scores[name] for name, word in scores.items()),
        "votes": asked.least_votes is None or has_votes(trace, asked.least_votes),
        "hinted": rule.hinted == "too" or trace.hinted == (rule.hinted == "only"),
        "whole": not rule.whole or trace.finish_reason == "stop",
    }
    return next((clause for clause, passes in fine.items() if not passes), "")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(described=st.lists(traces, min_size=1, max_size=8), asked=st.lists(rules, min_size=3, max_size=3))
def test_a_funnel_counts_what_a_look_at_each_trace_finds(lead, described, asked):
    with transaction.atomic():
        make_world(described, lead)
        for rule in asked:
            found = {trace.pk: removed_by(trace, rule) for trace in Trace.objects.all()}
            removed, left = count_removed(rule)
            counted = Counter(found.values())
            assert left == counted.pop("", 0)
            assert +Counter(removed) == counted
            assert {trace.pk for trace in eligible_traces(rule)} == {key for key, clause in found.items() if not clause}
            for clause in removed:
                there = removed_traces(rule, clause).values_list("pk", flat=True)
                assert list(there) == sorted((key for key, by in found.items() if by == clause), reverse=True), clause
        transaction.set_rollback(True)
