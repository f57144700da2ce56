"""Training rules: which items of a release enter a training, as a typed record with one stored form (JSON)."""

from dataclasses import dataclass
from typing import Any

from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.core.releases import reading

FORMAT = 1
CORRECT, UNIFORM, GREEDY_DIVERSE = "correct", "uniform", "greedy_diverse"
TAKES = (CORRECT, UNIFORM, GREEDY_DIVERSE)
TAKE_WORDS = {
    CORRECT: "only what is right",
    UNIFORM: "right or wrong, drawn evenly",
    GREEDY_DIVERSE: "half the best, half the most different",
}
MOST_OF_A_PROBLEM = 10_000
MOST_RELEASES = 50
MOST_REPLAY = 90


@dataclass(frozen=True, slots=True)
class TrainingRule:
    """What is learnt from, clause by clause in this order; nothing of a validation or evaluation side ever is.

    `relabel` is how many wrong ARC programs of a problem enter as right ones of the task that their outputs define, at
    most; 0 for none. `bins` spreads them over how right the programs were, in as many bins as ACCURACY_BINS has.
    `take` says which of the others enter, and with `per_problem` at most so many of one problem, None for no bound.
    `replay` is the share, in percent, that releases of earlier generations (`replay_of`, ids) make up of all.
    `seeds` are releases that enter whole besides, such as worked solutions; ids.
    """

    take: str = CORRECT
    per_problem: int | None = None
    relabel: int = 0
    bins: bool = True
    replay: float = 0.0
    replay_of: tuple[int, ...] = ()
    seeds: tuple[int, ...] = ()

    def as_json(self) -> dict[str, JSON]:
        """The stored form: its version and every field that differs from the rule that asks for nothing special."""
        return {"version": FORMAT, **reading.written(self)}

    @classmethod
    def from_json(cls, stored: Any) -> "TrainingRule":
        """Read the stored form; {} is the usual rule. Raises Fault, with the field, for whatever is none."""
        given = reading.section("rule", stored, ("version", *cls.__dataclass_fields__))
        if given and given.pop("version", FORMAT) != FORMAT:
            raise Fault(f"version: found {reading.short(stored.get('version'))}, expected {FORMAT}.", field="version")
        rule = cls(**{name: _READERS[name](name, value) for name, value in given.items()})
        if rule.replay and not rule.replay_of:
            raise Fault("replay_of: found no release, expected one or more to replay.", field="replay_of")
        return rule


_READERS: dict[str, Any] = {
    "take": lambda where, value: reading.word(where, value, TAKES),
    "per_problem": lambda where, value: None if value is None else reading.whole(where, value, 1, MOST_OF_A_PROBLEM),
    "relabel": lambda where, value: reading.whole(where, value, 0, MOST_OF_A_PROBLEM),
    "bins": reading.flag,
    "replay": lambda where, value: reading.number(where, value, 0, MOST_REPLAY),
    "replay_of": lambda where, value: reading.ids(where, value, MOST_RELEASES),
    "seeds": lambda where, value: reading.ids(where, value, MOST_RELEASES),
}
