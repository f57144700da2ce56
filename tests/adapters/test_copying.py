"""Rows written with COPY are those that the models would have written."""

import pytest
from django.db import IntegrityError
from django.utils import timezone

from tests import factories
from trajectories.adapters.copying import copied_line, copy_lines, copy_missing, copy_rows, reserve_ids
from trajectories.adapters.spools import nameless_spool
from trajectories.models import PendingVerification, Problem, Text

pytestmark = pytest.mark.django_db
AWKWARD = 'tab\t, new\nline, back\\slash, \\N, "quotes", ü, 𝔘'


def test_every_column_is_what_the_model_would_have_written():
    problem_set = factories.make_problem_set()
    fields = {"name": AWKWARD, "kind": "text", "statement": AWKWARD, "spec": {"a": [1, 2.5, None, AWKWARD]}}
    Problem.objects.create(problem_set=problem_set, content_hash="a" * 64, **fields)
    names = ("problem_set_id", "content_hash", *fields)
    assert copy_rows(Problem, names, [(problem_set.pk, "b" * 64, *fields.values())]) == 1
    saved, copied = (Problem.objects.filter(content_hash=letter * 64).values().get() for letter in "ab")
    differing = {name for name in saved if saved[name] != copied[name]}
    assert differing == {"id", "content_hash", "created_at"}
    assert abs((saved["created_at"] - copied["created_at"]).total_seconds()) < 60


def test_lines_that_were_set_aside_are_the_same_rows(tmp_path):
    problem_set = factories.make_problem_set()
    rows = [
        [problem_set.pk, "d" * 64, AWKWARD, {"a": [1, 2.5, None, AWKWARD], "\r\x08\x0b\x0c": True}, None],
        [problem_set.pk, "e" * 64, "", {}, ["\\.", "\\N"]],
        [problem_set.pk, "f" * 64, "\\.", {}, []],
    ]
    names = ("problem_set_id", "content_hash", "statement", "spec", "reference")
    fixed = dict.fromkeys(("statement_hash", "family", "reference_source", "split"), "")
    fixed |= {"kind": "text", "name": AWKWARD, "difficulty": {}, "created_at": timezone.now()}
    fixed |= {"trace_count": 0, "correct_count": 0, "accepted_count": 0}
    with nameless_spool(tmp_path) as spool:
        spool.append_lines([copied_line(row) for row in rows])
        copy_lines(Problem, names, spool.blocks(), **fixed)
    stored = Problem.objects.order_by("content_hash").values_list("problem_set_id", *names[1:])
    assert [list(row) for row in stored] == rows
    assert set(Problem.objects.values_list("name", flat=True)) == {AWKWARD}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_has_not_is_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        copied_line([{"a": value}])


def test_none_is_null_and_not_the_json_null():
    problem = factories.make_problem(reference=None)
    names = ("problem_set_id", "content_hash", "name", "kind", "reference")
    copy_rows(Problem, names, [(problem.problem_set_id, "c" * 64, "n", "text", None)])
    assert Problem.objects.filter(reference__isnull=True).count() == 2


def test_what_is_there_already_is_an_error_or_passed_over():
    Text.objects.create(content_hash="a", body="old")
    with pytest.raises(IntegrityError):
        copy_rows(Text, ("content_hash", "body"), [("a", "new")])


def test_missing_rows_are_added_and_others_stay():
    Text.objects.create(content_hash="a", body="old")
    for _ in range(2):
        copy_missing(Text, ("content_hash", "body"), [("a", "new"), ("b", AWKWARD)])
    rows = Text.objects.filter(content_hash__in=["a", "b"])
    assert dict(rows.values_list("content_hash", "body")) == {"a": "old", "b": AWKWARD}


def test_a_column_that_the_database_fills_in_is_filled_in():
    trace = factories.make_trace()
    copy_rows(PendingVerification, ("trace_id",), [(trace.pk,)])
    assert PendingVerification.objects.get().rung_at is not None


def test_reserved_ids_are_new_and_ascending():
    first = reserve_ids(Problem, 3)
    assert first == sorted(set(first))
    assert len(first) == 3
    assert factories.make_problem().pk > first[-1]
