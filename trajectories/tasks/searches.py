"""Doorbells of traces that are read for their words."""

from celery import shared_task

from trajectories.services.jobs.bells import Ticket
from trajectories.services.jobs.ringers import connect_bell
from trajectories.services.traces.searches import read_for, words_bells


@shared_task(name="trajectories.read_words")
def read_words(kind: str, source: int, slot: int, token: str) -> None:
    """Read traces for a few seconds, and ring again while there is more."""
    for ticket in read_for(Ticket.read(kind, source, slot, token)):
        read_words.delay(*ticket.words())


@shared_task(name="trajectories.sweep_searches")
def sweep_searches() -> None:
    """Ring for traces whose bell was lost, or whose reader was. Safe to run at any time, twice at once included."""
    _ring()


def _ring() -> None:
    for ticket in words_bells():
        read_words.delay(*ticket.words())


connect_bell("words", _ring)
