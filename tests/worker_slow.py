"""Imports, exports and releases that take their time, so that a test can kill their worker in the middle."""

import time
from collections.abc import Callable
from typing import Any

from trajectories.services.imports import jobs
from trajectories.services.releases import freezing, writing
from trajectories.services.releases.contents import Contents
from trajectories.services.traces import staging
from trajectories.services.traces.staging import TraceStage

SECONDS = 0.1


def slowed(do: Callable[..., Any]) -> Callable[..., Any]:
    """The same, later."""

    def later(*arguments: Any, **options: Any) -> Any:
        time.sleep(SECONDS)
        return do(*arguments, **options)

    return later


staging.BATCH = 2
jobs.CHECKPOINT_SECONDS = 0.0
freezing.BATCH = 1
freezing.PROGRESS_SECONDS = 0.1
writing.BEAT_SECONDS = 0.0
TraceStage.take = slowed(TraceStage.take)  # type: ignore[method-assign]
Contents.add = slowed(Contents.add)  # type: ignore[method-assign]
writing.encode_line = slowed(writing.encode_line)
