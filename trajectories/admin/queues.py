"""The tables of curation queues, to look at; their own pages change them."""

from django.contrib import admin

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import Assignment, Queue, QueueFlag, QueueGuidelines, QueueItem, QueueSkip, QueueWork


@admin.register(Queue)
class QueueAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "title",
        "state",
        "is_live",
        "item_count",
        "review_count",
        "due_on",
        "created_by",
        "created_at",
    )
    list_filter = ("state", "is_live")
    list_select_related = ("created_by",)
    search_fields = ("title",)
    search_help_text = "A title, or an id."


@admin.register(QueueGuidelines)
class QueueGuidelinesAdmin(ReadOnlyAdmin):
    list_display = ("id", "queue", "version", "created_by", "created_at")
    list_select_related = ("queue", "created_by")


@admin.register(QueueWork)
class QueueWorkAdmin(ReadOnlyAdmin):
    list_display = ("id", "queue", "reviewer", "done_count", "skipped_count", "gold_right", "gold_count", "seen_at")
    list_select_related = ("queue", "reviewer")


@admin.register(QueueItem)
class QueueItemAdmin(ReadOnlyAdmin):
    list_display = ("id", "queue", "trace", "quota", "done_count", "is_gold")
    list_filter = ("is_gold",)
    list_select_related = ("queue", "trace")


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    list_display = ("id", "queue", "item", "number", "state", "reviewer", "expires_at", "decided_at")
    list_filter = ("state",)
    list_select_related = ("queue", "item", "reviewer")


@admin.register(QueueSkip)
class QueueSkipAdmin(ReadOnlyAdmin):
    list_display = ("id", "item", "reviewer", "reason", "created_at")
    list_select_related = ("item", "reviewer")


@admin.register(QueueFlag)
class QueueFlagAdmin(ReadOnlyAdmin):
    list_display = ("id", "item", "reviewer", "note", "created_at", "settled_at", "settled_by")
    list_select_related = ("item", "reviewer", "settled_by")
