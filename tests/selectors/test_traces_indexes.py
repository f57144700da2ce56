"""Which indexes traces have: those that somebody asks by, and none of texts."""

import pytest
from django.db import connection

from tests.factories import make_trace
from trajectories.models import Trace

pytestmark = pytest.mark.django_db


def columns_of_indexes():
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'trajectories_trace'")
        return [definition.partition("USING ")[2] for (definition,) in cursor.fetchall()]


def test_no_index_is_of_a_text_or_for_beginnings_of_one():
    found = columns_of_indexes()
    assert len(found) > 20
    for column in ("prompt_id", "reasoning_id", "program_id", "raw_id", "varchar_pattern_ops"):
        assert not [each for each in found if column in each], column


@pytest.mark.parametrize(
    ("field", "names"), [("problem", ("trace_by_clauses", "trace_by_votes")), ("run", ("trace_in_run",))]
)
def test_traces_of_a_problem_and_of_a_run_are_found_by_an_index(field, names):
    """Foreign keys to them have none of their own: others begin with the same column."""
    trace = make_trace()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    traces = Trace.objects.filter(**{field: getattr(trace, field)})
    plan = traces.order_by().values_list("pk").explain()
    assert any(name in plan for name in names), plan
    assert "Index" in traces.explain()
