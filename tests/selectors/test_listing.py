"""Lists: pages by key in every order, both ways, and counts that say how exact they are."""

import contextlib

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from tests.factories import make_run, make_trace
from trajectories.core.selections import Selection
from trajectories.models import Trace
from trajectories.selectors import listing
from trajectories.selectors.blinding import EVERYTHING, Sight
from trajectories.selectors.listing import Count, Lying, count_rows, estimate_rows, first_keys
from trajectories.selectors.traces import ORDERS, TRACES, TraceWalk, count_traces, list_traces, neighbours

pytestmark = pytest.mark.django_db


@pytest.fixture
def traces():
    """Traces with equal, different and missing values of everything that lists are sorted by."""
    run = make_run()
    values = [(10, None, 0.5, None), (10, 1, 0.5, 0.1), (30, 1, 2.0, None), (20, 3, 0.5, 0.0), (10, 2, 1.0, 0.1)] * 3
    return [
        make_trace(run=run, output_tokens=tokens, cost=cost, latency_seconds=seconds, train_error=error)
        for tokens, cost, seconds, error in values
    ]


@pytest.mark.parametrize("order", ["", *ORDERS])
def test_pages_lose_and_repeat_nothing_in_either_direction(traces, order):
    sort = TRACES.sort(order)
    whole = [trace.pk for trace in sort.annotate(Trace.objects.all()).order_by(*sort.order_by())]
    assert len(whole) == len(traces)
    page = TRACES.page(Trace.objects.all(), sort, down=None, up=None, size=4)
    assert page.previous is None
    down = [page.rows]
    while page.next is not None:
        page = TRACES.page(Trace.objects.all(), sort, down=page.next, up=None, size=4)
        down.append(page.rows)
    assert [trace.pk for rows in down for trace in rows] == whole
    up = [page.rows]
    while page.previous is not None:
        page = TRACES.page(Trace.objects.all(), sort, down=None, up=page.previous, size=4)
        up.insert(0, page.rows)
    assert [trace.pk for rows in up for trace in rows][-len(whole) :] == whole


def test_the_orders_are_what_their_titles_say(traces):
    def rows(order):
        return TRACES.page(Trace.objects.all(), TRACES.sort(order), down=None, up=None).rows

    assert [trace.output_tokens for trace in rows("longest")][:4] == [30, 30, 30, 20]
    assert [trace.cost for trace in rows("costliest")][-3:] == [None] * 3
    assert [trace.cost for trace in rows("cheapest")][:4] == [None, None, None, 1]
    assert [trace.latency_seconds for trace in rows("fastest")][-1] == 2.0
    newest = [trace.pk for trace in rows("")]
    assert newest == sorted(newest, reverse=True)
    assert newest[::-1] == [trace.pk for trace in rows("oldest")]


def test_a_page_goes_on_where_a_row_was_that_is_gone(traces):
    gone = max(trace.pk for trace in traces) + 1
    page = TRACES.page(Trace.objects.all(), TRACES.sort("longest"), down=gone, up=None)
    assert len(page.rows) == len(traces)


@pytest.mark.parametrize("order", ["", "longest", "costliest", "slowest"])
def test_a_page_far_down_is_read_from_an_index(traces, order):
    sort = TRACES.sort(order)
    rows = sort.annotate(Trace.objects.all())
    rows = rows.filter(sort.beyond(Trace.objects.all(), traces[7].pk)).order_by(*sort.order_by())[:51].values("pk")
    with connection.cursor() as cursor:
        for kind in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{kind} = off")
    plan = rows.explain()
    assert "Sort" not in plan
    assert "Index Cond" in plan


@pytest.mark.parametrize("order", ["", *ORDERS])
def test_rows_that_lie_far_from_each_other_are_found_all_the_same(traces, monkeypatch, order):
    """The same pages where the order is followed to its end, and where that takes too long."""
    rare = Trace.objects.filter(output_tokens=10, latency_seconds=0.5)
    sort, asked = TRACES.sort(order), []

    def pages():
        found, page = [], TRACES.page(rare, sort, down=None, up=None, size=2, lying=Lying(is_sparse=True))
        while True:
            found.append([trace.pk for trace in page.rows])
            if page.next is None:
                break
            page = TRACES.page(rare, sort, down=page.next, up=None, size=2, lying=Lying(is_sparse=True))
        up = TRACES.page(rare, sort, down=None, up=found[1][0], size=2, lying=Lying(is_sparse=True))
        return found, [trace.pk for trace in up.rows]

    walked = pages()
    assert [len(rows) for rows in walked[0]] == [2, 2, 2]
    assert walked[1] == walked[0][0]
    monkeypatch.setattr(listing, "_in_time", lambda rows, around, milliseconds: asked.append(milliseconds))
    assert pages() == walked
    assert asked == [listing.WALK_MILLISECONDS] * 4


