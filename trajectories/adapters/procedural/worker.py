"""The process that runs reasoning-gym: slow to start, killed when a request takes too long.

`python -m trajectories.adapters.procedural.worker DESCRIPTOR` answers requests on that connection, JSON in and out:
{"do": name, "seconds": limit, ...} gives {"value": ...} or {"fault": text}.
"""

import enum
import json
import sys
import typing
from collections.abc import Callable, Mapping
from typing import Any

from reasoning_gym.factory import CURRICULA, DATASETS

from trajectories.adapters.child import serve
from trajectories.adapters.procedural import scoring
from trajectories.adapters.procedural.packing import pack
from trajectories.adapters.procedural.scoring import default_settings
from trajectories.core.problems.procedural import KnobKind, is_plain

MEMORY_BYTES = 4 * 1024**3
NO_KNOBS = ("seed", "size")
MAX_LEVELS = 12


class Desk:
    """Answers requests; keeps the dataset of the last one, since some take a second to make."""

    def __init__(self) -> None:
        self._made: tuple[str, Any] = ("", None)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request says; whatever goes wrong in a family becomes a fault in words."""
        actions: dict[str, Callable[..., Any]] = {
            "names": lambda: sorted(DATASETS),
            "describe": self.describe,
            "examples": self.examples,
            "score": self.score,
        }
        try:
            return {"value": actions[request.pop("do")](**request)}
        except (AssertionError, ValueError) as fault:
            return {"fault": str(fault) or "the family refuses these settings"}
        except Exception as fault:
            return {"fault": f"{type(fault).__name__}: {fault}"}

    def describe(self, family: str) -> dict[str, Any]:
        """A family as the fields of core.problems.procedural.Family, without example."""
        dataset_class, config_class = DATASETS[family]
        knobs, fixed = _knobs(family, config_class)
        module = dataset_class.__module__.split(".")
        return {
            "name": family,
            "category": module[1] if len(module) > 2 else "other",
            "summary": " ".join((dataset_class.__doc__ or "").split("\n\n")[0].split()),
            "knobs": knobs,
            "fixed": fixed,
            "levels": _levels(family, {knob["name"] for knob in knobs}),
        }

    def examples(self, family: str, knobs: Mapping[str, Any], seed: int, size: int, first: int, count: int) -> Any:
        """Problems first .. first + count - 1 of a draw."""
        dataset = self._dataset(family, knobs, seed, size)
        made = []
        for index in range(first, first + count):
            # Some families draw from generators that all share: which problems came before must not matter.
            scoring.seed_generators(seed, index)
            made.append(_example(dataset[index]))
        return made

    def score(self, family: str, knobs: Mapping[str, Any], entry: Mapping[str, Any], answer: str) -> float:
        """The family's score of an answer to the problem of the packed `entry`: for families that evaluate none."""
        told = scoring.answer(scoring.prepare({"family": family, "knobs": knobs}), {"entry": entry, "answer": answer})
        if "fault" in told:
            raise ValueError(told["fault"])
        return float(told["value"])

    def _dataset(self, family: str, knobs: Mapping[str, Any], seed: int, size: int) -> Any:
        key = json.dumps([family, knobs, seed, size])
        if self._made[0] != key:
            self._made = (key, scoring.make_dataset(family, knobs, seed=seed, size=size))
        return self._made[1]


def _knobs(family: str, config_class: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """(knobs, names of settings that JSON has no form for)."""
    defaults = default_settings(config_class)
    types = typing.get_type_hints(config_class)
    help_texts = _help_texts(family)
    knobs: list[dict[str, Any]] = []
    fixed: list[str] = []
    for name, default in defaults.items():
        if name in NO_KNOBS:
            continue
        kind, choices = _kind(default, types.get(name))
        if kind is None:
            fixed.append(name)
            continue
        plain = default.value if isinstance(default, enum.Enum) else default
        plain = list(plain) if kind is KnobKind.LIST else plain
        knobs.append(
            {"name": name, "kind": kind.value, "default": plain, "choices": choices, "help": help_texts.get(name, "")}
        )
    return knobs, fixed


def _kind(default: Any, declared: Any) -> tuple[KnobKind | None, list[str]]:
    if isinstance(default, enum.Enum):
        return KnobKind.CHOICE, [str(member.value) for member in type(default)]
    if typing.get_origin(declared) is typing.Literal:
        return KnobKind.CHOICE, [str(choice) for choice in typing.get_args(declared)]
    if isinstance(default, list | tuple):
        plain = bool(default) and all(is_plain(item) and not isinstance(item, enum.Enum) for item in default)
        return (KnobKind.LIST if plain else None), []
    if default is None:
        wanted = [part for part in typing.get_args(declared) if part is not type(None)]
        kinds: dict[Any, KnobKind] = {int: KnobKind.INTEGER, float: KnobKind.NUMBER, str: KnobKind.TEXT}
        return (kinds.get(wanted[0]) if wanted else None), []
    if isinstance(default, bool):
        return KnobKind.FLAG, []
    if isinstance(default, int | float):
        return (KnobKind.NUMBER if float in (declared, type(default)) else KnobKind.INTEGER), []
    return (KnobKind.TEXT if isinstance(default, str) else None), []


def _attributes(curriculum: Any) -> list[tuple[Any, list[str]]]:
    """Each attribute of a curriculum with the settings it governs."""
    found = []
    for attribute in curriculum.attributes.values():
        fields = [getattr(attribute, name, None) for name in ("field_name", "lower_field_name", "upper_field_name")]
        found.append((attribute, [field for field in fields if field]))
    return found


def _help_texts(family: str) -> dict[str, str]:
    if family not in CURRICULA:
        return {}
    attributes = _attributes(CURRICULA[family]())
    return {field: attribute.description or "" for attribute, fields in attributes for field in fields}


def _levels(family: str, names: set[str]) -> list[dict[str, Any]]:
    """From easy to hard, the knobs that each level of the family's curriculum sets."""
    if family not in CURRICULA:
        return []
    curriculum = CURRICULA[family]()
    attributes = _attributes(curriculum)
    fields = {field for _, fields in attributes for field in fields} & names
    levels = []
    for level in range(min(MAX_LEVELS, max((len(attribute.levels) for attribute, _ in attributes), default=0))):
        for attribute, _ in attributes:
            curriculum.set_attr_level(attribute.name, min(level, len(attribute.levels) - 1))
        config = curriculum.generate_configuration()
        values = {field: getattr(config, field) for field in sorted(fields)}
        levels.append({name: list(value) if isinstance(value, tuple) else value for name, value in values.items()})
    return levels


def _example(made: Mapping[str, Any]) -> dict[str, Any]:
    """A problem of the package as the fields of core.problems.procedural.Example."""
    answer = made["answer"]
    kept = {"metadata": made["metadata"]} if answer is None or isinstance(answer, str) else {**made}
    kept.pop("question", None)
    return {
        "question": str(made["question"]),
        "answer": None if answer is None else str(answer),
        "entry": pack(kept),
    }


if __name__ == "__main__":
    serve(int(sys.argv[1]), Desk().answer, MEMORY_BYTES)
