"""Many fields tried with few requests: each as well as by a request of its own, where that request would tell no more.

A form reads all its fields, whatever it finds in the others, and a view that ends as it does with none of them changed
has read them all. So several odd values go together, those that were refused by name have been, and the rest goes on
without them; only where something else was refused, which may have hidden what comes after it, each goes alone.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch

from django.core.exceptions import ValidationError
from django.forms.forms import BaseForm

from trajectories.core.faults import Fault

GROUP = 12
"""Fields that go together at most. They stand far apart in their form: those that are checked with one another are
neighbours."""


@dataclass
class Told:
    """What a request was refused, each (name of a field, "" for the whole; in words), and the status of its answer."""

    refusals: set[tuple[str, str]] = field(default_factory=set)
    status: int = 0

    def fields(self, names: Collection[str]) -> set[str]:
        """Those of these names that were refused."""
        return {name for name, _ in self.refusals if name in names}

    def others(self, names: Collection[str]) -> set[str]:
        """What else was refused, in words."""
        of_names = {text for name, text in self.refusals if name in names}
        return {text for name, text in self.refusals if name not in names} - of_names


@contextmanager
def telling() -> Iterator[Told]:
    """Write down what forms and services refuse meanwhile."""
    told = Told()
    add_error, begin = BaseForm.add_error, Fault.__init__

    def noted(form: BaseForm, name: str | None, error: Any) -> None:
        by_name = error.error_dict if hasattr(error, "error_dict") else {name: error}
        for each, found in by_name.items():
            sent_as = form.add_prefix(each) if each in form.fields else ""
            texts = ValidationError(found).messages
            told.refusals.update((sent_as, text) for text in texts)
        add_error(form, name, error)

    def begun(fault: Fault, message: str, *, field: str = "") -> None:
        told.refusals.add((field, message))
        begin(fault, message, field=field)

    with patch.object(BaseForm, "add_error", noted), patch.object(Fault, "__init__", begun):
        yield told


def in_groups(
    names: Sequence[str], send: Callable[[Sequence[str]], Told], *, together: int, untouched: Told | None = None
) -> None:
    """Have each of the names sent, at most so many together. `send([])` sends what none of them has changed; what
    comes of it may be known."""
    told_before = cache(lambda: untouched or send([]))
    count = -(-len(names) // together)
    for start in range(count):
        _try(names[start::count], send, told_before)


def _try(names: Sequence[str], send: Callable[[Sequence[str]], Told], untouched: Callable[[], Told]) -> None:
    told = send(names)
    if len(names) == 1:
        return
    refused = told.fields(names)
    if refused:
        if left := [name for name in names if name not in refused]:
            _try(left, send, untouched)
    elif told.status != untouched().status or told.others(names) - untouched().others(names):
        for name in names:
            send([name])
