"""Situations of one problem, put together in a few words."""

from trajectories.core.records import Outcome
from trajectories.core.strategies.base import AttemptKind, Ended, Situation, Slot

SLOTS = [Slot(1, 1.0, ordinal) for ordinal in range(6)]


def ended(number: int, error: float | None = 0.5, **values) -> Ended:
    """Attempt `number` with a trace of that number; an error of 0 fits."""
    fields = {
        "slot": Slot(1, 1.0, number),
        "kind": AttemptKind.FIRST,
        "round": 0,
        "trace": number,
        "outcome": Outcome.PASS if error == 0 else Outcome.FAIL,
        "fits": None if error is None else error == 0,
        "train_error": error,
        "outputs": f"outputs {number}",
        "sketch": frozenset({number}),
        **values,
    }
    return Ended(**fields)


def situation(*attempts: Ended, **values) -> Situation:
    fields = {"slots": SLOTS, "ended": attempts, "round": max((each.round for each in attempts), default=0), "seed": 7}
    return Situation(**{**fields, **values})
