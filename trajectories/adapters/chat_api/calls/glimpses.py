"""What has come of samples that are being drawn, for whoever looks at them before they are whole.

Written by the loop of a session and read by another thread: what is shared are lists that only grow, and names that are
bound anew.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from trajectories.adapters.chat_api.wire.partial import PartialAnswer
from trajectories.core.records import Step


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A sample as far as it has come. `steps` are those of calls that have ended; `calls` counts the calls that were
    begun.

    Of the call under way: `seconds` since it was sent, None where none is; `thoughts` and `text` are what it has
    streamed.
    """

    steps: Sequence[Step]
    calls: int
    seconds: float | None
    thoughts: str
    text: str


@dataclass(slots=True)
class _Try:
    """One try of a call: what has come of it, and how much of that was read."""

    since: float = field(default_factory=time.monotonic)
    pieces: list[bytes] = field(default_factory=list)
    read: int = 0
    answer: PartialAnswer = field(default_factory=PartialAnswer)


class Hearing:
    """A call that is under way, and the pieces of its answer as they come."""

    def __init__(self) -> None:
        self._now = _Try()

    def begin(self, key: str) -> list[bytes]:
        """Begin a try: the list that gets its pieces. What came of an earlier try counts for nothing."""
        self._now = begun = _Try(answer=PartialAnswer(key))
        return begun.pieces

    def tell(self, place: int) -> tuple[float, str, str]:
        """(seconds since it was sent, thoughts, text) of one of the samples it asks for. By one thread only."""
        now = self._now
        there = len(now.pieces)
        now.answer.feed(now.pieces[now.read : there])
        now.read = there
        return time.monotonic() - now.since, *now.answer.said(place)


@dataclass(slots=True)
class _Drawn:
    """A sample that is being drawn. `place` is its own among those that its call asks for."""

    steps: Sequence[Step] = ()
    calls: int = 0
    hearing: Hearing | None = None
    place: int = 0
    is_agent: bool = False


@dataclass(slots=True)
class Glimpses:
    """The samples of one session that are being drawn, by who pays for them."""

    _drawn: dict[str, _Drawn] = field(default_factory=dict)

    @contextmanager
    def drawing(self, payer: str, steps: Sequence[Step]) -> Iterator[None]:
        """While a sample is drawn over several calls, whose steps are added to `steps`."""
        self._drawn[payer] = _Drawn(steps, is_agent=True)
        try:
            yield
        finally:
            self._drawn.pop(payer, None)

    @contextmanager
    def listening(self, payers: Sequence[str]) -> Iterator[Hearing]:
        """While one call is under way, for so many samples."""
        hearing = Hearing()
        for place, payer in enumerate(payers):
            if not payer:
                continue
            drawn = self._drawn.setdefault(payer, _Drawn())
            drawn.place, drawn.calls, drawn.hearing = place, drawn.calls + 1, hearing
        try:
            yield hearing
        finally:
            for payer in payers:
                self._end(payer)

    def _end(self, payer: str) -> None:
        drawn = self._drawn.get(payer)
        if drawn is None:
            return
        if drawn.is_agent:
            drawn.hearing = None
        else:
            del self._drawn[payer]

    def of(self, payer: str) -> Glimpse | None:
        """The sample as it is now; None where it is not being drawn: it waits for its turn, or has ended."""
        drawn = self._drawn.get(payer)
        if drawn is None:
            return None
        hearing = drawn.hearing
        seconds, thoughts, text = (None, "", "") if hearing is None else hearing.tell(drawn.place)
        return Glimpse(tuple(drawn.steps), drawn.calls, seconds, thoughts, text)
