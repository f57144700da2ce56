"""What happens during a search that is longer than the lease."""

import pytest

from tests.factories import assert_counters_add_up, plan
from tests.samplers import MirrorSampler
from tests.worker import wait_for
from trajectories.services.runs.attempts import requeue_expired
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.runs.lifecycle import pause_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _short_lease(settings):
    settings.LEASE_SECONDS = 0.6


def lease(run):
    return run.attempts.filter(state="leased").values_list("lease_expires_at", flat=True).first()


def test_the_lease_is_renewed_as_long_as_the_search_runs():
    run = plan(samples_each=2)
    swept = []

    class Slow(MirrorSampler):
        def sample(self, requests):
            granted = lease(run)
            wait_for(lambda: lease(run) > granted, "the lease to be renewed")
            swept.extend(requeue_expired())
            yield from super().sample(requests)

    assert len(sample_next_batch(run_id=run.pk, samplers={"symbolic": Slow}).trace_ids) == 2
    assert swept == [], "nobody takes over work that somebody is at"
    assert_counters_add_up(run)


def test_a_pause_during_the_search_keeps_what_it_found_first_and_returns_the_rest(lead):
    run = plan(samples_each=3)

    class Paused(MirrorSampler):
        def sample(self, requests):
            pause_run(actor=lead, run=run)
            yield from super().sample(requests)

    assert len(sample_next_batch(run_id=run.pk, samplers={"symbolic": Paused}).trace_ids) == 1
    assert_counters_add_up(run)
    assert (run.state, run.attempts.filter(state="pending", claims=0).count()) == ("paused", 2)


def test_work_that_was_given_to_somebody_else_meanwhile_is_not_stored_twice():
    run = plan(samples_each=2)

    class Overtaken(MirrorSampler):
        """Loses its lease while it searches; another worker draws all samples first."""

        def sample(self, requests):
            run.attempts.update(state="pending", lease_token=None)
            sample_next_batch(run_id=run.pk, samplers={"symbolic": MirrorSampler})
            yield from super().sample(requests)

    assert sample_next_batch(run_id=run.pk, samplers={"symbolic": Overtaken}).trace_ids == []
    assert_counters_add_up(run)
    assert (run.done_count, run.traces.count()) == (2, 2)
