"""Counts the names by which rooms are used from outside: what `draw_rooms.py` publishes and a test bounds."""

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMED = ("services", "core", "adapters", "selectors", "views")
"""The layers whose packages are rooms."""


@dataclass
class Used:
    """The names of one room that modules outside of it import, each as MODULE.NAME below the room.

    `by_rooms` has those that other rooms of its layer import, by the room that does; `by_layers` those that anything
    else imports. `ways` are the modules, below the room, by which each thing is imported from outside.
    """

    by_rooms: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_layers: set[str] = field(default_factory=set)
    ways: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def of_rooms(self) -> set[str]:
        """All that other rooms of the layer import."""
        return set().union(*self.by_rooms.values())


def _modules() -> dict[str, ast.Module]:
    """Every module of the product but migrations, by its dotted name."""
    found = {}
    for path in sorted((ROOT / "trajectories").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if "migrations" not in parts:
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def _imports(tree: ast.Module) -> list[tuple[str, str]]:
    """(module, name) of each `from trajectories... import name`, wherever it stands."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return [(node.module or "", alias.name) for node in nodes for alias in node.names]


def _room_of(module: str) -> tuple[str, str] | None:
    """Layer and room of a module; None for one that is in no room."""
    parts = module.split(".")
    is_in_room = len(parts) > 2 and parts[0] == "trajectories" and parts[1] in ROOMED
    return (parts[1], parts[2]) if is_in_room and (ROOT.joinpath(*parts[:3])).is_dir() else None


@cache
def used_names() -> dict[tuple[str, str], Used]:
    """What is imported from each room, by layer and room, in alphabetical order."""
    trees = _modules()
    imports = {module: _imports(tree) for module, tree in trees.items()}
    passed_on = {module: {name: source for source, name in found} for module, found in imports.items()}

    def home(module: str, name: str) -> str:
        """The module that makes a name which may only be passed on by `module`."""
        while (source := passed_on.get(module, {}).get(name)) is not None and source.startswith("trajectories."):
            module = source
        return module

    rooms: dict[tuple[str, str], Used] = {}
    for importer, found in imports.items():
        for module, name in found:
            room = _room_of(f"{module}.{name}" if f"{module}.{name}" in trees else module)
            own = _room_of(importer)
            if room is None or own == room:
                continue
            used = rooms.setdefault(room, Used())
            below = ".".join([*module.split(".")[3:], name])
            if own is not None and own[0] == room[0]:
                used.by_rooms[own[1]].add(below)
            else:
                used.by_layers.add(below)
            used.ways[home(module, name), name].add(module)
    return dict(sorted(rooms.items()))


def up_to(count: int) -> str:
    """A count as the next multiple of ten, so that the page does not change with every import."""
    return f"≤ {-(-count // 10) * 10}" if count else "none"
