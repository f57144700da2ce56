"""What the API answers is what its description says, whatever is sent, for tokens of every role: by schemathesis."""

from decimal import Decimal

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

from tests.access import OPERATIONS, ROLES, rows_of
from tests.api.programs import Program, described, one_connection  # noqa: F401 - a fixture
from tests.world import make_world
from trajectories.adapters.acting import FIRST
from trajectories.models import Freezing, Project, ReleaseRule, WebhookMessage
from trajectories.services.people.invitations import invite
from trajectories.services.spending.limits import set_limit

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 3}
"""Requests of each operation that fit its description, and that do not: the first as everybody and of rows that are
there too, all others as a lead, or as a superuser where no lead may. More find more: raise them by hand."""


def test_every_operation_answers_as_it_is_described_to_every_role(lead, settings, tmp_path, one_connection):  # noqa: F811
    settings.EXPORT_DIR, settings.ARTEFACT_DIR = tmp_path / "e", tmp_path / "a"
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    there = rows_that_are_there(lead)
    secrets = {role: Program(person).secret for role, person in people_of_every_role().items()}
    secrets["superuser"] = Program(User.objects.create_superuser("chief")).secret
    loaded = schemathesis.openapi.from_dict(described())
    loaded.app = get_wsgi_application()
    for found in loaded.get_all_operations():
        for mode, count in EXAMPLES.items():
            _check(found.ok(), mode, count, secrets, there)


def rows_that_are_there(lead):
    """The id of a row by the parameter that names it."""
    world = make_world(lead)
    rows = {
        "freezing": Freezing.objects.get(release=world.release),
        "invitation": invite(actor=lead, role="viewer", days=1)[0],
        "limit": set_limit(actor=None, amount=Decimal(1), scope="all"),
        "mind": world.played.episode.mind,
        "project": Project.objects.get(pk=FIRST),
        "rule": ReleaseRule.objects.get(),
        "user": User.objects.create_user("somebody"),
        "webhook_message": WebhookMessage.objects.filter(webhook=world.webhook).first(),
    }
    keys = {**rows_of(world), **{name: row.pk for name, row in rows.items()}}
    return {f"{name}_id": key for name, key in keys.items()}


def people_of_every_role():
    """Somebody of each role of tests.access."""
    people = {role: User.objects.create_user(f"a {role}") for role in ROLES}
    for role, person in people.items():
        person.groups.set(Group.objects.filter(name=role))
    assert sum(person.groups.count() for person in people.values()) == len(ROLES) - 1, "nobody has none"
    return people


def _check(operation, mode, count, secrets, there):
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS

    sent = []
    name = operation.definition.raw["operationId"]
    most = "lead" if "lead" in OPERATIONS[name] else "superuser"

    @given(case=operation.as_strategy(generation_mode=mode))
    @bounded(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    def send(case):
        sent.append(case)
        everybody = len(sent) == 1
        for secret in secrets.values() if everybody else [secrets[most]]:
            _ask(case, secret, checks)
        here = {parameter: key for parameter, key in there.items() if parameter in (case.path_parameters or {})}
        if everybody and here:  # what is asked of nothing, of something that is there
            case.path_parameters = {**case.path_parameters, **here}
            for role in ("curator", most):
                _ask(case, secrets[role], CHECKS)

    send()


def _ask(case, secret, checks):
    headers = {"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}
    case.call_and_validate(headers=headers, checks=checks)
