from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.faults import Fault
from trajectories.core.releases.rules import (
    KINDS,
    OUTCOMES,
    Balance,
    Decontamination,
    Reviews,
    Rule,
    Sameness,
    Source,
    Verdicts,
)

ids = st.lists(st.integers(1, 2**63 - 1), max_size=3, unique=True).map(sorted).map(tuple)
shares = st.none() | st.floats(0.1, 1)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
some_outcomes = st.sets(st.sampled_from(OUTCOMES), min_size=1).map(
    lambda chosen: tuple(o for o in OUTCOMES if o in chosen)
)


@st.composite
def rules(draw):
    held_out = draw(ids)
    since = draw(st.none() | days)
    return Rule(
        source=Source(
            problem_sets=draw(ids),
            kinds=tuple(kind for kind in KINDS if draw(st.booleans())),
            runs=draw(ids),
            since=since,
            until=draw(st.none() | st.just(since)),
            filter=draw(st.dictionaries(st.sampled_from(["view", "train"]), st.text(max_size=5))),
        ),
        reviews=Reviews(draw(st.integers(0, 100)), draw(st.none() | st.floats(1, 5)), draw(st.booleans())),
        verdicts=Verdicts(required=draw(st.dictionaries(st.text(min_size=1, max_size=9), some_outcomes, max_size=3))),
        hinted=draw(st.sampled_from(["none", "too", "only"])),
        whole=draw(st.booleans()),
        decontamination=Decontamination(held_out, draw(shares) if held_out else None),
        sameness=Sameness(draw(st.booleans()), draw(st.booleans()), draw(shares)),
        per_problem=draw(st.none() | st.integers(1, 10_000)),
        balance=draw(st.sampled_from([Balance(), Balance("family"), Balance("difficulty", 3)])),
        validation=draw(st.none() | st.floats(0.1, 90)),
    )


@given(rules())
def test_a_stored_rule_is_read_as_it_was_and_has_the_same_hash(rule):
    again = Rule.from_json(rule.as_json())
    assert again == rule
    assert again.hash == rule.hash


def test_what_is_not_asked_is_not_stored():
    assert Rule().as_json() == {"version": 1}
    assert Rule(per_problem=2).as_json() == {"version": 1, "per_problem": 2}
    assert Rule().hash != Rule(per_problem=2).hash


@pytest.mark.parametrize(
    ("stored", "field", "message"),
    [
        ([], "rule", "found [], expected an object"),
        ({}, "version", "found None, expected 1"),
        ({"version": 2}, "version", "found 2, expected 1"),
        ({"version": 1, "colour": 3}, "rule", "found 'colour', expected one of"),
        ({"version": 1, "hinted": "maybe"}, "hinted", "found 'maybe', expected one of 'none', 'too', 'only'"),
        ({"version": 1, "per_problem": 0}, "per_problem", "found 0, expected a whole number from 1 to 10,000"),
        ({"version": 1, "per_problem": True}, "per_problem", "found True"),
        ({"version": 1, "validation": float("nan")}, "validation", "found nan"),
        ({"version": 1, "source": {"runs": ["3"]}}, "source.runs", "found '3'"),
        ({"version": 1, "source": {"kinds": ["chess"]}}, "source.kinds", "found 'chess'"),
        ({"version": 1, "source": {"since": "yesterday"}}, "source.since", "expected a day as YYYY-MM-DD"),
        ({"version": 1, "source": {"since": "2026-02-02", "until": "2026-01-01"}}, "source.until", "or later"),
        (
            {"version": 1, "reviews": {"least_score": 6}},
            "reviews.least_score",
            "found 6, expected a number from 1 to 5",
        ),
        ({"version": 1, "verdicts": {"required": {"arc_test": []}}}, "verdicts.required.arc_test", "at least one of"),
        ({"version": 1, "sameness": {"near": 2}}, "sameness.near", "found 2"),
        ({"version": 1, "decontamination": {"ngram": 13}}, "decontamination.problem_sets", "found none"),
        ({"version": 1, "balance": {"most": 3}}, "balance.by", "found nothing"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong_where(stored, field, message):
    with pytest.raises(Fault) as fault:
        Rule.from_json(stored)
    assert fault.value.field == field
    assert message in str(fault.value)
