import re

from playwright.sync_api import expect


def test_the_form_lets_the_right_password_in_only(live_app, page, curator):
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/login/"))
    page.get_by_label("Username").fill(curator.username)
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/login/"))
    page.get_by_label("Username").fill(curator.username)
    page.get_by_label("Password").fill("a long enough password")
    page.keyboard.press("Enter")
    expect(page).to_have_url(live_app.url + "/")


def test_a_session_opens_the_home_page(live_app, log_in, curator):
    page = log_in(curator)
    page.goto("/")
    expect(page).to_have_url(live_app.url + "/")
