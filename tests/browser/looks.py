"""Whether a page can be read by everybody, on a phone and in the dark."""

import os

from axe_playwright_python.sync_playwright import Axe

GRAVE = ("serious", "critical")


def looks_fine(page, name):
    """No grave violation, and nothing beyond the edge of a phone; a picture where PICTURES names a folder."""
    grave = [each for each in Axe().run(page).response["violations"] if each["impact"] in GRAVE]
    assert not grave, [(each["id"], [node["html"] for node in each["nodes"]]) for each in grave]
    folder, wide = os.environ.get("PICTURES", ""), page.viewport_size
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        if folder:
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size(wide)
