"""Time till 1,000 grids of 30 by 30 are drawn: the thumbnails of the product against a bare page of as many PNGs.

    PYTHONPATH=. python benchmarks/grids.py [--grids 1000] [--rounds 5]

Both pages and their pictures come from a server of this program, so that neither waits for the application; pictures
are asked for at once (the product asks for those in sight). Chromium, 1280 by 800.
"""

import argparse
import http.server
import os
import random
import statistics
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SIDE = 30


def make(count: int) -> dict[str, tuple[str, bytes]]:
    """The files of the server by address: (type, bytes)."""
    from django.template import Context, Template
    from django.test import RequestFactory

    from trajectories.core.problems.grid_codes import encode_grid
    from trajectories.core.rendering.images import grid_png
    from trajectories.core.rendering.palettes import CANONICAL

    generator = random.Random(0)
    grids = [tuple(tuple(generator.randrange(10) for _ in range(SIDE)) for _ in range(SIDE)) for _ in range(count)]
    files = {f"/grids/canonical/{encode_grid(grid)}.png": ("image/png", grid_png(grid, CANONICAL)) for grid in grids}
    bare = "".join(f'<img src="{address}" width="60" height="60" alt="">' for address in files)
    files["/bare"] = ("text/html", f"<!doctype html><title>Bare</title><body>{bare}".encode())
    context = Context({"grids": [list(map(list, grid)) for grid in grids], "request": RequestFactory().get("/")})
    tags = Template("{% load grids %}{% for each in grids %}{% thumbnail each 64 %}{% endfor %}").render(context)
    rules = "\n".join(
        (ROOT / f"static/trajectories/css/{name}.css").read_text() for name in ("tokens", "base", "grids")
    )
    eager = tags.replace(' loading="lazy"', "")
    page = f"<!doctype html><title>Ours</title><style>{rules}</style><body>{eager}"
    files["/ours"] = ("text/html", page.encode())
    return files


def serve(files: dict[str, tuple[str, bytes]]) -> http.server.ThreadingHTTPServer:
    """A server of files in memory, in a thread."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, data = files.get(self.path, ("text/plain", b""))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def drawn(browser: Any, address: str) -> float:
    """Milliseconds from asking for a page till all its pictures are there and a frame was drawn; nothing is cached."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    start = time.perf_counter()
    page.goto(address, wait_until="load")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    took = 1000 * (time.perf_counter() - start)
    page.context.close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grids", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    import django
    from playwright.sync_api import sync_playwright

    django.setup()
    server = serve(make(arguments.grids))
    chromium = Path("/usr/bin/chromium")
    options: dict[str, Any] = {"args": ["--no-sandbox", "--disable-gpu"]}
    options |= {"executable_path": str(chromium)} if chromium.exists() else {}
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        for _ in range(arguments.rounds + 1):
            for name, each in times.items():
                each.append(drawn(browser, f"http://127.0.0.1:{server.server_port}/{name}"))
        browser.close()
    server.shutdown()
    bare, ours = (statistics.median(each[1:]) for each in times.values())
    print(
        f"{arguments.grids:,} grids of {SIDE} by {SIDE}, load {os.getloadavg()[0]:.0f}: medians of {arguments.rounds}"
    )
    print(f"bare {bare:,.0f} ms, ours {ours:,.0f} ms, {ours / bare:.2f} times")


if __name__ == "__main__":
    main()
