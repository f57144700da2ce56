"""Draws docs/architecture.md from the imports, so that the pictures cannot lie: `python docs/draw_rooms.py`."""

import ast
import sys
from pathlib import Path

import grimp
from room_names import Used, up_to, used_names

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs/architecture.md"
FLOORS = (
    ("urls", "addresses"),
    ("views", "pages"),
    ("admin", "the admin's pages"),
    ("management", "commands"),
    ("tasks", "what Celery runs"),
    ("forms", "what people type"),
    ("charts", "the figures that are drawn"),
    ("templatetags", "what templates need"),
    ("services", "everything that changes something"),
    ("selectors", "everything that reads"),
    ("models", "tables"),
    ("adapters", "the outside world"),
    ("stand_ins", "stand-ins for the outside world"),
    ("core", "pure functions and records"),
)
"""The layers from the top, as pyproject.toml holds them to be, and what each is for."""

HEAD = """# Architecture

Layers from the top to the bottom; an arrow means "imports", and none leads up. Within a layer each package is a room
for one concept, and rooms form no circle either: import-linter holds both (`make contracts`). An arrow that follows
from others is left out. Words are explained in [glossary.md](glossary.md).

Rooms know few names of each other: the tables tell how many of a room's classes, functions and constants the rooms
beside it import, and how many everything else does, to the next ten. `tests/architecture/test_rooms.py` holds the most
that one room may know of another, and that a name is imported from outside by one address.

The [recipes](#recipes) at the end say how to add a verifier, a strategy, an exporter, an importer, a kind of job and a
kind of problem. Everything between is drawn by `python docs/draw_rooms.py` from the imports and from the packages' own
first sentences (the recipes from `docs/recipes.md`); a test holds that it is up to date.
"""


def first_sentence(package: str) -> str:
    """What a package says of itself; "" where it says nothing."""
    tree = ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n")[0]


def reduced(arrows: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The arrows that do not follow from others, of arrows without a circle: all that a reader needs to see."""
    below: dict[str, set[str]] = {}
    for start, end in arrows:
        below.setdefault(start, set()).add(end)

    def reached(start: str, skipped: str) -> set[str]:
        found: set[str] = set()
        waiting = [each for each in below.get(start, ()) if each != skipped]
        while waiting:
            if (each := waiting.pop()) not in found:
                found.add(each)
                waiting += below.get(each, ())
        return found

    return sorted((start, end) for start, end in arrows if end not in reached(start, end))


def arrows_between(graph: grimp.ImportGraph, parent: str) -> tuple[list[str], set[tuple[str, str]]]:
    """The packages and modules right below `parent`, and which of them imports which."""
    children = sorted(graph.find_children(parent))
    homes = {module: child for child in children for module in {child, *graph.find_descendants(child)}}
    arrows = {
        (homes[module], homes[imported])
        for module in homes
        for imported in graph.find_modules_directly_imported_by(module)
        if imported in homes and homes[imported] != homes[module]
    }
    return children, arrows


def picture(graph: grimp.ImportGraph, parent: str, shown: set[str] | None = None) -> str:
    """A Mermaid chart of what is right below a package."""
    children, arrows = arrows_between(graph, parent)
    names = {child: child.rpartition(".")[2] for child in children}
    kept = {(a, b) for a, b in arrows if shown is None or {names[a], names[b]} <= shown}
    lines = [f"  {names[start]} --> {names[end]}" for start, end in reduced(kept)]
    joined = {names[each] for arrow in kept for each in arrow}
    lines += [f"  {name}" for name in names.values() if name not in joined and (shown is None or name in shown)]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def table(graph: grimp.ImportGraph, parent: str) -> str:
    """The rooms of a package with what each says of itself, and by how many names it is used from outside."""
    layer = parent.rpartition(".")[2]
    rooms = [each for each in sorted(graph.find_children(parent)) if graph.find_children(each)]
    rows = []
    for room in rooms:
        name = room.rpartition(".")[2]
        used = used_names().get((layer, name), Used())
        beside, elsewhere = up_to(len(used.of_rooms)), up_to(len(used.by_layers))
        rows.append(f"| `{name}/` | {first_sentence(room)} | {beside} | {elsewhere} |")
    head = "| room | what is in it | names that rooms beside it import | names that other layers import |"
    return "\n".join([head, "|---|---|---|---|", *rows])


def drawn() -> str:
    """The whole page."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph("trajectories", cache_dir=None)
    floors = "\n".join(["| layer | what it is |", "|---|---|", *(f"| `{name}` | {words} |" for name, words in FLOORS)])
    shown = {name for name, _ in FLOORS}
    parts = [HEAD, "## Layers\n", floors, "", picture(graph, "trajectories", shown)]
    for title, parent in (("services", "trajectories.services"), ("core", "trajectories.core")):
        parts += [f"\n## Rooms of `{title}`\n", table(graph, parent), "", picture(graph, parent)]
    recipes = (ROOT / "docs/recipes.md").read_text(encoding="utf-8").rstrip("\n")
    return "\n".join([*parts, "\n## Recipes\n", recipes]) + "\n"


if __name__ == "__main__":
    TARGET.write_text(drawn(), encoding="utf-8")
