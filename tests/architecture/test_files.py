"""Rules that no linter knows."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 400
LONGEST_HTML_LINE = 160
ICON = re.compile(r"""\{% icon "([a-z-]+)" %\}""")
LAYERS = (
    "core",
    "adapters",
    "stand_ins",
    "models",
    "selectors",
    "services",
    "tasks",
    "api",
    "forms",
    "templatetags",
    "views",
    "management",
)
LOOSE = {
    "services": ("locks", "rows", "submissions", "tallies", "texts"),
    "core": ("faults", "identity", "records", "selections", "stored_values"),
}
"""Modules that belong to no room: what all rooms share."""
LOCKS = (
    *("requirements.txt", "requirements-dev.txt", "requirements-procedural.txt", "requirements-sandbox.txt"),
    *("requirements-training.txt", "requirements-training-cards.txt"),
)
MARKED_SAFE = {f"trajectories/templatetags/{name}.py" for name in ("markup", "grids", "shares")}
"""Where text becomes markup: what these return has passed the sanitiser or was written by us."""


@cache
def tracked() -> list[str]:
    """What git knows; a copy without git has only what was tracked."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split("\0") if listed.returncode == 0 else [str(p.relative_to(ROOT)) for p in _walk(ROOT)]
    return sorted(name for name in names if name and (ROOT / name).is_file())


def _walk(folder: Path) -> list[Path]:
    skipped = {"var", "__pycache__"}
    inside = [path for path in folder.iterdir() if not path.name.startswith(".") and path.name not in skipped]
    return [found for path in inside for found in (_walk(path) if path.is_dir() else [path])]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def named(*endings: str, under: str = "") -> list[str]:
    return [name for name in tracked() if name.endswith(endings) and name.startswith(under)]


def concepts(layer: str) -> set[str]:
    """What the modules and packages of a layer are named after, at any depth."""
    inside = [Path(name).relative_to(f"trajectories/{layer}") for name in named(".py", under=f"trajectories/{layer}/")]
    return {part for path in inside for part in path.with_suffix("").parts} - {"__init__", "base"}


def test_no_file_is_longer_than_a_reader_keeps_in_mind():
    folders = ("trajectories/", "webapp/", "tests/", "benchmarks/", "docs/")
    sources = [name for folder in folders for name in named(".py", under=folder)]
    lengths = {name: text(name).count("\n") for name in sources if "/migrations/" not in name}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_folder_of_modules_is_a_package():
    """A folder without `__init__.py` is a namespace that no contract between layers sees."""
    modules = {Path(name) for name in [*named(".py", under="trajectories/"), *named(".py", under="webapp/")]}
    assert {str(path.parent) for path in modules if path.parent / "__init__.py" not in modules} == set()


@pytest.mark.parametrize(("layer", "loose"), LOOSE.items())
def test_every_module_has_a_room(layer, loose):
    """One knows one's floor by the layer, and one's room by the package: a flat layer of fifty files tells nobody."""
    inside = [Path(name).relative_to(f"trajectories/{layer}") for name in named(".py", under=f"trajectories/{layer}/")]
    assert {path.stem for path in inside if len(path.parts) == 1} - {"__init__"} <= set(loose)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_test_file_is_named_after_what_it_tests(layer):
    names = {
        Path(name).stem.removeprefix("test_") for name in named(".py", under=f"tests/{layer}/") if "/test_" in name
    }
    allowed = concepts(layer) | {"contract"}
    if layer == "views":  # pages are tested there with what they are made of
        allowed |= {Path(name).stem for name in named(".html", ".js", ".css")} | concepts("templatetags") | {"errors"}
    assert {name for name in names if not any(concept in name for concept in allowed)} == set()


def test_a_concept_keeps_its_name_from_task_to_service():
    assert concepts("tasks") <= concepts("services")


def test_a_concept_keeps_its_name_from_view_to_template():
    folders = {Path(name).parts[2] for name in named(".html", under="templates/trajectories/") if name.count("/") > 2}
    assert folders <= concepts("views") | concepts("api")


@pytest.mark.parametrize("name", named(".html", under="templates/"))
def test_pages_carry_no_style_or_script_of_their_own(name):
    """The content policy would block it, in front of the user."""
    page = text(name)
    assert re.findall(r"<style\b|\sstyle\s*=", page) == []
    assert re.findall(r"<script\b(?![^>]*\bsrc=)[^>]*>", page) == []
    assert re.findall(r"\son[a-z]+\s*=\s*[\"']|javascript:", page) == []


def test_only_the_sanitiser_marks_text_as_safe():
    assert [name for name in named(".html") if re.search(r"\|\s*safe(seq)?\b|autoescape\s+off", text(name))] == []
    marking = {name for name in named(".py", under="trajectories/") if "mark_safe" in text(name)}
    assert marking <= MARKED_SAFE


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_hashed(name):
    entries = re.sub(r"\\\n", " ", text(name))
    packages = [line for line in entries.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(packages) > 1
    assert [line.split()[0] for line in packages if not re.match(r"[\w.\[\]-]+==\S+", line)] == []
    assert [line.split()[0] for line in packages if "--hash=sha256:" not in line] == []


def test_no_file_names_a_package_index():
    words = [r"--(extra-)?index-url", r"--find-links", r"--trusted-host", r"py" + r"pi\.org", r"pythonhosted\.org"]
    words += [r"registry\." + r"npmjs", r"https?://[^\s\"']*/simple\b", r"/opt/" + r"py" + r"pi", r"/opt/" + r"wheels"]
    pattern = re.compile("|".join(words))
    here = str(Path(__file__).relative_to(ROOT))
    assert [name for name in tracked() if name != here and pattern.search(text(name))] == []


def test_every_icon_of_a_page_is_one_of_the_sprite():
    drawn = set(re.findall(r'id="([a-z-]+)"', text("static/trajectories/icons/sprite.svg")))
    used = {(name, icon) for name in named(".html", under="templates/") for icon in ICON.findall(text(name))}
    assert len(used) > 100
    assert {(name, icon) for name, icon in used if icon not in drawn} == set()


def test_lines_of_pages_fit_a_screen():
    lines = [(name, line) for name in named(".html", under="templates/") for line in text(name).splitlines()]
    assert len(lines) > 1000
    assert [f"{name}: {line[:60]}" for name, line in lines if len(line) > LONGEST_HTML_LINE] == []
