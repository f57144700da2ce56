"""The rules of keys, on a page made for the purpose: a key must never do what nobody meant."""

import pytest
from playwright.sync_api import Page, expect

from tests import factories

MARKUP = """
<p id="log"></p>
<button id="accept" data-key="a">Accept</button>
<button id="submit" data-key="Enter">Submit</button>
<button id="stay" data-key="Shift+Enter">Submit and stay</button>
<button id="send" data-key="Ctrl+Enter">Send</button>
<button id="off" data-key="o" disabled>Off</button>
<label><input type="radio" id="one" name="score" data-key="1"><span>One</span></label>
<textarea id="comment" data-key="c" aria-label="Comment"></textarea>
<button id="plain">Plain</button>
"""
LISTEN = """
markup => {
  document.getElementById("content").innerHTML = markup;
  document.getElementById("content").addEventListener("click", event => {
    if (event.target.id) document.getElementById("log").textContent += event.target.id + " ";
  });
}
"""


@pytest.fixture
def page_with_keys(log_in, curator) -> Page:
    page = log_in(curator)
    page.goto("/")
    page.evaluate(LISTEN, MARKUP)
    return page


def log(page: Page):
    return expect(page.locator("#log"))


def test_a_key_works_its_element(page_with_keys):
    for key in ("a", "Enter", "Shift+Enter", "Control+Enter", "1"):
        page_with_keys.keyboard.press(key)
    log(page_with_keys).to_have_text("accept submit stay send one ")
    expect(page_with_keys.locator("#one")).to_be_checked()


def test_a_text_box_keeps_its_keys_but_for_ctrl_enter(page_with_keys):
    page_with_keys.keyboard.press("c")
    expect(page_with_keys.locator("#comment")).to_be_focused()
    page_with_keys.keyboard.type("a1?")
    page_with_keys.keyboard.press("Enter")
    expect(page_with_keys.locator("#comment")).to_have_value("a1?\n")
    log(page_with_keys).to_have_text("")
    page_with_keys.keyboard.press("Control+Enter")
    log(page_with_keys).to_have_text("send ")


def test_enter_and_space_stay_with_a_focused_button(page_with_keys):
    page_with_keys.locator("#plain").focus()
    page_with_keys.keyboard.press("Enter")
    page_with_keys.keyboard.press("Space")
    log(page_with_keys).to_have_text("plain plain ")
    page_with_keys.keyboard.press("a")
    log(page_with_keys).to_have_text("plain plain accept ")


def test_modifiers_and_disabled_elements_do_nothing(page_with_keys):
    for key in ("Control+a", "Alt+a", "Shift+A", "Meta+a", "o"):
        page_with_keys.keyboard.press(key)
    log(page_with_keys).to_have_text("")


def test_a_held_key_works_once(page_with_keys):
    for _ in range(4):
        page_with_keys.keyboard.down("a")
    page_with_keys.keyboard.up("a")
    page_with_keys.locator("#plain").focus()
    for _ in range(4):
        page_with_keys.keyboard.down("Enter")
    page_with_keys.keyboard.up("Enter")
    log(page_with_keys).to_have_text("accept plain ")


def test_nothing_works_while_a_submit_is_under_way(page_with_keys):
    page_with_keys.evaluate("document.body.setAttribute('aria-busy', 'true')")
    page_with_keys.keyboard.press("a")
    page_with_keys.keyboard.press("Control+Enter")
    log(page_with_keys).to_have_text("")
    page_with_keys.evaluate("document.body.removeAttribute('aria-busy')")
    page_with_keys.keyboard.press("a")
    log(page_with_keys).to_have_text("accept ")


def test_nothing_works_under_a_dialog(page_with_keys):
    page_with_keys.keyboard.press("?")
    expect(page_with_keys.get_by_role("dialog")).to_be_visible()
    page_with_keys.keyboard.press("a")
    log(page_with_keys).to_have_text("")


def test_the_overlay_groups_the_keys_of_a_trace(log_in, curator, transactional_db):
    factories.make_trace()
    trace = factories.make_trace()
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    page.keyboard.press("?")
    titles = page.locator("#keys h3")
    expect(titles).to_have_text(["Decide", "Reasons", "Steps", "Move", "This page"])
    decide = page.locator("#keys .key-list").first
    expect(decide).to_contain_text("Accept")
    expect(decide).not_to_contain_text("Next step")