def test_what_was_looked_for_in_vain_is_sorted_at_once_on_the_next_page(traces, monkeypatch):
    """For a minute, and only in the same list."""
    tried, asked = [], listing._in_time
    monkeypatch.setattr(listing, "_in_time", lambda *of_what: tried.append(of_what[0]))
    rare, sort = Trace.objects.filter(output_tokens=10), TRACES.sort("")
    pages = [
        TRACES.page(rare, sort, down=down, up=None, size=4, lying=Lying(is_sparse=True, name=name))
        for down, name in ((None, "ten"), (traces[6].pk, "ten"), (None, "other"), (None, ""), (None, ""))
    ]
    assert len(tried) == 4, "all but the second of the first list"
    assert pages[0].rows == pages[2].rows == pages[3].rows
    monkeypatch.setattr(listing, "_in_time", asked)
    cache.clear()
    assert TRACES.page(rare, sort, down=traces[6].pk, up=None, size=4).rows == pages[1].rows


@pytest.mark.parametrize("around", [contextlib.nullcontext, transaction.atomic])
def test_a_limit_of_time_holds_for_one_statement_in_a_transaction_and_out_of_it(transactional_db, around):
    make_trace()
    slow = Trace.objects.extra(where=["pg_sleep(0.05) IS NOT NULL"]).values_list("pk")
    with around():
        assert listing._in_time(slow, "{}", 5) is None
        assert len(slow) == 1, "what comes after it has all the time it needs"
        assert listing._in_time(slow, "SELECT count(*) FROM ({}) AS rows", 5_000) == [(1,)]
        assert listing._in_time(slow.none(), "{}", 5) == []


def test_rows_are_read_by_their_ids_without_the_filters_once_more(traces):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE trajectories_tracesearch SET words = to_tsvector('english', 'Some thing')")
    for order in ("", "longest", "cheapest"):
        walk = TraceWalk(text="thing", length_to=20, order=order)
        with CaptureQueriesContext(connection) as caught:
            page = list_traces(walk, EVERYTHING, columns=("program",), size=5)
        assert sum("websearch_to_tsquery" in each["sql"] for each in caught) == 1
        whole = TRACES.sort(order).annotate(Trace.objects.filter(output_tokens__lte=20))
        assert [row.pk for row in page.rows] == [row.pk for row in whole.order_by(*TRACES.sort(order).order_by())[:5]]
        assert {row.shown_decision for row in page.rows} == {""}


