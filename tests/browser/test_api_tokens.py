"""A token is made, used, and revoked; the reference reads without a script."""

import httpx2
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.looks import looks_fine

GRAVE = ("serious", "critical")


def graves(page):
    return [each["id"] for each in Axe().run(page).response["violations"] if each["impact"] in GRAVE]


def test_a_token_is_shown_once_works_and_is_revoked(log_in, live_app, lead):
    page = log_in(lead)
    page.goto("/tokens/")
    page.get_by_role("textbox", name="Name").fill("My notebook")
    page.get_by_role("button", name="Make token").click()
    secret = page.locator("#secret").inner_text()
    assert graves(page) == []

    def ask():
        return httpx2.get(f"{live_app.url}/api/v1/traces", headers={"Authorization": f"Bearer {secret}"}).status_code

    assert ask() == 200
    page.goto("/tokens/")
    expect(page.get_by_text("My notebook")).to_be_visible()
    assert secret not in page.content()
    page.locator("summary").filter(has_text="Revoke").click()
    looks_fine(page, "token-revoke")
    page.get_by_role("button", name="Revoke the token").click()
    expect(page.get_by_text("it works no more")).to_be_visible()
    assert ask() == 401


def test_the_reference_tells_of_every_operation_without_a_script(log_in, curator):
    page = log_in(curator)
    refused = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    page.goto("/api/docs")
    assert page.locator("details.disclosure").count() > 20
    page.locator("#launch_run > summary").click()
    expect(page.locator("#launch_run").get_by_text("samples_each")).to_be_visible()
    assert (refused, graves(page)) == ([], [])
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
