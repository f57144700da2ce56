"""What people made of traces, to be looked at."""

from django.contrib import admin

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import Mention, Repair, RepairWithdrawal, Thread, ThreadEvent

SEARCH_HELP = "The whole name of a person, or an id."


@admin.register(Repair)
class RepairAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "original", "author", "created_at")
    list_select_related = ("trace", "original", "author")
    list_filter = ("author",)
    search_fields = ("author__username__exact",)
    search_help_text = SEARCH_HELP


@admin.register(RepairWithdrawal)
class RepairWithdrawalAdmin(ReadOnlyAdmin):
    list_display = ("id", "repair", "author", "created_at")
    list_select_related = ("repair", "author")
    search_fields = ("author__username__exact",)
    search_help_text = SEARCH_HELP


@admin.register(Thread)
class ThreadAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "step", "fault", "author", "created_at")
    list_select_related = ("trace", "author")
    list_filter = ("fault",)
    search_fields = ("author__username__exact",)
    search_help_text = SEARCH_HELP


@admin.register(ThreadEvent)
class ThreadEventAdmin(ReadOnlyAdmin):
    list_display = ("id", "thread", "kind", "author", "created_at")
    list_select_related = ("thread", "author")
    list_filter = ("kind",)
    search_fields = ("author__username__exact",)
    search_help_text = SEARCH_HELP


@admin.register(Mention)
class MentionAdmin(ReadOnlyAdmin):
    list_display = ("id", "event", "person", "read_at")
    list_select_related = ("event", "person")
    search_fields = ("person__username__exact",)
    search_help_text = SEARCH_HELP
