"""The tables of workers, the scheduler, the bells that they ring and what they have counted."""

from django.contrib import admin

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import Bell, Scheduler, Tally, Worker


@admin.register(Bell)
class BellAdmin(ReadOnlyAdmin):
    list_display = ("kind", "source", "slot", "rung_at", "lease_expires_at")
    list_filter = ("kind",)


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "host",
        "pid",
        "queues",
        "trainers",
        "serves_models",
        "task",
        "task_started_at",
        "seen_at",
        "started_at",
    )
    search_fields = (
        "name",
        "host",
    )
    search_help_text = "A name, a host or an id."


@admin.register(Scheduler)
class SchedulerAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "rang_at")


@admin.register(Tally)
class TallyAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("name", "label", "count")
    list_filter = ("name",)
    search_fields = ("name", "label")
    search_help_text = "A name, a label or an id."
