"""Daily spending in a browser: an admin sets a limit, sees what is spent of it, and reads the figure."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests import factories
from tests.boxes import box_of
from trajectories.models import SpendDay, SpendLimit
from trajectories.selectors.spending import today_utc

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_admin_sets_a_limit_and_sees_how_much_of_it_is_spent(log_in, lead):
    admin = User.objects.create_superuser("root")
    for place, title in enumerate(("A large model", "A small model")):
        sampler = factories.make_sampler(kind="chat", title=title)
        for back in range(20):
            SpendDay.objects.create(
                day=today_utc() - timedelta(days=back), kind="run", sampler=sampler, person=lead, calls=20 + back,
                cost=Decimal(3 + place + back % 5), input_tokens=9_000, output_tokens=4_000,
            )  # fmt: skip
    page: Page = log_in(admin)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.goto("/spend/")
    page.get_by_label("At most a day, USD").fill("-1")
    page.get_by_role("button", name="Set the limit").click()
    expect(page.get_by_role("alert")).to_contain_text("expected")
    assert not SpendLimit.objects.exists()
    said.clear()  # the browser reports a refused form
    page.get_by_label("At most a day, USD").fill("8")
    page.get_by_role("button", name="Set the limit").click()
    expect(page.get_by_role("status").first).to_contain_text("$7.00 are spent today")
    expect(page.get_by_role("row", name="All jobs")).to_contain_text("88%")
    expect(page.locator("#figure-spending [data-plot]")).to_have_attribute("data-drawn", "done")
    page.get_by_role("link", name="By person").click()
    page.wait_for_url("**group=person**")
    expect(page.get_by_role("row", name=lead.username).first).to_be_visible()
    page.get_by_role("button", name="Lift the limit of all jobs").click()
    expect(page.get_by_text("No limit is set")).to_be_visible()
    assert said == []


def test_what_to_do_about_a_paused_run_is_within_reach_on_a_phone(log_in, lead):
    """Buttons stood beside the reason, and beyond the edge of the page."""
    reason = "The daily limit of all jobs, $1.00, has $0 left: $1.01 spent today; a sample may cost $0.1282."
    run = factories.make_run(state="paused", state_reason=reason, sampler=factories.make_sampler(kind="chat"))
    factories.make_spend_wait(run)
    page = log_in(lead)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/runs/{run.pk}/")
    for button in (page.get_by_role("link", name="Look at the daily limits"), page.locator("#live form button")):
        box = box_of(button)
        assert box["x"] + box["width"] <= 390
