"""Where elements of a page stand, laid out anew: what the browser's own protocol tells may be of the frame before."""

from playwright.sync_api import Locator


def box_of(element: Locator) -> dict[str, float]:
    """Return `x`, `y`, `width` and `height` of an element in CSS pixels of the window."""
    box: dict[str, float] = element.evaluate("element => element.getBoundingClientRect().toJSON()")
    return box
