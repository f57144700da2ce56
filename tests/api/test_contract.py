"""What the API answers is what its description says, whatever is sent, for tokens of every role: by schemathesis."""

import schemathesis
from django.contrib.auth.models import Group, User
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
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
from tests.access import ROLES
from tests.api.programs import Program, described, one_connection  # noqa: F401 - a fixture
from tests.queues import make_traces, queue_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 3}
"""Requests of each operation that fit its description, and that do not: all of them as a lead, who may do most, and the
first as every other role too. More find more: raise them by hand."""


def test_every_operation_answers_as_it_is_described_to_every_role(lead, settings, one_connection):  # noqa: F811
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    traces = make_traces(2, correctness="pass")
    queue_of(lead, traces)
    factories.make_review(trace=traces[0], reviewer=lead)
    secrets = {role: Program(person).secret for role, person in people_of_every_role().items()}
    loaded = schemathesis.openapi.from_dict(described())
    loaded.app = get_wsgi_application()
    for found in loaded.get_all_operations():
        for mode, count in EXAMPLES.items():
            _check(found.ok(), mode, count, secrets)


def people_of_every_role():
    """Somebody of each role of tests.access."""
    people = {role: User.objects.create_user(f"a {role}") for role in ROLES}
    for role, person in people.items():
        person.groups.set(Group.objects.filter(name=role))
    assert sum(person.groups.count() for person in people.values()) == len(ROLES) - 1, "nobody has none"
    return people


def _check(operation, mode, count, secrets):
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS

    sent = []

    @given(case=operation.as_strategy(generation_mode=mode))
    @bounded(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    def send(case):
        sent.append(case)
        for secret in secrets.values() if len(sent) == 1 else [secrets["lead"]]:
            case.call_and_validate(
                headers={"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}, checks=checks
            )

    send()
