"""What `pip install minicolumn` gives: the wheel, with the command and the client in it, without a checkout."""

import os
import re
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.architecture.test_files import named
from tests.management.test_up import Installation
from tests.worker import ROOT


class Installed(Installation):
    """`minicolumn up` of a wheel, in a virtual environment of its own, from a folder with nothing in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "var")
        self.folder = folder
        self.bin = folder / "environment" / "bin"

    def install(self) -> Path:
        """Build the wheel and install it beside the packages that the tests have; the wheel."""
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        offline = ["--no-deps", "--no-index", "--quiet"]
        subprocess.run(
            [*pip, "wheel", *offline, "--no-build-isolation", "-w", self.folder, ROOT], check=True, cwd=self.folder
        )
        (wheel,) = self.folder.glob("minicolumn-*.whl")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.folder / "environment"], check=True)
        (site,) = (self.folder / "environment").glob("lib/*/site-packages")
        (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
        subprocess.run([*pip, "--python", self.bin / "python", "install", *offline, wheel], check=True)
        return wheel

    def command(self) -> dict[str, object]:
        hidden = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        environment |= {"MINICOLUMN_VAR": str(self.var), "PORT": str(self.port), "WORKER_PROCESSES": "1"}
        return {"args": [self.bin / "minicolumn", "up"], "cwd": self.folder, "env": environment}


@pytest.fixture
def installed(new_folder):
    made = Installed(new_folder())
    yield made
    made.clear()


@pytest.mark.long
def test_a_wheel_is_installed_and_serves_its_pages(installed):
    wheel = installed.install()
    inside = set(zipfile.ZipFile(wheel).namelist())
    read_at_run_time = [*named(".html", under="templates/"), *named(".css", ".js", ".svg", under="static/")]
    assert {f"minicolumn/site/{name}" for name in read_at_run_time} <= inside
    assert set(named(".py", under="trajectories/")) <= inside
    assert not any(name.startswith(("tests/", "docs/", "var/")) for name in inside)
    installed.start()
    with urllib.request.urlopen(f"http://127.0.0.1:{installed.port}/login/") as answer:
        page = answer.read().decode()
    style = re.findall(r'href="(/static/[^"]+\.css)"', page)[0]
    assert installed.status(style) == 200
    code = "import minicolumn, trajectories; print(minicolumn.Client.__module__, trajectories.__file__)"
    told = subprocess.run(
        [installed.bin / "python", "-c", code], cwd=installed.folder, capture_output=True, text=True, check=True
    )
    module, path = told.stdout.split()
    assert module == "minicolumn.client"
    assert Path(path).is_relative_to(installed.folder)
    assert installed.end(signal.SIGTERM) in (0, 143)
    assert list(installed.folder.glob("environment/lib/**/var")) == []  # nothing is written beside the code
