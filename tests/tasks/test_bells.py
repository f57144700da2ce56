"""Runs of models that live on a machine of ours are rung for where such models are, all others where others are."""

import pytest

from tests import factories
from tests.worker import empty_queues
from trajectories.adapters.broker_queues import ask_database
from trajectories.adapters.local_models.settings import LocalSettings
from trajectories.models import Bell
from trajectories.services.endpoints.local_models import MODELS
from trajectories.tasks.bells import SAMPLING, STARTS
from trajectories.tasks.runs import ring_first, ring_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("kind", "first", "later"), [("symbolic", STARTS, SAMPLING), ("local", MODELS, MODELS)], ids=["symbolic", "local"]
)
def test_bells_go_where_somebody_can_do_the_work(kind, first, later):
    parameters = LocalSettings(folder="a-model").as_parameters() if kind == "local" else {}
    run = factories.make_run(sampler=factories.make_sampler(kind=kind, parameters=parameters), state="running")
    factories.make_attempt(run=run)

    def rung(ring) -> set[str]:
        empty_queues()
        ring(run.pk)
        return {row.name for row in ask_database([STARTS, SAMPLING, MODELS]) if row.waiting}

    assert rung(ring_first) == {first}
    Bell.objects.all().delete()  # as if it had been answered
    assert rung(ring_for) == {later}
