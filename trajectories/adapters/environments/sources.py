"""Our own modules on their way into a package: which of them some modules need, under the package's own name."""

import ast
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OURS = "trajectories"
ENTRIES = (
    "trajectories.adapters.environments.scoring",
    # Started by name, as processes of their own.
    "trajectories.adapters.expressions.worker",
    "trajectories.adapters.procedural.worker",
)
"""What a package made of a release calls; everything that these import comes along."""

_NAME = re.compile(rf"\b{OURS}\.(?=(?:adapters|core)\b)")


@cache
def own_sources() -> Mapping[str, str]:
    """The text of each module that ENTRIES need, by its path below the package's folder: "core/records.py".

    A package whose `__init__` nobody imports from comes with an empty one, so that it drags nothing else along.
    """
    needed, parents = _needed(ENTRIES)
    sources = {_path_below(module): module.read_text(encoding="utf-8") for module in needed}
    for parent in parents:
        sources.setdefault(_path_below(parent), "")
    return dict(sorted(sources.items()))


def renamed(source: str, package: str) -> str:
    """A module's text as part of another package."""
    return _NAME.sub(f"{package}.", source)


def _needed(entries: Iterable[str]) -> tuple[set[Path], set[Path]]:
    """Files that are imported, and files of the packages above them."""
    files: set[Path] = set()
    parents: set[Path] = set()
    waiting = [_file_of(entry) for entry in entries]
    while waiting:
        file = waiting.pop()
        if file is None or file in files:
            continue
        files.add(file)
        parents |= {folder / "__init__.py" for folder in file.parents if folder.is_relative_to(ROOT / OURS)}
        waiting += [_file_of(name) for name in _imported(ast.parse(file.read_text(encoding="utf-8")))]
    return files, parents - files - {ROOT / OURS / "__init__.py"}


def _imported(tree: ast.AST) -> set[str]:
    """The names of our modules that a module imports; where it imports a module of a package, not that package."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in inner if name.startswith(f"{OURS}.") and _file_of(name) is not None}
            names |= modules if modules == inner else {node.module, *modules}
    return {name for name in names if name.startswith(f"{OURS}.")}


def _file_of(name: str) -> Path | None:
    """The file of a module, None where that is no module."""
    base = ROOT.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _path_below(file: Path) -> str:
    return file.relative_to(ROOT / OURS).as_posix()
