"""How a child with a model is started: by bubblewrap, without network and with the folders it needs and no others."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from trajectories.adapters.local_models.environment import ModelEnvironment

ROOT = Path(__file__).resolve().parents[3]
INSIDE = Path(__file__).with_name("inside")
PACKAGE = "trajectories.adapters.local_models.inside"
SOURCES = "/program"
SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
CARDS = ("/dev/nvidia*", "/dev/dri", "/dev/kfd")
PROBE_SECONDS = 60


def child_command(
    environment: ModelEnvironment, module: str, arguments: Sequence[str], reads: Sequence[Path], writes: Sequence[Path]
) -> tuple[list[str], bool]:
    """(command line of a child, whether it is enclosed). It runs a module of `inside`, and may read and write what is
    in these folders and files.

    Where bubblewrap does not work here, the child refuses Python's own connections and nothing more.
    """
    program = ["-s", "-B", "-m", f"{PACKAGE}.{module}", *arguments]
    if not can_enclose(environment):
        return [str(environment.python), *program], False
    return [*_enclosure(environment, reads, writes), str(environment.python), *program], True


def child_variables(*, enclosed: bool, threads: int) -> dict[str, str]:
    """The whole environment of a child: no key and no address of the product is in it."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "PYTHONPATH": SOURCES if enclosed else str(ROOT),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **{name: os.environ[name] for name in ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH") if name in os.environ},
    }


@cache
def can_enclose(environment: ModelEnvironment) -> bool:
    """Whether bubblewrap shuts the environment's interpreter in on this machine: tried once."""
    if shutil.which("bwrap") is None:
        return False
    command = [*_enclosure(environment, [], []), str(environment.python), "-s", "-c", "import ctypes, socket, ssl"]
    try:
        done = subprocess.run(command, env={}, capture_output=True, check=False, timeout=PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _enclosure(environment: ModelEnvironment, reads: Sequence[Path], writes: Sequence[Path]) -> list[str]:
    """bwrap with namespaces of its own, no capabilities and a root made of what is named; only `writes` and /tmp can be
    written to."""
    python = environment.python.resolve()
    arguments = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
    arguments += ["--cap-drop", "ALL", "--hostname", "models"]
    for name in (*SYSTEM, str(python.parent.parent / "lib"), str(python.parent)):
        arguments += ["--ro-bind-try", name, name]
    arguments += ["--ro-bind", str(INSIDE), f"{SOURCES}/{PACKAGE.replace('.', '/')}"]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for pattern in CARDS:
        for device in sorted(Path("/").glob(pattern.removeprefix("/"))):
            arguments += ["--dev-bind-try", str(device), str(device), "--ro-bind-try", "/sys", "/sys"]
    # After /tmp, which may be what they are in.
    for path in (environment.folder.absolute(), *(each.absolute() for each in reads)):
        arguments += ["--ro-bind", str(path), str(path)]
    for path in (each.absolute() for each in writes):
        arguments += ["--bind", str(path), str(path)]
    return [*arguments, "--chdir", "/tmp"]
