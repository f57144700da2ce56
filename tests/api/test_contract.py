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

from tests import factories
from tests.access import OPERATIONS, ROLES
from tests.api.programs import Program, described, one_connection  # noqa: F401 - a fixture
from tests.campaigns import measured_campaign
from tests.generation import plan_job
from tests.queues import make_traces, queue_of
from tests.trainings import make_release, make_training
from tests.worlds import make_world_set, plan_episodes, play_all, world_plan
from trajectories.adapters.acting import FIRST
from trajectories.core.releases.rules import Rule
from trajectories.models import Freezing, Mind, Project, TrainingPoint, WebhookMessage
from trajectories.services.people.invitations import invite
from trajectories.services.releases.deliveries import request_environment
from trajectories.services.releases.exports import request_export
from trajectories.services.releases.rules import save_rule
from trajectories.services.spending.limits import set_limit
from trajectories.services.webhooks.steering import make_webhook, send_test

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 3}
"""Requests of each operation that fit its description, and that do not: the first as everybody, all others as a lead,
or as a superuser where no lead may. What fits is asked of rows that are there. More find more: raise them by hand."""


def test_every_operation_answers_as_it_is_described_to_every_role(lead, settings, one_connection):  # noqa: F811
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
    traces = make_traces(2, correctness="pass")
    queue = queue_of(lead, traces)
    factories.make_review(trace=traces[0], reviewer=lead)
    release = make_release(2)
    campaign = measured_campaign(lead, factories.plan(title="The evaluation"), release)
    training = make_training(release)
    TrainingPoint.objects.create(training=training, step=1, values={"loss": 0.5})
    play_all(plan_episodes(make_world_set(world_plan("maze", {"size": 4}, [], steps=10), 1)))
    webhook, _ = make_webhook(actor=lead, title="Team", address="https://8.8.8.8/", events=["run.ended"])
    send_test(actor=lead, webhook=webhook)
    somebody = User.objects.create_user("somebody")
    rows = {
        "campaign": campaign,
        "delivery": request_environment(actor=lead, release=release),
        "export": request_export(actor=lead, release=release, export_format="full"),
        "freezing": Freezing.objects.filter(release=release).get(),
        "generation": plan_job(),
        "invitation": invite(actor=lead, role="viewer", days=1)[0],
        "limit": set_limit(actor=None, amount=Decimal(1), scope="all"),
        "mind": Mind.objects.get(),
        "problem": traces[0].problem,
        "project": Project.objects.get(pk=FIRST),
        "queue": queue,
        "release": release,
        "rule": save_rule(actor=lead, title="Mine", rule=Rule()),
        "run": campaign.generations.exclude(run=None).first().run,
        "sampler": campaign.first_sampler,
        "trace": traces[0],
        "training": training,
        "user": somebody,
        "webhook": webhook,
        "webhook_message": WebhookMessage.objects.get(),
    }
    return {f"{name}_id": row.pk for name, row in rows.items()}


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
        if mode is GenerationMode.POSITIVE:  # what is answered of a row that is there is what is described, too
            case.path_parameters |= {name: key for name, key in there.items() if name in case.path_parameters}
        for secret in secrets.values() if len(sent) == 1 else [secrets[most]]:
            case.call_and_validate(
                headers={"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}, checks=checks
            )

    send()
