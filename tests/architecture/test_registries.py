"""What is registered is named in few places: whoever adds a member follows a recipe of at most four files.

A file names a member where it imports its module, or says its name between quotes. Names that are a word of every day,
such as "text" or "json", are looked for by their module alone.
"""

import re
from functools import cache

import pytest

from tests.architecture.test_files import named, text
from trajectories.adapters.training import TRAINERS
from trajectories.core.agents import AGENTS
from trajectories.core.exporters import EXPORTERS
from trajectories.core.generation import GENERATORS
from trajectories.core.importers.trace_files import SHAPES
from trajectories.core.records import ProblemKind
from trajectories.core.strategies import STRATEGIES
from trajectories.core.verifiers import VERIFIERS
from trajectories.core.worlds import WORLDS

MOST = 4
"""Files of the product that a member is named in, its own and that of its registry among them."""

WIDER = {
    # A program of an ARC task is verified on its pairs, and what it then gave is shown, counted and learnt from.
    "arc_answer": 7,
    "arc_test": 11,
    "arc_train": 10,
    # Formats that the product's own trainers read, and that tell how they are loaded.
    "sft-messages": 5,
    "sft-prompt-completion": 5,
    # It is shown on a card, loaded by a script and configured for a trainer in ways of its own.
    "step-values": 5,
    # What presets and campaigns begin with.
    "rationalise": 5,
    # It makes tasks without a model, of tasks that are there: plans, forms and the page of neighbours tell it apart.
    "arc_augmented": 9,
}
"""Members that are named more often, and why. None of the numbers grows."""

KINDS = {"arc": 18, "numeric": 9, "choice": 6, "text": 10, "procedural": 6, "environment": 5}
"""So many files name a kind of problem that was there before kinds were objects; a new one is named in MOST."""


def members():
    """(name, module of its class) of what is registered."""
    registries = (VERIFIERS, STRATEGIES, EXPORTERS, TRAINERS, GENERATORS, AGENTS, WORLDS)
    for registry in registries:
        for name, member in registry.items():
            yield name, (member if isinstance(member, type) else type(member)).__module__


MEMBERS = dict(members())


@cache
def product() -> dict[str, str]:
    """The files of the product, by their names."""
    files = [*named(".py", ".html", ".js", under="trajectories/"), *named(".html", ".js", under="templates/")]
    files += named(".js", under="static/trajectories/js/")
    return {name: text(name) for name in files if "/migrations/" not in name}


@cache
def said() -> dict[str, set[str]]:
    """What each file names: the modules that it imports from, what it imports, as MODULE.NAME, the texts between quotes
    and kinds of problems."""
    found = {}
    for name, content in product().items():
        imports = re.findall(r"^ *from (trajectories[\w.]+) import (?:\(([^)]*)\)|([^\n(]*))", content, re.MULTILINE)
        names = {f"{module}.{each}" for module, *lists in imports for each in re.findall(r"\w+", " ".join(lists))}
        quoted = set(re.findall(r"""["']([\w-]+)["']""", content))
        found[name] = (
            names | {module for module, *_ in imports} | quoted | set(re.findall(r"ProblemKind\.\w+", content))
        )
    return found


def places(*words: str) -> set[str]:
    return {name for name, named_there in said().items() if not named_there.isdisjoint(words)}


def of_member(name: str, module: str) -> set[str]:
    quoted = [name] if re.search(r"[-_]", name) or name in WIDER else []
    return places(module, *quoted) | {f"{module.replace('.', '/')}.py"}


def test_members_are_found_where_they_are():
    assert len(MEMBERS) > 50
    assert {f"trajectories/core/strategies/{name}.py" for name in ("__init__", "until_solved")} <= of_member(
        "until-solved", MEMBERS["until-solved"]
    )
    assert set(WIDER) <= set(MEMBERS)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_is_named_in_few_files(name):
    found = of_member(name, MEMBERS[name])
    assert 2 <= len(found) <= WIDER.get(name, MOST), sorted(found)


@pytest.mark.parametrize("kind", ProblemKind)
def test_a_kind_of_problem_is_named_in_few_files(kind):
    found = places(f"ProblemKind.{kind.name}")
    assert 1 <= len(found) <= KINDS.get(kind.value, MOST), sorted(found)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_of_rows_is_read_in_one_room(shape):
    """Only other shapes and the table of shapes know how its rows are told apart."""
    found = places(f"{shape.is_one.__module__}.{shape.is_one.__name__}")
    assert "trajectories/core/importers/trace_files.py" in found
    assert all(place.startswith("trajectories/core/importers/") for place in found), found
    assert len(found) < MOST
