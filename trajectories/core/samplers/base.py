"""What a sampler is."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from trajectories.core.records import SampleFailure, SampleRequest, SampleResult


class Sampler(Protocol):
    """A way to get samples. The same request gives the same sample wherever the sampler is deterministic."""

    name: str
    version: int

    def sample(self, requests: Sequence[SampleRequest]) -> Iterator[tuple[int, SampleResult | SampleFailure]]:
        """Yield (position in `requests`, outcome) as each is ready, in any order, exactly one per request."""
        ...


@runtime_checkable
class Together(Protocol):
    """A sampler that knows which outcomes come at once, such as those of one search, so that they are stored at once.
    What it yields together has waited for no more than a moment."""

    def sample_together(
        self, requests: Sequence[SampleRequest]
    ) -> Iterator[Sequence[tuple[int, SampleResult | SampleFailure]]]:
        """Yield several of what Sampler.sample yields, as soon as the next one may take longer."""
        ...


@runtime_checkable
class Teachable(Protocol):
    """A sampler that can use what a training made."""

    def taught(self, artefact: bytes) -> Sampler:
        """The sampler with what it has learnt. Raises ValueError, with one sentence, for a file that is none of its."""
        ...
