"""Memories of agents on their way out and in: JSON Lines, a transition to a line."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.agents.memory import Remembered
from trajectories.core.faults import Fault
from trajectories.core.worlds.base import State
from trajectories.models import AuditEvent, Mind, Run, Transition
from trajectories.selectors.minds import iter_transitions
from trajectories.services.locks import lock_run
from trajectories.services.runs.episodes import keep_transitions

MAX_TRANSITIONS = 2_000_000
MAX_NUMBER = 2**31 - 1
NUMBERS = ("visits", "first_episode", "seen_episode", "seen_step", "overwritten")


def memory_lines(mind: Mind) -> Iterator[str]:
    """All that a mind remembers, a JSON object to a line, in the order in which it was first kept."""
    for row in iter_transitions(mind):
        yield json.dumps(asdict(row)) + "\n"


@transaction.atomic
def import_memory(*, actor: User | None, mind: Mind, lines: Iterable[bytes]) -> int:
    """Put a memory in the place of what a mind remembers; how many transitions it has.

    Raises Fault for a line that is no transition of its world, and while its run is active: nothing is changed then.
    """
    run = lock_run(mind.run_id)
    if run.state in Run.ACTIVE_STATES:
        raise Fault(f"The run is {run.state}; expected one that is paused or has ended.")
    Transition.objects.filter(mind=mind).delete()
    count = 0
    seen: set[tuple[State, int]] = set()
    batch: list[Remembered] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = read_transition(mind, line, number)
        key = (row.state, row.action)
        if key in seen:
            raise Fault(f"Line {number}: found the state and action of an earlier line again, expected each once.")
        seen.add(key)
        if len(seen) > MAX_TRANSITIONS:
            raise Fault(f"Line {number}: found more than {MAX_TRANSITIONS:,} transitions, expected at most as many.")
        batch.append(row)
        if len(batch) == 5_000:
            keep_transitions(mind, batch)
            count, batch = count + len(batch), []
    keep_transitions(mind, batch)
    count += len(batch)
    AuditEvent.objects.create(
        actor=actor, verb="imported_memory", object_type="mind", object_id=mind.pk, data={"transitions": count}
    )
    return count


def read_transition(mind: Mind, line: bytes, number: int) -> Remembered:
    """The transition of a line. Raises Fault."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise Fault(f"Line {number}: found no JSON, expected a transition.") from fault
    if not isinstance(row, Mapping):
        raise Fault(f"Line {number}: found no object, expected a transition.")
    around = mind.surroundings
    given = {name: _number(row, name, MAX_NUMBER, number) for name in NUMBERS}
    when = row.get("overwritten_episode")
    return Remembered(
        state=_state(row, "state", around["sizes"], number),
        action=_number(row, "action", around["actions"] - 1, number),
        after=_state(row, "after", around["sizes"], number),
        reached=row.get("reached") is True,
        overwritten_episode=None if when is None else _number(row, "overwritten_episode", MAX_NUMBER, number),
        former=None if row.get("former") is None else _state(row, "former", around["sizes"], number),
        **given,
    )


def _number(row: Mapping[str, Any], name: str, most: int, line: int) -> int:
    value = row.get(name)
    if type(value) is not int or not 0 <= value <= most:
        raise Fault(f"Line {line}, {name}: found {str(value)[:40]!r}, expected 0 to {most:,}.")
    return value


def _state(row: Mapping[str, Any], name: str, sizes: list[int], line: int) -> State:
    value = row.get(name)
    fits = isinstance(value, list) and len(value) == len(sizes)
    if not fits or any(type(n) is not int or not 0 <= n < size for n, size in zip(value or (), sizes, strict=True)):
        raise Fault(f"Line {line}, {name}: found {str(value)[:40]!r}, expected a state of the world.")
    return tuple(value or ())
