"""Pictures of every page, wide, on a phone and dark: `make screenshots`, then look at var/screenshots/.

Starts the product with a data folder of its own, has it make its own data (the first run, a run with revisions by the
stand-in for a model, decisions, a queue, a release with an environment, a cut into steps, a replay), follows the links
of each page to one page of every kind, and takes three pictures of each. Pages that no link led to, and those with
nothing on them yet, are taken of the world that the tests walk, in which there is one of every kind (tests/visits.py),
so that none is left out. With --address it looks at a product that runs already,
makes nothing there, and takes what links lead to. With --guide it takes the pictures of the README and the guides anew.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = Path("/usr/bin/chromium")
LOOKS = {
    "wide": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
}
TALLEST = 3_000
"""Pixels of a page that a picture shows."""
LONGEST_WAIT = 600.0
SEEN_MILLISECONDS = 200
"""So long after it has come into sight a part of a page has asked for what it shows."""
NO_PAGES = re.compile(
    r"\.(png|svg|json|jsonl|parquet|csv)$|/download/|/text/|^/logout/|^/static/|^/grids/[^/]+/[^/]+$|format=csv|/share/"
)


def main() -> None:
    """Take the pictures that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", help="of a product that runs; without it, one is started")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password", default=os.environ.get("MINICOLUMN_PASSWORD", ""))
    parser.add_argument("--out", type=Path, default=ROOT / "var/screenshots")
    parser.add_argument("--only", default="", help="a regular expression: only pages with such names")
    parser.add_argument("--looks", nargs="+", default=list(LOOKS), choices=LOOKS)
    parser.add_argument("--guide", action="store_true", help="the pictures in docs/images, and no others")
    options = parser.parse_args()
    if options.guide:
        run_pictures("tests/browser/pictures_of_the_guide.py", {})
        return
    if options.address:
        take(options.address, options.user, options.password, options)
        return
    with product() as (address, password, variables):
        make_data(address, password, variables)
        names = take(address, options.user, password, options)
    take_others(names, options)


@contextmanager
def product() -> Iterator[tuple[str, str, dict[str, str]]]:
    """The product at a free port with an empty data folder: its address, the password, and its variables."""
    folder = Path(tempfile.mkdtemp(prefix="minicolumn-"))
    sandbox = ROOT / "var/sandbox-python"
    variables = {**os.environ, "MINICOLUMN_VAR": str(folder), "PORT": str(free_port())}
    variables |= {"SANDBOX_PYTHON": str(sandbox)} if sandbox.exists() else {}
    started = subprocess.Popen(
        [sys.executable, "manage.py", "up"], cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True
    )
    try:
        password = ""
        for line in started.stdout or ():
            found = re.search(r"Password:\s+(\S+)", line)
            password = found[1] if found else password
            if "Stop with" in line:
                break
        yield f"http://localhost:{variables['PORT']}", password, variables
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def browser_of() -> Iterator[Browser]:
    """Debian's Chromium where it is installed, Playwright's own elsewhere."""
    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    path = str(CHROMIUM) if CHROMIUM.exists() else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=arguments, executable_path=path)
        yield browser
        browser.close()


def log_in(browser: Browser, address: str, user: str, password: str, look: str = "wide") -> Page:
    """A page of somebody who has logged in through the form."""
    context = browser.new_context(base_url=address, reduced_motion="reduce", **LOOKS[look])  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.locator("body[data-user]").wait_for()
    return page


def make_data(address: str, password: str, variables: dict[str, str]) -> None:
    """What the product makes by itself, and what people do with it, through commands and pages."""
    port = free_port()
    model = subprocess.Popen(
        [sys.executable, "manage.py", "fake_endpoint", "--port", str(port), "--latency", "0", "--answers", "learner"],
        cwd=ROOT,
        env=variables,
    )
    try:
        with browser_of() as browser:
            page = log_in(browser, address, "admin", password)
            wait_until(lambda: finished_runs(page) >= 1)
            sampled_by_a_model(page, port, variables)
            decided(page)
            built(page)
            wait_until(lambda: finished_runs(page) >= 2)
    finally:
        model.send_signal(signal.SIGTERM)
        model.wait()


def finished_runs(page: Page) -> int:
    """Runs that have come to their end."""
    page.goto("/runs/?state=finished")
    return page.locator("tbody tr").count()


