"""Rows that go over as one JSON text come out as they went in."""

from decimal import Decimal

import pytest
from django.db import DataError, transaction
from django.utils import timezone

from trajectories.models import Reply, Text
from trajectories.services.rows import insert_rows, row_of

ODD = "quotes \" and ' and \\ and \\n, a tab\t, a line\nof its own, %s, {}, ümlaut, 漢字, \U0001f600, \x7f\u2028"


def reply(key, **values):
    return {
        "request_hash": key,
        "raw_id": "a",
        "input_tokens": 1,
        "cached_tokens": 0,
        "reasoning_tokens": 0,
        "output_tokens": 2**31 - 1,
        "cost": Decimal("12345678.12345678"),
        "seconds": 0.1 + 0.2,
        "max_output_tokens": 5,
        "payer": ODD[:80],
        "created_at": timezone.now(),
        **values,
    }


def test_every_kind_of_value_comes_out_as_it_went_in(db):
    insert_rows(Text, [{"content_hash": "a", "body": ODD}])
    assert Text.objects.get().body == ODD
    rows = [reply("b"), reply("a", cost=None)]
    assert insert_rows(Reply, rows, returning=("request_hash",)) == [("b",), ("a",)]
    for row in rows:
        assert row_of(Reply.objects.get(pk=row["request_hash"]), without=()) == row


def test_no_rows_are_no_statement(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert insert_rows(Text, [], returning=("content_hash",)) == []


@pytest.mark.parametrize("wrong", [{"payer": "x" * 81}, {"input_tokens": 2**31}, {"cost": Decimal(10**9)}])
def test_what_a_column_does_not_take_is_an_error_and_nothing_is_cut_off(db, wrong):
    insert_rows(Text, [{"content_hash": "a", "body": ""}])
    with pytest.raises(DataError), transaction.atomic():
        insert_rows(Reply, [reply("a"), reply("b", **wrong)])
    assert not Reply.objects.exists()


def test_a_value_that_is_none_of_a_row_is_refused(db):
    with pytest.raises(TypeError, match="found a set, expected a value of a row"):
        insert_rows(Text, [{"content_hash": "a", "body": {1}}])
