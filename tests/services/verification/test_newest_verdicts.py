"""Which verdict is the newest of its verifier, whoever writes: kept by the database, and at most one."""

import threading
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from trajectories.models import Trace, Verdict
from trajectories.services.rows import insert_rows, row_of
from trajectories.services.verification.verdicts import lock_traces

WRITERS, EACH = 4, 5


def newest_by_hand():
    found = {}
    for key, trace, verifier in Verdict.objects.order_by("pk").values_list("pk", "trace", "verifier"):
        found[trace, verifier] = key
    return set(found.values())


def newest():
    return set(Verdict.objects.filter(is_newest=True).values_list("pk", flat=True))


def rows(words, made):
    """Verdicts on traces by (which trace, which verifier), each with the revision that is next."""
    found = []
    for place, verifier in words:
        revision = sum(key == (place, verifier) for key in made)
        made.append((place, verifier))
        found.append((place, {"verifier": verifier, "version": 1, "revision": revision, "outcome": "pass"}))
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["arc_test", "scorer:sure"])), min_size=1, max_size=6),
        min_size=1,
        max_size=4,
    ),
    by=st.sampled_from(["rows", "bulk", "one"]),
)
def test_of_each_verifier_the_last_one_written_is_the_newest(db, batches, by):
    with transaction.atomic():
        traces, made = [factories.make_trace(), factories.make_trace()], []
        for batch in batches:
            verdicts = [Verdict(trace=traces[place], **values) for place, values in rows(batch, made)]
            if by == "rows":
                stored = [row_of(verdict) | {"created_at": traces[0].created_at} for verdict in verdicts]
                insert_rows(Verdict, stored, returning=("id",))
            elif by == "bulk":
                Verdict.objects.bulk_create(verdicts)
            else:
                for verdict in verdicts:
                    verdict.save()
            assert newest() == newest_by_hand()
        transaction.set_rollback(True)


def test_what_was_there_before_is_marked_by_the_migration(db):
    trace, other = factories.make_trace(), factories.make_trace()
    for revision in range(3):
        factories.make_verdict(trace=trace, revision=revision)
    factories.make_verdict(trace=other)
    factories.make_verdict(trace=trace, verifier="arc_train")
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX verdict_newest")
        cursor.execute("UPDATE trajectories_verdict SET is_newest = true")
    assert newest() != newest_by_hand()
    migration = import_module("trajectories.migrations.0108_newest_verdict_indexes")
    with connection.schema_editor() as editor:
        migration.mark_off(apps, editor)
    assert newest() == newest_by_hand()


@pytest.mark.django_db(transaction=True)
def test_writers_that_take_turns_leave_one_newest_and_others_are_refused():
    trace = factories.make_trace()

    def write():
        try:
            for _ in range(EACH):
                with transaction.atomic():
                    lock_traces([trace])
                    factories.make_verdict(trace=trace, revision=Verdict.objects.filter(trace=trace).count())
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Verdict.objects.count() == WRITERS * EACH
    assert newest() == newest_by_hand() == {Verdict.objects.latest("pk").pk}
    # Whoever does not lock the trace may be refused, but never are two of them the newest.
    last = Verdict.objects.latest("pk")
    with pytest.raises(IntegrityError, match="verdict_newest"), transaction.atomic():
        Verdict.objects.create(pk=last.pk - 1_000, trace=trace, verifier=last.verifier, version=2, outcome="pass")
    assert newest() == {last.pk}
    assert Trace.objects.filter(verdicts__is_newest=True).count() == 1
