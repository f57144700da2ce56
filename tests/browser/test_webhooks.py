"""A webhook is made, tested with a program that really listens, and fits a phone."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from playwright.sync_api import expect

from tests.browser.looks import looks_fine
from tests.receiver import allow, receiving
from trajectories.models import WebhookMessage
from trajectories.services.webhooks.sending import send_message


def send(message):
    """Send it as a worker does: in a thread without Playwright's loop. Whether it was sent."""

    def sent():
        try:
            return send_message(message_id=message.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(sent).result()


def test_a_webhook_is_made_tested_and_read(log_in, lead, settings):
    allow(settings, "loopback")
    page = log_in(lead)
    with receiving() as receiver:
        receiver.answers.append((500, {}))
        page.goto("/webhooks/")
        page.get_by_label("Name").fill("The team's chat")
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_label("A release is frozen").uncheck()
        page.get_by_role("button", name="Make webhook").click()
        secret = page.locator("#secret").inner_text()
        looks_fine(page, "webhook-made")
        page.reload()
        expect(page.locator("#secret")).to_have_count(0)
        page.get_by_role("link", name="Webhooks").last.click()
        looks_fine(page, "webhooks")
        page.get_by_role("link", name="The team's chat").click()
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("A test is on its way")).to_be_visible()
        message = WebhookMessage.objects.get()
        assert send(message)
        page.reload()
        expect(page.get_by_text("The receiver answered 500, expected 200 to 299.", exact=True)).to_be_visible()
        page.locator("summary").filter(has_text="A test").click()
        expect(page.get_by_role("listitem").filter(has_text="The receiver answered 500, expected")).to_be_visible()
        looks_fine(page, "webhook")
        page.get_by_role("button", name="Send message").click()
        assert send(message)
        page.reload()
        expect(page.get_by_text("Arrived", exact=True).last).to_be_visible()
        assert [each.verified(secret)["type"] for each in receiver.received] == ["webhook.test"] * 2
        page.locator("summary").filter(has_text="Remove").click()
        looks_fine(page, "webhook-remove")
        page.get_by_role("button", name="Remove the webhook").click()
        expect(page.get_by_text("is removed")).to_be_visible()
