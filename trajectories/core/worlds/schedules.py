"""Plans of worlds: settings, a seed, a limit of steps, and the schedule of changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from trajectories.core.faults import Fault
from trajectories.core.records import JSON

MAX_EPISODE, MAX_STEPS, MAX_CHANGES = 1_000_000, 10_000, 1_000
MAX_SEED = 2**63 - 1


class ScheduleError(Fault):
    """A plan that says something that no world can follow; the message is for people."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is set from a step of an episode on, in all later episodes too. Both count from 0."""

    episode: int
    step: int
    settings: Mapping[str, JSON]

    def to_json(self) -> dict[str, JSON]:
        """{"episode": 50, "step": 0, "set": {...}}."""
        return {"episode": self.episode, "step": self.step, "set": dict(self.settings)}


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """Which world, and how it changes. `steps` limits an episode; `seed` decides all that is drawn in the world."""

    world: str
    settings: Mapping[str, JSON]
    changes: Sequence[Change]
    seed: int
    steps: int

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Read the plan in the spec of a problem. Raises ScheduleError."""
        world, settings = given.get("world"), given.get("settings", {})
        if not isinstance(world, str) or not world:
            raise ScheduleError(f"World: found {world!r}, expected its name.", field="world")
        if not isinstance(settings, Mapping):
            raise ScheduleError(f"Settings: found {settings!r}, expected an object.", field="settings")
        changes = given.get("changes", [])
        seed = _number(given, "seed", 0, MAX_SEED)
        return cls(world, settings, read_changes(changes), seed, _number(given, "steps", 1, MAX_STEPS))

    def to_json(self) -> dict[str, JSON]:
        """What from_json reads."""
        return {
            "world": self.world,
            "settings": dict(self.settings),
            "changes": [change.to_json() for change in self.changes],
            "seed": self.seed,
            "steps": self.steps,
        }

    def settings_at(self, episode: int, step: int) -> dict[str, JSON]:
        """What is set at a step of an episode, with all changes until then."""
        current = dict(self.settings)
        for change in self.changes:
            if (change.episode, change.step) <= (episode, step):
                current |= change.settings
        return current

    def changes_at(self, episode: int, step: int) -> bool:
        """Whether anything changes just then; what holds from the very beginning is no change."""
        return (episode, step) != (0, 0) and any(
            (change.episode, change.step) == (episode, step) for change in self.changes
        )

    def change_episodes(self) -> list[int]:
        """The episodes in which something changes, in order."""
        return sorted({change.episode for change in self.changes if (change.episode, change.step) != (0, 0)})


def read_changes(given: Any) -> tuple[Change, ...]:
    """The changes of a JSON list, in order of time. Raises ScheduleError."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ScheduleError(f"Changes: found {given!r}, expected a list.", field="changes")
    if len(given) > MAX_CHANGES:
        raise ScheduleError(f"Found {len(given):,} changes, expected at most {MAX_CHANGES:,}.", field="changes")
    found = [_read_change(place, change) for place, change in enumerate(given, 1)]
    return tuple(sorted(found, key=lambda change: (change.episode, change.step)))


def _read_change(place: int, given: Any) -> Change:
    where = f"Change {place}"
    if not isinstance(given, Mapping) or set(given) - {"episode", "step", "set"}:
        raise ScheduleError(
            f'{where}: found {given!r}, expected {{"episode": 50, "step": 0, "set": {{...}}}}.', field="changes"
        )
    settings = given.get("set")
    if not isinstance(settings, Mapping) or not settings:
        raise ScheduleError(f"{where}: found {settings!r} under set, expected settings by name.", field="changes")
    return Change(
        _number(given, "episode", 0, MAX_EPISODE, where), _number(given, "step", 0, MAX_STEPS, where, 0), settings
    )


def _number(given: Mapping[str, Any], name: str, least: int, most: int, where: str = "", default: Any = None) -> int:
    value = given.get(name, default)
    if type(value) is not int or not least <= value <= most:
        what = f"{where}, {name}" if where else name.capitalize()
        field = "changes" if where else name
        raise ScheduleError(f"{what}: found {value!r}, expected {least:,} to {most:,}.", field=field)
    return value
