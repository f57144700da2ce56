"""Included by workers of drills: samples and verdicts that take a tenth of a second each."""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests import worker_slow
from tests.drills.steady import DRAWN
from tests.samplers import MirrorSampler
from trajectories.core.records import SampleFailure, SampleRequest, SampleResult
from trajectories.core.samplers import SAMPLERS
from trajectories.services.verification import queue


class SteadySampler(MirrorSampler):
    """The mirror, at its ease."""

    def sample(self, requests: Sequence[SampleRequest]) -> Iterator[tuple[int, SampleResult | SampleFailure]]:
        """See Sampler."""
        for position, sampled in super().sample(requests):
            time.sleep(worker_slow.SECONDS)
            folder = Path(os.environ["MINICOLUMN_VAR"])
            folder.mkdir(exist_ok=True)
            with (folder / DRAWN).open("a") as drawn:
                drawn.write(f"{requests[position].problem.name} {requests[position].ordinal}\n")
            yield position, sampled


SAMPLERS["mirror"] = SteadySampler
queue._verify_one = worker_slow.slowed(queue._verify_one)