def test_a_small_list_is_walked_for_a_shorter_time(traces, monkeypatch):
    asked = []
    monkeypatch.setattr(listing, "_in_time", lambda rows, around, milliseconds: asked.append(milliseconds))
    for about in (listing.FEW - 1, listing.FEW, None):
        list_traces(TraceWalk(length_to=20, round=about), EVERYTHING, total=Count(0, is_exact=False, about=about))
    assert asked == [listing.WALK_MILLISECONDS // 4, listing.WALK_MILLISECONDS, listing.WALK_MILLISECONDS]


@pytest.mark.parametrize("order", ["", "oldest"])
def test_a_list_of_words_is_looked_for_among_the_nearest_ids(traces, monkeypatch, order):
    """The same pages, whether these hold enough, only some times as many do, or too few."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE trajectories_tracesearch SET words = to_tsvector('english', 'Some thing')")
    monkeypatch.setattr(listing, "NEARBY_SHARE", 1)
    monkeypatch.setattr(listing, "WALK_MILLISECONDS", 60_000)
    walk, sort = TraceWalk(text="thing", length_to=20, order=order), TRACES.sort(order)
    whole = [trace.pk for trace in Trace.objects.filter(output_tokens__lte=20).order_by(*sort.order_by())]

    def ask(about, **place):
        total = Count(0, is_exact=False, about=about)
        with CaptureQueriesContext(connection) as caught:
            page = list_traces(walk, EVERYTHING, total=total, size=3, **place)
        return [row.pk for row in page.rows], sum("websearch_to_tsquery" in each["sql"] for each in caught)

    looks = {}
    for about in (15, 60, 120, 1_000, None):
        rows, looks[about] = ask(about)
        assert rows == whole[:3]
        assert ask(about, before=whole[2])[0] == whole[3:6]
        assert ask(about, after=whole[6])[0] == whole[3:6]
        assert ask(about, before=whole[-3])[0] == whole[-2:]
    assert looks == {15: 1, 60: 2, 120: 3, 1_000: 3, None: 1}, "near, four times as far, and then all"


def test_what_is_far_down_is_given_up_in_time_and_sorted(traces, monkeypatch):
    monkeypatch.setattr(listing, "WALK_MILLISECONDS", 1)
    slow = Trace.objects.extra(where=["pg_sleep(0.01) IS NOT NULL"])
    with CaptureQueriesContext(connection) as caught:
        found = first_keys(slow, TRACES.sort(""), 3)
    assert found == sorted((trace.pk for trace in traces), reverse=True)[:3]
    walked, hidden = (each["sql"].rpartition("ORDER BY")[2] for each in caught if "ORDER BY" in each["sql"])
    assert "COALESCE" not in walked
    assert hidden.strip().startswith("COALESCE"), "which no index is made of"
    assert Trace.objects.count() == 15, "what comes after it has all the time it needs"


def test_few_rows_that_were_counted_are_not_looked_for_again(traces):
    for order in ("", "longest", "cheapest"):
        walk = TraceWalk(length_to=20, temperature=traces[0].temperature, order=order)
        total = count_traces(walk, EVERYTHING)
        assert sorted(total.keys) == sorted(trace.pk for trace in traces if trace.output_tokens <= 20)
        with CaptureQueriesContext(connection) as caught:
            page = list_traces(walk, EVERYTHING, total=total, size=5)
        assert not any("output_tokens <=" in each["sql"].replace('"', "") for each in caught)
        assert page.rows == list_traces(walk, EVERYTHING, size=5).rows
        below = list_traces(walk, EVERYTHING, before=page.next, total=total, size=5)
        assert below.rows == list_traces(walk, EVERYTHING, before=page.next, size=5).rows
        assert len(below.rows) == 5


def test_more_rows_than_a_few_are_counted_without_their_ids(traces, monkeypatch):
    assert count_rows(Trace.objects.none()).keys == ()
    assert count_rows(Trace.objects.filter(output_tokens=999)).keys == ()
    monkeypatch.setattr(listing, "COUNTED", listing.COUNTED.replace("<= 500", "<= 14"))
    assert count_rows(Trace.objects.all()) == Count(15)
    assert count_rows(Trace.objects.all()).keys is None


def test_only_lists_of_several_filters_are_walked_so(traces, django_assert_num_queries):
    first = traces[0]
    list_traces(TraceWalk(), EVERYTHING)
    for walk, count in (
        (TraceWalk(), 1),
        (TraceWalk(run=first.run_id), 1),
        (TraceWalk(order="longest"), 1),
        # A savepoint, its time, the ids, all the time again, its end, the rows.
        (TraceWalk(run=first.run_id, length_to=10), 6),
        (TraceWalk(length_from=5), 6),
    ):
        with django_assert_num_queries(count):
            list_traces(walk, EVERYTHING)
    walk = TraceWalk(length_from=20)
    with django_assert_num_queries(2):
        found = list_traces(walk, EVERYTHING, total=Count(6))
    assert found == list_traces(walk, EVERYTHING, total=Count(6, is_exact=False)), "what was counted is sorted at once"
    assert len(found.rows) == 6


def test_counts_are_exact_up_to_a_limit_and_then_estimates_that_say_so(traces, monkeypatch):
    assert count_rows(Trace.objects.all()) == Count(15)
    assert count_rows(Trace.objects.none()) == Count(0)
    monkeypatch.setattr(listing, "COUNT_LIMIT", 10)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE trajectories_trace")
    some = count_rows(Trace.objects.all())
    assert (some.least, some.is_exact) == (10, False)
    assert some.about == estimate_rows(Trace.objects.all()) == 15
    assert some.words == "more than 10, about 15 (estimated)"
    assert count_rows(Trace.objects.all(), may_estimate=False) == Count(10, is_exact=False)


def test_a_count_that_takes_long_is_given_up_for_an_estimate(traces, monkeypatch):
    monkeypatch.setattr(listing, "COUNT_MILLISECONDS", 1)
    slow = Trace.objects.extra(where=["pg_sleep(0.05) IS NOT NULL"])
    found = count_rows(slow)
    assert (found.least, found.is_exact) == (0, False)
    assert found.words.startswith("about ")
    assert Trace.objects.count() == 15, "what comes after it has all the time it needs"


def test_a_list_with_nothing_in_it_is_not_looked_for(traces, django_assert_num_queries):
    walk = TraceWalk(length_from=31, seconds_to=5.0)
    with django_assert_num_queries(0):
        assert list_traces(walk, EVERYTHING, total=Count(0)).rows == ()
    assert list(list_traces(walk, EVERYTHING).rows) == []


def test_more_than_can_be_counted_is_counted_once_a_minute(traces, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(listing, "COUNT_LIMIT", 10)
    first = count_rows(Trace.objects.all())
    with django_assert_num_queries(0):
        assert count_rows(Trace.objects.all()) == first
    assert count_rows(Trace.objects.all(), may_estimate=False) == Count(10, is_exact=False)
    assert count_rows(Trace.objects.filter(output_tokens=30)) == Count(3), "what is exact is counted anew"
    Trace.objects.filter(output_tokens=30).update(output_tokens=31)
    assert count_rows(Trace.objects.filter(output_tokens=30)) == Count(0)


def test_a_count_that_took_long_is_not_tried_again_for_the_next_page(traces, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(listing, "COUNT_MILLISECONDS", 1)
    slow = Trace.objects.extra(where=["pg_sleep(0.05) IS NOT NULL"])
    first = count_rows(slow)
    with django_assert_num_queries(0):
        assert count_rows(slow) == first
    cache.clear()
    monkeypatch.setattr(listing, "COUNT_MILLISECONDS", 60_000)
    assert count_rows(slow) == Count(15)


def test_what_a_blind_person_may_not_see_is_never_estimated(traces, curator, monkeypatch):
    monkeypatch.setattr(listing, "estimate_rows", lambda _: pytest.fail("an estimate goes by all rows"))
    monkeypatch.setattr(listing, "COUNT_LIMIT", 0)
    blind = Sight(curator.pk)
    for scope in (Selection(decision="unreviewed"), Selection(score_from=1), Selection(tag="odd")):
        count_traces(scope, blind)


def test_how_many_have_a_decision_is_counted_beside(traces):
    Trace.objects.filter(pk__in=[traces[0].pk, traces[1].pk]).update(decision="accepted")
    assert count_traces(TraceWalk(), EVERYTHING).among == 2
    assert count_traces(TraceWalk(decision="accepted"), EVERYTHING) == Count(2, among=2)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (Count(1), "1"),
        (Count(1234), "1,234"),
        (Count(10_000, is_exact=False, about=341_234), "more than 10,000, about 340,000 (estimated)"),
        (Count(0, is_exact=False, about=52), "about 52 (estimated)"),
        (Count(0, is_exact=False), "many"),
    ],
)
def test_counts_in_words(count, words):
    assert count.words == words


def test_columns_are_chosen_by_name_and_unknown_ones_count_for_nothing():
    assert TRACES.chosen_columns(["cost", "x", "answer"]) == ("answer", "cost")
    assert TRACES.chosen_columns([]) == TRACES.chosen_columns(["x"])
    assert "tags" not in TRACES.chosen_columns([])


def test_a_search_is_followed_from_the_row_where_its_page_begins(traces):
    """The index of words has a key of its own, on which the database puts no bound by itself."""
    walk, first = TraceWalk(text="thing"), min(trace.pk for trace in traces)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE trajectories_tracesearch SET words = to_tsvector('english', 'Some thing')")
    found, page = [], list_traces(walk, EVERYTHING, size=4)
    while True:
        found += [trace.pk for trace in page.rows]
        if page.next is None:
            break
        with CaptureQueriesContext(connection) as caught:
            page = list_traces(walk, EVERYTHING, before=page.next, size=4)
        assert f'"trajectories_tracesearch"."trace_id" < {found[-1]}' in "".join(each["sql"] for each in caught)
    assert found == sorted((trace.pk for trace in traces), reverse=True)
    newer, older = neighbours(walk, Trace.objects.get(pk=first), EVERYTHING)
    assert (newer, older) == (found[-2], None)
    assert TRACES.sort("longest").bound(first, ("search__trace",)) == Q()
