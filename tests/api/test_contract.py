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

from tests.access import ROLES
from tests.access_api import rows_of
from tests.api.programs import Program, described, one_connection  # noqa: F401 - a fixture
from tests.world import make_world

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 3}
"""Requests of each operation that fit its description, and that do not: all of them as a lead, who may do most, and the
first as every other role too, and of things that are there. More find more: raise them by hand."""


def test_every_operation_answers_as_it_is_described_to_every_role(lead, settings, tmp_path, one_connection):  # noqa: F811
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    settings.EXPORT_DIR, settings.ARTEFACT_DIR = tmp_path / "e", tmp_path / "a"
    rows = {f"{name}_id": row for name, row in rows_of(make_world(lead)).items()}
    secrets = {role: Program(person).secret for role, person in people_of_every_role().items()}
    loaded = schemathesis.openapi.from_dict(described())
    loaded.app = get_wsgi_application()
    for found in loaded.get_all_operations():
        for mode, count in EXAMPLES.items():
            _check(found.ok(), mode, count, secrets, rows)


def people_of_every_role():
    """Somebody of each role of tests.access."""
    people = {role: User.objects.create_user(f"a {role}") for role in ROLES}
    for role, person in people.items():
        person.groups.set(Group.objects.filter(name=role))
    assert sum(person.groups.count() for person in people.values()) == len(ROLES) - 1, "nobody has none"
    return people


def _check(operation, mode, count, secrets, rows):
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS

    sent = []

    @given(case=operation.as_strategy(generation_mode=mode))
    @bounded(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    def send(case):
        sent.append(case)
        if len(sent) == 1:
            for secret in secrets.values():
                _ask(case, secret, checks)
            if here := {name: rows[name] for name in case.path_parameters if name in rows}:
                # What the first one asks of nothing, of something that is there.
                case.path_parameters = {**case.path_parameters, **here}
                for role in ("curator", "lead"):
                    _ask(case, secrets[role], CHECKS)
        else:
            _ask(case, secrets["lead"], checks)

    send()


def _ask(case, secret, checks):
    headers = {"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}
    case.call_and_validate(headers=headers, checks=checks)
