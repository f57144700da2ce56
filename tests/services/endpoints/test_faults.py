"""What earlier versions have stored with the reasons of failures."""

from importlib import import_module

import pytest
from django.db import connection, migrations

from tests.factories import make_run, make_trace, plan
from trajectories.models import Attempt, EndpointGate, Run


def migrate() -> None:
    """Run the statements of the migration that touch rows."""
    module = import_module("trajectories.migrations.0022_endpoint_faults")
    with connection.cursor() as cursor:
        for operation in module.Migration.operations:
            for sql, values in operation.sql if isinstance(operation, migrations.RunSQL) else []:
                # What was a judgement then is a judge job today, and the gate of a sampler that of its endpoint.
                told = sql.replace("trajectories_judgement", "trajectories_judgejob")
                cursor.execute(told.replace("trajectories_samplergate", "trajectories_endpointgate"), values)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stored", "left"),
    [
        ("The endpoint failed (500). It said: inner words. And more: 7", "The endpoint failed (500)."),
        ("The endpoint failed (500). It said: two\nlines", "The endpoint failed (500)."),
        (
            "Call after call fails. The last one said: The endpoint was asked too often (429). It said: x It asks",
            "Call after call fails. The last one said: The endpoint was asked too often (429).",
        ),
        (
            "The endpoint does not take tools for this model (400), and an agent needs one. It said: no tools [x]",
            "The endpoint does not take tools for this model (400), and an agent needs one.",
        ),
        ("The answer is not JSON. It begins: '<html>inner'", "The answer is not JSON."),
        (
            "The answer is an object without choices[0].message. It begins: '{}'",
            "The answer is an object without choices[0].message.",
        ),
        ("The time budget of 60 s is spent.", "The time budget of 60 s is spent."),
        (
            "The result could not be stored: It said: (500) words",
            "The result could not be stored: It said: (500) words",
        ),
        ("", ""),
    ],
)
def test_the_words_of_endpoints_are_cut_off_and_the_sentences_stay(stored, left):
    run = make_run(state="paused", state_reason=stored)
    planned = plan()
    Attempt.objects.filter(run=planned).update(error_message=stored)
    gate = EndpointGate.objects.create(key="a", reason=stored)
    trace = make_trace(facts={"earlier_error": {"kind": "server", "message": stored}, "n": "ignored"})
    plain = make_trace(facts={"n": "ignored"})
    migrate()
    for row in (gate, trace, plain):
        row.refresh_from_db()
    assert Run.objects.get(pk=run.pk).state_reason == left
    assert set(Attempt.objects.filter(run=planned).values_list("error_message", flat=True)) == {left}
    assert gate.reason == left
    assert trace.facts == {"earlier_error": {"kind": "server", "message": left}, "n": "ignored"}
    assert plain.facts == {"n": "ignored"}
