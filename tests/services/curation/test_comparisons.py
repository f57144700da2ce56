"""Comparing by pairs: who is given what, what is stored, undo, and several people at once."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction

from tests import factories
from trajectories.core.curation.pairing import PER_TRACE, PairVerdict
from trajectories.core.curation.ranking import connected
from trajectories.models import AuditEvent, Comparison, ComparisonLease
from trajectories.selectors.comparisons import ComparisonScope, open_problems, rankings, standing_comparisons
from trajectories.services.curation.comparisons import (
    ComparisonError,
    compare,
    lease_pair,
    release_comparisons,
    renew_comparisons,
    undo_comparison,
)

EVERYTHING = ComparisonScope()
FIRST = PairVerdict.FIRST


@pytest.fixture(autouse=True)
def _nothing_is_kept_from_other_tests():
    cache.clear()


def make_problem(traces=4):
    problem = factories.make_problem()
    for number in range(traces):
        factories.make_trace(problem=problem, answer=[[[number]]])
    return problem


def say(person, lease, verdict=FIRST, key=None):
    return compare(reviewer=person, token=lease.token, verdict=verdict, key=key or uuid.uuid4(), seconds=4.5)


def pair_of(lease):
    return lease.first_id, lease.second_id


def test_one_person_is_led_through_a_problem_until_all_is_connected_and_compared(curator):
    problem = make_problem(5)
    pairs = []
    while (lease := lease_pair(reviewer=curator, scope=EVERYTHING)) is not None:
        assert lease.problem_id == problem.pk
        pairs.append(pair_of(lease))
        say(curator, lease)
    assert len(connected(pairs[:4])) == 1
    assert len({trace for pair in pairs[:4] for trace in pair}) == 5
    degree = Counter(trace for pair in pairs for trace in pair)
    assert min(degree.values()) >= PER_TRACE
    assert open_problems(EVERYTHING) == []


def test_the_same_pair_stays_in_the_same_order_until_something_is_said(curator):
    make_problem()
    lease = lease_pair(reviewer=curator, scope=EVERYTHING)
    again = lease_pair(reviewer=curator, scope=EVERYTHING)
    assert (again.token, pair_of(again), again.swapped) == (lease.token, pair_of(lease), lease.swapped)


def test_orders_are_drawn_per_person(db):
    problem = make_problem(2)
    people = [User.objects.create_user(f"person-{number}") for number in range(24)]
    scope = ComparisonScope(problem=problem.pk, overlap=24)
    orders = [lease_pair(reviewer=person, scope=scope).swapped for person in people]
    assert 0 < sum(orders) < 24, "by chance once in eight million"


def test_two_people_get_different_pairs_and_with_overlap_the_same(curator, lead):
    problem = make_problem(3)
    mine = lease_pair(reviewer=curator, scope=EVERYTHING)
    theirs = lease_pair(reviewer=lead, scope=EVERYTHING)
    assert pair_of(mine) != pair_of(theirs)
    twice = ComparisonScope(problem=problem.pk, overlap=2)
    ComparisonLease.objects.filter(holder=lead).delete()
    assert pair_of(lease_pair(reviewer=lead, scope=twice)) == pair_of(mine)


def test_a_pair_that_is_left_goes_to_the_next_and_its_holder_gets_another(curator, lead):
    make_problem(2)
    mine = lease_pair(reviewer=curator, scope=EVERYTHING)
    assert lease_pair(reviewer=lead, scope=EVERYTHING) is None
    assert renew_comparisons(reviewer=lead, tokens=[mine.token]) == {mine.token}
    assert renew_comparisons(reviewer=curator, tokens=[mine.token]) == set()
    release_comparisons(reviewer=curator, tokens=[mine.token])
    assert pair_of(lease_pair(reviewer=lead, scope=EVERYTHING)) == pair_of(mine)
    assert lease_pair(reviewer=curator, scope=EVERYTHING) is None


def test_what_is_said_is_stored_with_the_order_audited_and_ends_the_lease(curator):
    problem = make_problem()
    lease = lease_pair(reviewer=curator, scope=EVERYTHING)
    said = say(curator, lease, PairVerdict.TIE)
    assert (said.first_id, said.second_id, said.swapped) == (*pair_of(lease), lease.swapped)
    assert (said.verdict, said.seconds, said.problem) == ("tie", 4.5, problem)
    assert not ComparisonLease.objects.exists()
    event = AuditEvent.objects.get(object_type="problem", object_id=problem.pk)
    assert (event.actor, event.verb) == (curator, "comparison.tie")


def test_the_same_form_twice_is_one_comparison_and_a_lost_pair_stores_nothing(curator, lead):
    make_problem()
    lease, key = lease_pair(reviewer=curator, scope=EVERYTHING), uuid.uuid4()
    assert say(curator, lease, key=key) == say(curator, lease, PairVerdict.SECOND, key=key)
    with pytest.raises(ComparisonError, match="not yours any more"):
        say(curator, lease)
    with pytest.raises(ComparisonError, match="already used"):
        say(lead, lease, key=key)
    assert Comparison.objects.count() == 1


def test_undo_withdraws_gives_the_pair_back_in_its_order_and_can_be_repeated(curator):
    make_problem()
    first = lease_pair(reviewer=curator, scope=EVERYTHING)
    say(curator, first)
    second = lease_pair(reviewer=curator, scope=EVERYTHING)
    say(curator, second)
    key = uuid.uuid4()
    for _ in range(2):
        back = undo_comparison(reviewer=curator, key=key)
        assert (pair_of(back), back.swapped) == (pair_of(second), second.swapped)
    back = undo_comparison(reviewer=curator, key=uuid.uuid4())
    assert pair_of(back) == pair_of(first)
    assert undo_comparison(reviewer=curator, key=uuid.uuid4()) is None
    assert [each.verdict for each in Comparison.objects.order_by("pk")] == ["first", "first", "withdraw", "withdraw"]
    assert not standing_comparisons().exists()
    # Said again it supersedes the withdrawal.
    ComparisonLease.objects.all().delete()
    again = lease_pair(reviewer=curator, scope=EVERYTHING)
    say(curator, again, PairVerdict.SECOND)
    assert standing_comparisons().get().verdict == "second"


def test_what_somebody_skips_comes_to_others_and_not_to_them_again(curator, lead):
    make_problem(2)
    lease = lease_pair(reviewer=curator, scope=EVERYTHING)
    say(curator, lease, PairVerdict.SKIP)
    assert lease_pair(reviewer=curator, scope=EVERYTHING) is None
    assert pair_of(lease_pair(reviewer=lead, scope=EVERYTHING)) == pair_of(lease)


def test_a_scope_keeps_to_its_problem_or_set(curator):
    make_problem()
    chosen = make_problem()
    for scope in (ComparisonScope(problem=chosen.pk), ComparisonScope(problem_set=chosen.problem_set_id)):
        assert lease_pair(reviewer=curator, scope=scope).problem_id == chosen.pk
    assert lease_pair(reviewer=curator, scope=ComparisonScope(problem=10**12)) is None


def test_comparisons_are_never_changed_or_deleted(curator):
    make_problem()
    say(curator, lease_pair(reviewer=curator, scope=EVERYTHING))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Comparison.objects.update(verdict="second")


def test_rankings_are_by_sampler_and_by_trace_and_skips_count_for_nothing(curator, lead):
    good, bad = factories.make_sampler(title="Good"), factories.make_sampler(title="Bad")
    problem = factories.make_problem()
    for number in range(4):
        factories.make_trace(problem=problem, sampler=good if number % 2 else bad, answer=[[[number]]])
    scope = ComparisonScope(problem=problem.pk)
    while (lease := lease_pair(reviewer=curator, scope=scope)) is not None:
        sides = [lease.first.sampler, lease.second.sampler]
        if sides[0] == sides[1]:
            say(curator, lease, PairVerdict.TIE)
        else:
            say(curator, lease, FIRST if sides[0] == good else PairVerdict.SECOND)
    found = rankings(scope)
    (group,) = found.samplers.groups
    assert [place.name for place in group] == ["Good, version 1", "Bad, version 1"]
    assert group[0].ranked.strength > 0 > group[1].ranked.strength
    (traces,) = found.traces.groups
    assert len(traces) == 4
    assert rankings(EVERYTHING).traces is None
    lease = lease_pair(reviewer=lead, scope=ComparisonScope(problem=problem.pk, overlap=2))
    say(lead, lease, PairVerdict.SKIP)
    assert rankings(scope).comparisons == found.comparisons


@pytest.mark.django_db(transaction=True)
def test_eight_people_at_once_never_have_the_same_pair_and_together_finish(db):
    problem = make_problem(6)
    people = [User.objects.create_user(f"person-{number}") for number in range(8)]

    def work(person):
        try:
            while (lease := lease_pair(reviewer=person, scope=EVERYTHING)) is not None:
                say(person, lease)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(work, people))
    pairs = list(standing_comparisons().filter(problem=problem).values_list("first_id", "second_id"))
    assert len(pairs) == len(set(pairs))
    assert len(connected(pairs)) == 1
    assert open_problems(EVERYTHING) == []