def wait_until(come: object) -> None:
    """Ask again and again. Raises TimeoutError."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not come():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing after {LONGEST_WAIT:g} s")
        time.sleep(1)


def sampled_by_a_model(page: Page, port: int, variables: dict[str, str]) -> None:
    """A run of the stand-in for a model, whose best answers are revised."""
    page.goto("/samplers/new/?preset=fake")
    page.locator("[name=base_url]").fill(f"http://127.0.0.1:{port}/v1")
    page.locator("main form button.primary").first.click()
    page.wait_for_url(re.compile(r"/samplers/\d+/"))
    command = ["sample", "--sampler", "fake", "--instructions", "arc-subtasks-program", "--samples", "8"]
    command += ["--strategy", "revise", "--set", "arc-agi-1-training"]
    command += ["--problems", "67a3c6ac", "3428a4f5", "a5313dff", "007bbfb7"]
    subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=variables, check=True)


def decided(page: Page) -> None:
    """Six right traces accepted, two rejected, a queue of what is left, and a release."""
    page.goto("/traces/next/?correctness=pass&decision=unreviewed")
    for number in range(8):
        page.locator("[data-label-step=good]").first.wait_for()
        trace = page.locator("#trace").get_attribute("data-trace")
        for key in ("a" if number < 6 else "l", "Enter"):
            # A page that is busy takes no key.
            page.locator("body:not([aria-busy=true])").wait_for(state="attached")
            page.keyboard.press(key)
        page.locator(f"#trace:not([data-trace='{trace}'])").wait_for()
    page.goto("/queues/new/?correctness=fail")
    page.locator("main form button.primary").first.click()
    page.wait_for_url(re.compile(r"/queues/\d+/"))
    page.goto("/releases/new/")
    page.locator("main form button.primary").first.click()
    page.wait_for_url(re.compile(r"/releases/(freezing/)?\d+/"))


def built(page: Page) -> None:
    """The environment of the release, and traces cut into other steps."""
    page.goto("/segmentations/new/?correctness=pass")
    page.get_by_role("button", name="Cut into steps").click()
    page.wait_for_url(re.compile(r"/jobs/\w+/\d+/"))
    wait_until(lambda: has_release(page))
    page.locator("tbody a").first.click()
    page.get_by_role("button", name="Build the environment").click()
    page.get_by_text("Install and use it").wait_for(timeout=1000 * LONGEST_WAIT)


def has_release(page: Page) -> bool:
    """Whether a release is frozen."""
    page.goto("/releases/")
    return page.locator("tbody a").count() > 0


def recorded(page: Page, path: str) -> None:
    """Replay the program of the trace at this address, where it has one."""
    page.goto(path)
    button = page.get_by_role("button", name="Record the program")
    if button.count():
        button.click()
        page.locator("#replay:not(:has(.empty))").wait_for(timeout=1000 * LONGEST_WAIT)


def take_others(names: list[str], options: argparse.Namespace) -> None:
    """Take the pictures of the pages that are not named yet. Raises CalledProcessError."""
    told = {"folder": str(options.out.resolve()), "taken": names, "only": options.only, "looks": options.looks}
    run_pictures("tests/browser/pictures_of_every_page.py", told)


def run_pictures(module: str, told: dict[str, object]) -> None:
    """Run a module of the tests that takes pictures and nothing else. Raises CalledProcessError."""
    command = [sys.executable, "-m", "pytest", module, "-n", "0", "-p", "no:randomly", "-s"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PICTURES": json.dumps(told)}, check=True)


def take(address: str, user: str, password: str, options: argparse.Namespace) -> list[str]:
    """Find a page of every kind, and take its pictures; the names of the pages that have something on them."""
    options.out.mkdir(parents=True, exist_ok=True)
    bare = set[str]()
    with browser_of() as browser:
        page = log_in(browser, address, user, password)
        pages = find_pages(page)
        if not options.address and "trace_replay" in pages:
            recorded(page, pages["trace_replay"])
        for look in options.looks:
            page = log_in(browser, address, user, password, look)
            for name, path in pages.items():
                if re.search(options.only, name):
                    picture(page, path, options.out / f"{name}-{look}.png")
                    bare |= {name} if page.locator("main .empty").count() else set()
    sys.stdout.write(f"{len(pages)} pages that links lead to, {len(bare)} of them bare, in {options.out}" + "\n")
    return [name for name in pages if name not in bare]


def find_pages(page: Page) -> dict[str, str]:
    """One address of every kind of page, by its name, following links from the start page."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    sys.path.insert(0, str(ROOT))
    import django
    from django.urls import Resolver404, resolve

    django.setup()
    found: dict[str, str] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        page.goto(path)
        for link in page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)"):
            parts = urlsplit(link)
            place = parts.path + (f"?{parts.query}" if parts.query else "")
            if parts.netloc != urlsplit(page.url).netloc or NO_PAGES.search(place) or place.startswith("/admin"):
                continue
            try:
                name = resolve(parts.path).url_name or ""
            except Resolver404:
                continue
            if name and name not in found:
                found[name] = place
                waiting.append(place)
    return dict(sorted(found.items()))


def picture(page: Page, path: str, file: Path) -> None:
    """One picture of a page, as far down as TALLEST; what is loaded once it comes into sight is given a moment."""
    try:
        page.goto(path, wait_until="load")
        page.wait_for_load_state("networkidle", timeout=5_000)
        seen, height = 0, page.viewport_size["height"]  # type: ignore[index]
        while seen < min(TALLEST, page.evaluate("document.documentElement.scrollHeight")):
            page.evaluate("top => window.scrollTo(0, top)", seen)
            page.wait_for_timeout(SEEN_MILLISECONDS)
            page.locator(".htmx-request, [data-drawn=waiting]").first.wait_for(state="detached", timeout=20_000)
            seen += height
    except Error as fault:
        sys.stdout.write(f"{path}: {str(fault).splitlines()[0]}" + "\n")
    page.evaluate("window.scrollTo(0, 0)")
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > page.viewport_size["width"]:  # type: ignore[index]
        sys.stdout.write(f"{path}: {width} pixels wide, and scrolls sideways" + "\n")
    height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
    clip = {"x": 0, "y": 0, "width": page.viewport_size["width"], "height": max(height, 400)}  # type: ignore[index]
    page.screenshot(path=file, full_page=True, clip=clip)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
