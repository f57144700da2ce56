"""What the API answers is what its description says, whatever is sent, for tokens of every role: by schemathesis."""

import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests import factories
from tests.api.programs import Program, described, one_connection  # noqa: F401 - a fixture
from tests.queues import make_traces, queue_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 5, GenerationMode.NEGATIVE: 5}
"""Requests of each operation that fit its description, and that do not. More find more: raise them by hand."""


def test_every_operation_answers_as_it_is_described(lead, curator, engineer, nobody, settings, one_connection):  # noqa: F811
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    traces = make_traces(2, correctness="pass")
    queue_of(lead, traces)
    factories.make_review(trace=traces[0], reviewer=lead)
    programs = {person.username: Program(person) for person in (lead, curator, engineer, nobody)}
    loaded = schemathesis.openapi.from_dict(described())
    loaded.app = get_wsgi_application()
    for found in loaded.get_all_operations():
        for mode, count in EXAMPLES.items():
            _check(found.ok(), mode, count, programs)


def _check(operation, mode, count, programs):
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS

    @given(case=operation.as_strategy(generation_mode=mode), name=st.sampled_from(sorted(programs)))
    @bounded(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    def send(case, name):
        case.call_and_validate(
            headers={"Authorization": f"Bearer {programs[name].secret}", "Accept-Encoding": "identity"}, checks=checks
        )

    send()
