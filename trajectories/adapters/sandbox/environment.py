"""The interpreter that runs inside bubblewrap, and the minimal environment with numpy and scipy made for it.

`python -m trajectories.adapters.sandbox.environment FOLDER REQUIREMENTS` makes the environment; a second call with the
same requirements does nothing.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from trajectories.core.identity import text_hash

PACKAGES = ("numpy", "scipy")
STAMP = "requirements.sha256"

_DESCRIBE = """
import importlib.metadata, json, os, sys, sysconfig
print(json.dumps({
    "executable": os.path.realpath(sys.executable),
    "folders": [sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix, "base": sys.base_prefix}),
                sysconfig.get_path("platstdlib", vars={"installed_platbase": sys.base_exec_prefix,
                                                       "platbase": sys.base_exec_prefix})],
    "site": sysconfig.get_path("purelib") if sys.prefix != sys.base_prefix else "",
    "library": os.path.join(sysconfig.get_config_var("LIBDIR") or "", sysconfig.get_config_var("INSTSONAME") or ""),
    "multiarch": sysconfig.get_config_var("MULTIARCH") or "",
    "version": "%d.%d.%d" % sys.version_info[:3],
    "packages": {found.name: found.version for found in importlib.metadata.distributions()},
}))
"""


@dataclass(frozen=True, slots=True, eq=False)
class SandboxPython:
    """An interpreter and all it needs from the file system.

    `folders` are mounted where they are on the host; `site` (its packages, or None) is mounted elsewhere.
    """

    executable: Path
    folders: tuple[Path, ...]
    site: Path | None
    library_folder: Path | None
    versions: Mapping[str, str]
    """Of the interpreter itself (CPython), numpy and scipy, as far as they are there."""


def describe_python(environment: Path | None) -> SandboxPython:
    """The interpreter of a virtual environment or, without one, the application's own with no packages at all.

    Raises OSError or subprocess.CalledProcessError where the environment has no working interpreter.
    """
    own = Path(sys.executable) if environment is None else environment / "bin" / "python"
    return _describe(own, with_packages=environment is not None)


@cache
def _describe(python: Path, *, with_packages: bool) -> SandboxPython:
    answer = subprocess.run([python, "-I", "-c", _DESCRIBE], check=True, capture_output=True, text=True, timeout=60)
    facts = json.loads(answer.stdout)
    library = Path(facts["library"])
    shared = library if facts["library"] and library.is_file() else None
    packages = facts["packages"] if with_packages else {}
    site = Path(facts["site"]) if facts["site"] and with_packages else None
    candidates = [*map(Path, facts["folders"]), *_system_libraries(facts["multiarch"])]
    folders = [path for path in dict.fromkeys(candidates) if path.is_dir()]
    if shared is not None:
        folders.append(shared.resolve())
    return SandboxPython(
        executable=Path(facts["executable"]),
        folders=tuple(folders),
        site=site,
        library_folder=None if shared is None else shared.resolve().parent,
        versions={"CPython": facts["version"], **{name: packages[name] for name in PACKAGES if name in packages}},
    )


def _system_libraries(multiarch: str) -> list[Path]:
    """Where the loader and the C libraries are: Debian's layout, and that of systems without multiarch."""
    roots = [Path("/lib"), Path("/usr/lib"), Path("/lib64"), Path("/usr/lib64")]
    if multiarch and (Path("/usr/lib") / multiarch).is_dir():
        return [Path("/lib") / multiarch, Path("/usr/lib") / multiarch, Path("/lib64"), Path("/usr/lib64")]
    return roots


def create_environment(folder: Path, requirements: Path) -> bool:
    """Make or renew the environment. Returns whether there was anything to do.

    Raises subprocess.CalledProcessError where making it failed; the next call starts anew.
    """
    wanted = text_hash(requirements.read_text(encoding="utf-8") + sys.version)
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return False
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    _install(folder / "bin" / "python", requirements)
    stamp.write_text(wanted, encoding="ascii")
    return True


def _install(python: Path, requirements: Path) -> None:
    """Install what the file names: with uv where it is there and gets through, else with pip, which is slower."""
    options = ["--quiet", "--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements)]
    if find_spec("uv") is not None:
        command = [sys.executable, "-m", "uv", "pip", "install", "--no-config", "--python", str(python), *options]
        if subprocess.run(command, check=False).returncode == 0:
            return
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", *options]
    subprocess.run(pip, check=True, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})


def main(arguments: list[str]) -> int:
    """The command line; exit code 2 for wrong arguments."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m trajectories.adapters.sandbox.environment FOLDER REQUIREMENTS\n")
        return 2
    folder, requirements = map(Path, arguments)
    made = create_environment(folder, requirements)
    sys.stdout.write(f"{folder}: {'installed' if made else 'up to date'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
