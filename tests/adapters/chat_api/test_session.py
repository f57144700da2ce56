"""Outcomes are taken several at a time: the first waits for company, and no longer than until there are enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from trajectories.adapters.chat_api.calls.limits import AdaptiveLimit
from trajectories.adapters.chat_api.calls.ports import NoPorts
from trajectories.adapters.chat_api.calls.session import Session

LONG, SHORT = 60.0, 0.05


@dataclass(frozen=True)
class Asked:
    """A request that is its own answer."""

    name: str
    payer: str = ""


class Echo:
    """Who answers at once."""

    def __init__(self, _: object) -> None:
        self.limit = AdaptiveLimit(1)

    async def close(self) -> None:
        """Nothing is held."""


async def repeat(_: Echo, requests: Sequence[Asked]) -> list[str]:
    return [request.name for request in requests]


def open_session() -> Session[Asked, str]:
    return Session(Echo, NoPorts(), repeat)  # type: ignore[arg-type] # no call is made


def asked(names: str) -> list[list[tuple[int, Asked]]]:
    return [[(place, Asked(name))] for place, name in enumerate(names)]


def test_nobody_waits_for_more_than_are_wanted():
    with open_session() as session:
        session.submit_all(asked("abc"))
        started = monotonic()
        assert [name for _, name in session.take_all(LONG, 3, LONG)] == ["a", "b", "c"]
        session.submit_all(asked("de"))
        assert [name for _, name in session.take_all(LONG, 2, LONG)] == ["d", "e"]
        assert monotonic() - started < LONG / 2


def test_more_than_are_wanted_wait_for_the_next_time():
    with open_session() as session:
        session.submit_all([[(place, Asked(name)) for place, name in enumerate("abcde")]])
        assert [name for _, name in session.take_all(LONG, 2, LONG)] == ["a", "b"]
        assert [name for _, name in session.take_all(LONG, 3, LONG)] == ["c", "d", "e"]


def test_the_first_goes_without_company_where_none_comes():
    with open_session() as session:
        assert session.take_all(SHORT, 2, SHORT) == []
        session.submit(7, Asked("a"))
        assert session.take_all(LONG, 2, SHORT) == [(7, "a")]
