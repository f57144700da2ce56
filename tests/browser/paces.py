"""How fast a curator of a browser test decides."""

from playwright.sync_api import Page


def accept_by_one_key(page: Page) -> None:
    """Choose "a alone" in the menu, and wait until the server has it: the next page follows what the server knows."""
    page.get_by_label("Your menu").click()
    with page.expect_response("**/preferences/"):
        page.get_by_role("button", name="a alone").click()
    page.keyboard.press("Escape")
