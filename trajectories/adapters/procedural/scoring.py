"""Scoring answers with the families' own scorers: runs inside the sandbox, where there is one, and imports little.

Some of these scorers evaluate the answer as Python: see core.problems.procedural_families.
"""

import dataclasses
import enum
import json
import math
import random
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy
import reasoning_gym
from reasoning_gym.factory import DATASETS

from trajectories.adapters.procedural.packing import unpack

KEPT = 8
"""Datasets that are kept for the next request: some take half a second to make."""

_kept: OrderedDict[str, Any] = OrderedDict()


def warm_up() -> None:
    """Nothing: importing the package is what takes long."""


def prepare(shared: Mapping[str, Any]) -> Any:
    """The dataset that scores for `family` with `knobs`, or the exception that making it raised."""
    key = json.dumps([shared["family"], shared["knobs"]], sort_keys=True)
    if key not in _kept:
        try:
            _kept[key] = make_dataset(shared["family"], shared["knobs"], seed=0, size=1)
        except Exception as fault:
            return fault
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key]


def answer(prepared: Any, rest: Mapping[str, Any]) -> dict[str, Any]:
    """{"value": score} of an `answer` to the problem of the packed `entry`, or {"fault": text}."""
    try:
        if isinstance(prepared, Exception):
            raise prepared
        seed_generators("score")
        score = float(prepared.score_answer(rest["answer"], unpack(rest["entry"])))
    except (AssertionError, ValueError) as fault:
        return {"fault": str(fault)[:300] or "the family refuses these settings"}
    except MemoryError:
        return {"fault": "scoring took too much memory"}
    except Exception as fault:
        return {"fault": f"{type(fault).__name__}: {fault}"[:300]}
    return {"value": score} if math.isfinite(score) else {"fault": "the score is no number"}


def make_dataset(family: str, knobs: Mapping[str, Any], *, seed: int, size: int) -> Any:
    """A dataset of the package. Raises ValueError for an unknown family, and what its settings raise."""
    if family not in DATASETS:
        raise ValueError(f"there is no family {family}")
    defaults = default_settings(DATASETS[family][1])
    values = {name: _like(defaults[name], value) for name, value in knobs.items()}
    seed_generators(seed)
    return reasoning_gym.create_dataset(family, seed=seed, size=size, **values)


def seed_generators(*parts: int | str) -> None:
    """Seed the generators that all of Python shares: not every family draws from one of its own."""
    random.seed("/".join(map(str, parts)))
    numpy.random.seed(random.getrandbits(32))


def default_settings(config_class: Any) -> dict[str, Any]:
    """The values that a family's settings have unless told otherwise."""
    made = config_class()
    return {field.name: getattr(made, field.name) for field in dataclasses.fields(config_class)}


def _like(default: Any, value: Any) -> Any:
    """A JSON value as the type that the family's code expects."""
    if isinstance(default, enum.Enum):
        return type(default)(value)
    return tuple(value) if isinstance(default, tuple) else value
