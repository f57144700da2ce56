"""Tables of webhooks, which are steered on their page."""

from typing import ClassVar

from django.contrib import admin

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import Webhook, WebhookEvent, WebhookMessage

PAGE = (("Webhooks", "webhook_list", "trajectories.add_webhook"),)


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("title", "address", "created_by", "created_at", "paused_at", "failing_since", "removed_at")
    list_select_related = ("created_by",)
    exclude = ("salt", "earlier_salts", "fingerprint")
    change_list_links: ClassVar = PAGE


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "kind", "created_at")
    list_filter = ("kind",)
    change_list_links: ClassVar = PAGE


@admin.register(WebhookMessage)
class WebhookMessageAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "webhook", "event", "state", "failures", "due_at", "ended_at")
    list_filter = ("state",)
    list_select_related = ("webhook", "event")
    change_list_links: ClassVar = PAGE
