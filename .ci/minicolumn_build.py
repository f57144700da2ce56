"""The build backend (PEP 517, PEP 660): what `pip install .` makes a wheel with. It needs nothing but Python.

The packages go in as they are. What lies beside them and is read at run time (templates, static files) goes
into `minicolumn/site/`, which webapp.environment finds where there is no checkout.
"""

import base64
import csv
import hashlib
import io
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("minicolumn", "trajectories", "webapp")
SITE = ("templates", "static", "manage.py", "requirements-sandbox.txt")
"""What is read at run time beside the packages."""
SOURCES = (*PACKAGES, *SITE, "pyproject.toml", "README.md", ".ci/minicolumn_build.py")
MADE_AT = (2020, 1, 1, 0, 0, 0)
"""The time of every file in a wheel: the same sources make the same wheel."""
LEFT_OUT = {"__pycache__"}
WHEEL = "Wheel-Version: 1.0\nGenerator: minicolumn_build\nRoot-Is-Purelib: true\nTag: {tag}\n"


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None) -> str:  # noqa: ARG001
    """Write the wheel; its file name."""
    contents: dict[str, bytes] = {}
    for package in PACKAGES:
        contents |= {name: path.read_bytes() for name, path in _files(package)}
    for part in SITE:
        contents |= {f"minicolumn/site/{name}": path.read_bytes() for name, path in _files(part)}
    return _write(Path(wheel_directory), contents)


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None) -> str:  # noqa: ARG001
    """Write a wheel that leads to this checkout; its file name."""
    return _write(Path(wheel_directory), {"minicolumn.pth": f"{ROOT}\n".encode()})


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:  # noqa: ARG001
    """Write an archive of the sources that a wheel is made of; its file name."""
    project = _project()
    top = f"{project['name']}-{project['version']}"
    with tarfile.open(Path(sdist_directory) / f"{top}.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, f"{top}/PKG-INFO", _metadata(project).encode())
        for part in SOURCES:
            for name, path in _files(part):
                _add(archive, f"{top}/{name}", path.read_bytes())
    return f"{top}.tar.gz"


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))


def _files(part: str) -> Iterator[tuple[str, Path]]:
    """(name from the root, path) of a file, or of every file below a folder, in order of names."""
    start = ROOT / part
    for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
        name = path.relative_to(ROOT)
        if path.is_file() and not LEFT_OUT & set(name.parts) and path.suffix != ".pyc":
            yield name.as_posix(), path


def _project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def _write(folder: Path, contents: Mapping[str, bytes]) -> str:
    project = _project()
    name = f"{project['name']}-{project['version']}"
    info = f"{name}.dist-info"
    tag = "py3-none-any"
    commands = "".join(f"{word} = {target}\n" for word, target in project["scripts"].items())
    described = {
        f"{info}/METADATA": _metadata(project).encode(),
        f"{info}/WHEEL": WHEEL.format(tag=tag).encode(),
        f"{info}/entry_points.txt": f"[console_scripts]\n{commands}".encode(),
    }
    everything = {**contents, **described}
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for path, content in everything.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([path, f"sha256={digest}", len(content)])
    rows.writerow([f"{info}/RECORD", "", ""])
    file = f"{name}-{tag}.whl"
    with zipfile.ZipFile(folder / file, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in {**everything, f"{info}/RECORD": record.getvalue().encode()}.items():
            entry = zipfile.ZipInfo(path, MADE_AT)
            entry.external_attr, entry.compress_type = 0o100644 << 16, zipfile.ZIP_DEFLATED
            wheel.writestr(entry, content)
    return file


def _metadata(project: Mapping[str, Any]) -> str:
    """The core metadata of the project, from pyproject.toml."""
    lines = [
        "Metadata-Version: 2.3",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {each}" for each in project["dependencies"]),
    ]
    for extra, needed in project["optional-dependencies"].items():
        lines += [f"Provides-Extra: {extra}", *(f'Requires-Dist: {each} ; extra == "{extra}"' for each in needed)]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])
