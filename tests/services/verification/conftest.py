import pytest

from tests.factories import plan
from tests.samplers import SAMPLERS
from trajectories.models import Run
from trajectories.services.runs.embedded_sampling import sample_next_batch


@pytest.fixture
def run(db) -> Run:
    """Sampled, not verified: the first trace is right, the second wrong."""
    run = plan(samples_each=2)
    sample_next_batch(run_id=run.pk, samplers=SAMPLERS)
    return run
