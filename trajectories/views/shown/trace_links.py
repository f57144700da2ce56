"""Addresses of the lists of traces that numbers on pages count."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from trajectories.core.records import Outcome
from trajectories.core.selections import MOST_VALUES, Selection, one_or_several


@dataclass(frozen=True, slots=True)
class Counted:
    """A number and the address of the traces that it counts."""

    value: int
    traces: str


def list_traces(
    runs: Iterable[int | None],
    problems: Iterable[int] | None = None,
    *,
    right: bool = False,
    family: str = "",
    unsolved_by: int | None = None,
) -> str:
    """The list of the traces of some runs, of some problems perhaps, of right ones perhaps; "" where there is no run or
    no problem. More problems than an address can name are named by what they have in common: their `family`, and the
    run that has solved none of them."""
    there = [run for run in runs if run is not None]
    keys = None if problems is None else sorted(problems)
    if not there or keys == []:
        return ""
    is_named = keys is not None and len(keys) <= MOST_VALUES
    asked = Selection(
        run=one_or_several(there, None),
        problem=one_or_several(keys or (), None) if is_named else None,
        family="" if is_named else family,
        unsolved_by=None if is_named else unsolved_by,
        correctness=Outcome.PASS.value if right else "",
    )
    return f"{reverse('trace_list')}?{asked.query()}"
