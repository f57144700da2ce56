"""How long a person waits: from the first `make run` to a trace on a page, from the second to serving.

Run from a checkout: `.venv/bin/python benchmarks/startup.py`. It measures the last commit in a fresh clone, with the
package cache as warm as it is. `--keep` leaves the clone where it is, `--at` measures another commit. What a processor
spent is that of all processes up to the end, without PostgreSQL: on a busy machine the clock says little.
"""

import argparse
import http.cookiejar
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_SECONDS = 900.0


class Browser:
    """Just enough of one: cookies, a form, links."""

    def __init__(self, address: str) -> None:
        self.address = address
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies)

    def get(self, path: str, form: dict[str, str] | None = None) -> str:
        """The page at `path`, posted to if there is a form; "" while nothing answers."""
        body = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.address + path, body, {"Referer": self.address + path})
        try:
            with self.opener.open(request, timeout=30) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return ""

    def log_in(self, user: str, password: str) -> None:
        """Through the form, as a person does."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get("/login/"))
        if token is None:
            raise RuntimeError("the login page has no form")
        self.get("/login/", {"csrfmiddlewaretoken": token[1], "username": user, "password": password})

    def first_trace(self) -> str:
        """The page of some trace, or "" while the list has none."""
        found = re.search(r'href="(/traces/\d+/)', self.get("/traces/"))
        return self.get(found[1]) if found else ""


def wait(condition: Callable[[], str], started: float) -> float:
    """Seconds since `started` at which the condition came true."""
    while time.monotonic() - started < LONGEST_SECONDS:
        if condition():
            return time.monotonic() - started
        time.sleep(0.05)
    raise TimeoutError(f"nothing after {LONGEST_SECONDS:g} s")


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """`make run` there, its output in a file beside the clone."""
    environment = {name: value for name, value in os.environ.items() if name not in {"MINICOLUMN_VAR", "DATABASE_URL"}}
    environment["PORT"] = str(port)
    with (folder.parent / "output").open("ab") as output:
        return subprocess.Popen(
            ["make", "run"], cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )


def stop(process: subprocess.Popen[bytes]) -> float:
    """Seconds from Ctrl-C to the end."""
    pressed = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to make and all it runs
    process.wait(timeout=60)
    return time.monotonic() - pressed


def processor_seconds() -> float:
    """What all processes have spent that were started from here and have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def measure(folder: Path, commit: str) -> None:
    """Print the figures as lines of a table."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=folder, check=True)
    print(f"{commit} at a load of {os.getloadavg()[0]:.1f}")
    spent = processor_seconds()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    browser = Browser(f"http://localhost:{port}")

    started = time.monotonic()
    process = start(folder, port)
    print(f"first `make run` to serving      {wait(lambda: browser.get('/health/'), started):7.1f} s")
    browser.log_in("admin", (folder / "var" / "admin_password").read_text().strip())
    print(f"first `make run` to first trace  {wait(browser.first_trace, started):7.1f} s")
    print(f"Ctrl-C to the end                {stop(process):7.1f} s")
    print(f"of a processor till there        {processor_seconds() - spent:7.1f} s")

    spent = processor_seconds()
    started = time.monotonic()
    process = start(folder, port)
    print(f"second `make run` to serving     {wait(lambda: browser.get('/health/'), started):7.1f} s")
    stop(process)
    print(f"of a processor till its end      {processor_seconds() - spent:7.1f} s")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--keep", action="store_true", help="leave the clone for a look")
    parser.add_argument("--at", default="HEAD", metavar="COMMIT", help="another commit than the last one")
    arguments = parser.parse_args()
    parent = Path(tempfile.mkdtemp(prefix="minicolumn-startup-"))
    try:
        measure(parent / "clone", arguments.at)
    finally:
        if arguments.keep:
            print(parent)
        else:
            shutil.rmtree(parent)


if __name__ == "__main__":
    main()
