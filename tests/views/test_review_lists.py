"""The list of reviews: one's own, and others' as far as they may be seen."""

import pytest

from tests.factories import make_review, make_trace

ADDRESS = "/reviews/"


@pytest.fixture
def reviews(curator, lead):
    one, two = make_trace(), make_trace()
    return {
        "mine": make_review(trace=one, reviewer=curator, score=2),
        "beside": make_review(trace=one, reviewer=lead, decision="reject", reason="lucky", score=5, seconds=70),
        "hidden": make_review(trace=two, reviewer=lead, comment="<b>numbats</b>"),
    }


def rows(client, **query):
    return [review.pk for review in client.get(ADDRESS, query).context["list"].rows]


def test_who_is_blind_sees_their_own_and_what_stands_beside_them(client, curator, reviews):
    client.force_login(curator)
    assert set(rows(client)) == {reviews["mine"].pk, reviews["beside"].pk}
    page = client.get(ADDRESS)
    assert "numbats" not in page.content.decode()
    assert page.context["list"].count.least == 2
    assert page.context["reviewers"] == []


def test_who_may_see_all_filters_and_sorts_them(client, lead, curator, reviews):
    client.force_login(lead)
    assert len(rows(client)) == 3
    assert rows(client, state="reject") == [reviews["beside"].pk]
    assert rows(client, reviewer=curator.pk) == [reviews["mine"].pk]
    assert rows(client, sort="best")[0] == reviews["beside"].pk
    assert rows(client, sort="oldest")[0] == reviews["mine"].pk
    assert rows(client, state="nonsense") == []
    text = client.get(ADDRESS).content.decode()
    assert "&lt;b&gt;numbats" in text
    assert "Lucky fit" in text
    assert "1 min 10 s" in text


def test_what_was_replaced_is_listed_by_itself(client, lead, reviews):
    old = reviews["hidden"]
    new = make_review(trace=old.trace, reviewer=lead, decision="reject", supersedes=old)
    client.force_login(lead)
    assert rows(client, state="replaced") == [old.pk]
    assert new.pk in rows(client)


def test_a_fragment_is_the_table(client, lead, reviews):
    client.force_login(lead)
    part = client.get(ADDRESS, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<section id="reviews"')


def test_an_empty_list_says_why(client, lead):
    client.force_login(lead)
    assert "No reviews yet" in client.get(ADDRESS).content.decode()
    assert "No review matches" in client.get(ADDRESS, {"state": "reject"}).content.decode()


def test_the_list_takes_as_many_queries_however_long(client, lead, django_assert_max_num_queries):
    for _ in range(30):
        make_review(trace=make_trace(), reviewer=lead)
    client.force_login(lead)
    with django_assert_max_num_queries(12):
        assert len(rows(client)) == 30
