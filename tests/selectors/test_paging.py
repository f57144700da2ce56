"""Pages: whoever turns them sees every row once, in the list's order, there and back, and no link leads nowhere."""

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from trajectories.selectors.paging import Page, cut_page, page_by_id


@given(st.lists(st.integers(0, 1000), unique=True), st.integers(1, 5))
def test_turning_the_pages_shows_every_row_once_and_back_again(numbers, size):
    rows = sorted(numbers)

    def down(after):
        found = [row for row in rows if after is None or row > after][: size + 1]
        return cut_page(found, lambda row: row, size=size, is_first=after is None)

    def up(before):
        found = [row for row in reversed(rows) if row < before][: size + 1]
        return cut_page(found, lambda row: row, size=size, is_first=False, backwards=True)

    pages = [down(None)]
    while pages[-1].next is not None:
        pages.append(down(pages[-1].next))
    assert [row for page in pages for row in page.rows] == rows
    back = [pages[-1]]
    while back[-1].previous is not None:
        back.append(up(back[-1].previous))
    assert [row for page in reversed(back) for row in page.rows] == rows
    assert back[-1].previous is None


def test_other_rows_keep_the_keys():
    assert Page([1, 2], 1, 2).of(["one", "two"]) == Page(["one", "two"], 1, 2)


@pytest.mark.django_db
def test_pages_of_rows_by_id_in_both_orders():
    ids = [User.objects.create_user(f"person-{number}").pk for number in range(5)]
    people = User.objects.all()

    def shown(**asked):
        page = page_by_id(people, size=2, **asked)
        return [ids.index(row.pk) for row in page.rows], page.previous is not None, page.next is not None

    assert shown() == ([4, 3], False, True)
    assert shown(before=ids[3]) == ([2, 1], True, True)
    assert shown(before=ids[1]) == ([0], True, False)
    assert shown(after=ids[2]) == ([4, 3], False, True)
    assert shown(after=ids[0]) == ([2, 1], True, True)
    assert shown(newest_first=False) == ([0, 1], False, True)
    assert shown(newest_first=False, after=ids[1]) == ([2, 3], True, True)
    assert shown(newest_first=False, before=ids[2]) == ([0, 1], False, True)
