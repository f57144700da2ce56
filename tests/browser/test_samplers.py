"""Describing a model's endpoint, as a lead does it."""

import pytest
from playwright.sync_api import Page, expect

from tests.endpoint import bind_keys, flip_endpoint, sampler_for
from trajectories.stand_ins.fake_endpoint import Behaviour


@pytest.fixture(autouse=True)
def _keys(settings, monkeypatch, transactional_db):
    monkeypatch.setenv("LOCAL_KEY", "planted")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    bind_keys(settings, "LOCAL_KEY=http://localhost:8000/v1, OPENAI_API_KEY=https://api.openai.com/v1")


def test_the_variables_offered_follow_the_address_that_is_typed(log_in, lead):
    page: Page = log_in(lead)
    page.goto("/samplers/new/?preset=openai")
    page.wait_for_load_state()
    choice, address = page.get_by_label("Variable with the key"), page.get_by_label("Base URL")
    expect(choice.locator("option")).to_have_text(["No key", "OPENAI_API_KEY (not set)"])
    expect(choice).to_have_value("OPENAI_API_KEY")
    address.fill("http://localhost:8000/v1")
    expect(choice.locator("option")).to_have_text(["No key", "LOCAL_KEY (set)"])
    choice.select_option("LOCAL_KEY")
    address.press_sequentially("/eu")
    expect(choice).to_have_value("LOCAL_KEY")
    address.fill("http://localhost:9000/v1")
    expect(page.get_by_text("LOCAL_KEY is not bound to this base URL.")).to_be_visible()
    choice.select_option("")
    address.fill("http://10.0.0.1/v1")
    page.get_by_label("Title").fill("Mine")
    page.get_by_label("Name").fill("mine")
    page.get_by_label("Model", exact=True).fill("m")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#id_base_url_error")).to_contain_text("10.0.0.1 is not a public address")


def test_what_the_test_finds_becomes_the_next_version_by_one_button(log_in, lead):
    with flip_endpoint(Behaviour(takes=("temperature_1", "long_limit"))) as endpoint:
        sampler = sampler_for(endpoint)
        page: Page = log_in(lead)
        page.goto(f"/samplers/{sampler.pk}/")
        page.get_by_role("button", name="Test").click()
        found = page.locator("#trial")
        expect(found).to_contain_text("It answers once its settings are changed.")
        expect(found.locator("li")).to_have_text(
            [
                'It does not take the temperature. Switch off "Send a temperature".',
                'It does not take max_tokens. Choose max_completion_tokens for "Limit sent as".',
            ]
        )
        found.get_by_role("button", name="Set this as version 2").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("version 2")
        expect(page.get_by_text("Temperatures are not sent: the sampler's switch for them is off.")).to_be_visible()
        page.get_by_role("button", name="Test").click()
        expect(page.locator("#trial")).to_contain_text("It answers.")
        page.goto(f"{page.url}change/")
        expect(page.get_by_label("Send a temperature")).not_to_be_checked()
        expect(page.get_by_label("Limit sent as")).to_have_value("max_completion_tokens")
