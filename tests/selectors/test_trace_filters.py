"""Every filter of a selection leaves the traces it says, and a blind person learns nothing from it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from tests.factories import make_instruction, make_problem, make_review, make_run, make_trace, make_verdict
from trajectories.core.selections import FIELDS, NO_FAMILY, Selection
from trajectories.models import Tag, Trace, TraceTag
from trajectories.selectors.blinding import EVERYTHING, Sight
from trajectories.selectors.selection_words import selection_words
from trajectories.selectors.trace_filters import telling, traces_in

pytestmark = pytest.mark.django_db


def saying(body: str, **values) -> Trace:
    """A trace whose reasoning is a text."""
    return make_trace(reasoning=body, **values)


def found(sight: Sight = EVERYTHING, **filters) -> set[Trace]:
    return set(traces_in(Selection(**filters), sight))


def test_every_filter_has_words():
    values = dict.fromkeys(FIELDS, "x")
    for name in FIELDS:
        given = getattr(Selection(), name)
        value = values[name] if given == "" else 3 if given is None else (1, 2)
        if name.startswith("created"):
            value = "2026-11-28"
        words = selection_words(Selection(**{name: value}))
        assert [word for word, _ in words] == [name]
        assert words[0][1]


def test_columns_of_the_trace_and_its_problem():
    arc = make_trace(problem=make_problem(split="eval"), temperature=0.7, output_tokens=10, cost=Decimal("0.5"))
    text = make_trace(
        problem=make_problem(kind="numeric", spec={}, reference="1"), output_tokens=500, latency_seconds=9.5, cost=None
    )
    assert found(split="eval") == {arc}
    assert found(problem_kind="numeric") == {text}
    assert found(temperature=0.7) == {arc}
    assert found(length_from=11) == {text}
    assert found(length_to=10) == {arc}
    assert found(cost_from=0.1) == {arc}
    assert found(cost_to=0.6) == {arc}, "an unknown cost is between no bounds"
    assert found(seconds_from=9, seconds_to=10) == {text}
    assert found(newest=arc.pk) == {arc}
    assert found(traces=(text.pk, 10**9)) == {text}
    instruction = make_instruction()
    told = make_trace(instruction=instruction)
    assert found(instruction=instruction.pk) == {told}


def test_problems_by_their_family_and_by_who_does_not_solve_them():
    one, other, third = make_run(), make_run(), make_run()
    solved, unsolved, untried, alone = (make_problem(family=word) for word in ("even", "odd", "odd", ""))
    for problem, outcome in ((solved, "fail"), (solved, "pass"), (unsolved, "fail"), (alone, "")):
        make_trace(run=other, problem=problem, correctness=outcome)
    make_trace(run=third, problem=unsolved, correctness="pass")
    mine = {
        problem: make_trace(run=one, problem=problem, correctness="pass")
        for problem in (solved, unsolved, untried, alone)
    }
    assert found(run=one.pk, family="odd") == {mine[unsolved], mine[untried]}
    assert found(run=one.pk, family=NO_FAMILY) == {mine[alone]}
    assert found(run=one.pk, unsolved_by=other.pk) == {mine[unsolved], mine[alone]}, "those it has samples of"
    assert found(run=one.pk, unsolved_by=other.pk, family="odd") == {mine[unsolved]}
    assert found(run=one.pk, unsolved_by=one.pk) == set()


def test_of_several_values_a_trace_has_one():
    traces = [
        make_trace(correctness="pass", near_miss="shape", train_passed=2, train_total=2),
        make_trace(correctness="fail", train_passed=1, train_total=2, instruction=make_instruction(view="json")),
        make_trace(problem=make_problem(kind="numeric", spec={}, reference="1"), train_passed=0, train_total=2),
    ]
    first, second, third = traces
    for trace in traces[:2]:
        make_verdict(trace=trace, verifier="arc_train", outcome=trace.correctness)
    for name, values, expected in (
        ("run", (first.run_id, third.run_id), {first, third}),
        ("problem", (first.problem_id, second.problem_id), {first, second}),
        ("problem_set", tuple({trace.problem.problem_set_id for trace in traces}), set(traces)),
        ("sampler", (first.sampler_id, second.sampler_id), {first, second}),
        ("correctness", ("fail", "unverified"), {second, third}),
        ("problem_kind", ("arc", "numeric"), set(traces)),
        ("train", ("all", "none"), {first, third}),
        ("near_miss", ("offset", "shape"), {first}),
        ("rests_on", ("consensus", "truth"), set(traces)),
        ("outcome", ("fail", "pass"), {first, second}),
        ("outcome", ("fail", "none"), {second, third}),
    ):
        both = {trace for value in values for trace in found(**{name: value})}
        assert found(**{name: values}) == both == expected, name
    assert found(correctness=("fail", "pass"), train=("none", "some")) == {second}, "filters still go together"


def test_of_several_decisions_the_blind_learn_nothing(curator):
    other, blind = User.objects.create_user("other"), Sight(curator.pk)
    accepted, rejected, none = (make_trace(decision=word) for word in ("accepted", "rejected", ""))
    make_review(trace=accepted, reviewer=other)
    make_review(trace=rejected, reviewer=other, decision="reject")
    assert found(decision=("accepted", "rejected")) == {accepted, rejected}
    assert found(decision=("rejected", "unreviewed")) == {rejected, none}
    assert found(blind, decision=("accepted", "rejected")) == set()
    assert found(blind, decision=("rejected", "unreviewed")) == {accepted, rejected, none}
    make_review(trace=accepted, reviewer=curator)
    assert found(blind, decision=("accepted", "disputed")) == {accepted}
    assert found(blind, decision=("rejected", "unreviewed")) == {rejected, none}


def test_several_values_are_told_and_of_many_the_first():
    runs = [make_run(title=f"Run {number}") for number in range(5)]
    ids = tuple(run.pk for run in runs)
    assert selection_words(Selection(run=ids[:2])) == [("run", "Run Run 0 or Run 1")]
    assert selection_words(Selection(run=ids)) == [("run", "Run Run 0 or Run 1 or Run 2 or 2 more")]
    assert selection_words(Selection(correctness=("fail", "pass"))) == [("correctness", "Verdict: Fail or Pass")]


def test_days_are_whole_and_in_utc():
    trace = make_trace()
    Trace.objects.filter(pk=trace.pk).update(created_at=datetime(2026, 3, 5, 23, 59, 59, tzinfo=UTC))
    for first, last, expected in (
        ("2026-03-05", "2026-03-05", {trace}),
        ("2026-03-06", "", set()),
        ("", "2026-03-04", set()),
        ("", "9999-12-31", {trace}),
    ):
        assert found(created_from=first, created_to=last) == expected


def test_the_newest_verdict_of_one_verifier_counts():
    trace, other = make_trace(), make_trace()
    make_verdict(trace=trace, verifier="arc_train", outcome="fail")
    make_verdict(trace=trace, verifier="arc_train", outcome="pass", revision=1)
    make_verdict(trace=other, verifier="arc_test", outcome="fail")
    assert found(verifier="arc_train", outcome="pass") == {trace}
    assert found(verifier="arc_train", outcome="fail") == set()
    assert found(verifier="arc_train") == {trace}
    assert found(verifier="arc_train", outcome="none") == {other}
    assert found(outcome="fail") == {other}


def test_scores_are_those_of_reviews_that_stand(curator):
    low, high = make_trace(), make_trace()
    make_review(trace=low, reviewer=curator, score=2)
    make_review(trace=high, reviewer=curator, score=5)
    assert found(score_from=3) == {high}
    assert found(score_to=3) == {low}
    assert found(score_from=2, score_to=5) == {low, high}


@pytest.mark.parametrize(
    ("searched", "expected"),
    [
        ("array", True),
        ("numpy.array", True),
        ("array.numpy", False),
        ("rotate", True),
        ("rotating", True),
        ('"rotated grids"', True),
        ('"grids rotated"', False),
        ("mirror", False),
        ("rotate -grid", False),
        ("mirror or rotate", True),
        ("x_1", True),
        ("3.14", True),
        ("solve", True),
    ],
)
def test_texts_are_found_by_their_words(searched, expected):
    trace = saying("We call numpy.array(x_1) on the rotated grids where a<b and c>d, with -3.14")
    program = "def solve(grid): return grid"
    other = saying("We call numpy.array(x_1) on the rotated grids where a<b and c>d, with -3.14", program=program)
    assert (other in found(text=searched)) is expected
    if searched != "solve":
        assert (trace in found(text=searched)) is expected
    else:
        assert trace not in found(text=searched)


def test_tools_are_found_by_name():
    step = {"kind": "tool_call", "title": "python", "body": "1", "depth": 0}
    calling, plain = make_trace(steps=[step, step]), make_trace()
    assert found(tool="python") == {calling}
    assert found(tool="*") == {calling}
    assert found(tool="browser") == set()
    assert plain not in found(tool="*")


def test_tags_are_one_s_own_until_one_has_reviewed(curator, lead):
    trace, tag = make_trace(), Tag.objects.create(name="odd")
    TraceTag.objects.create(trace=trace, tag=tag, author=lead)
    assert found(tag="odd") == {trace}
    blind = Sight(curator.pk)
    assert found(blind, tag="odd") == set()
    mine = make_trace()
    TraceTag.objects.create(trace=mine, tag=tag, author=curator)
    assert found(blind, tag="odd") == {mine}
    make_review(trace=trace, reviewer=curator)
    assert found(blind, tag="odd") == {mine, trace}


def test_what_others_and_model_judges_said_is_filtered_by_as_far_as_it_may_be_seen(curator):
    other = User.objects.create_user("other")
    trace = make_trace()
    make_review(trace=trace, reviewer=other, score=5)
    make_verdict(trace=trace, verifier="model_judge:correctness", outcome="fail")
    blind = Sight(curator.pk)
    by_judge = {"verifier": "model_judge:correctness"}
    assert found(score_from=1) == found(**by_judge, outcome="fail") == {trace}
    assert found(blind, score_from=1) == found(blind, **by_judge) == set()
    assert found(blind, **by_judge, outcome="none") == {trace}
    assert found(outcome="fail") == set(), "without a name it is about verifiers"
    make_review(trace=trace, reviewer=curator)
    assert found(blind, score_from=1) == found(blind, **by_judge, outcome="fail") == {trace}


def test_which_filters_tell():
    assert telling(Selection(run=1, text="x", verifier="arc_test", outcome="pass")) == ()
    assert telling(Selection(tag="odd", score_to=3)) == ("score_to", "tag")
    assert telling(Selection(verifier="model_judge:x")) == ("verifier",)


def test_a_run_of_its_own_is_not_mixed_with_another():
    run = make_run()
    trace = saying("mirror", run=run)
    saying("mirror")
    assert found(run=run.pk, text="mirror") == {trace}
