"""How a curator of a browser test decides: by which keys, and how fast."""

from playwright.sync_api import Page, expect


def accept_by_one_key(page: Page) -> None:
    """Choose "a alone" in the menu, and wait until the server has it: the next page follows what the server knows."""
    page.get_by_label("Your menu").click()
    with page.expect_response("**/preferences/"):
        page.get_by_role("button", name="a alone").click()
    page.keyboard.press("Escape")


def press(page: Page, *keys: str) -> None:
    """Press keys as a person does: not while the page is busy, when it takes none."""
    for key in keys:
        expect(page.locator("body:not([aria-busy=true])")).to_be_attached()
        page.keyboard.press(key)
