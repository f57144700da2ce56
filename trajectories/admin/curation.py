"""What people made of traces, to be looked at."""

from django.contrib import admin

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import Repair, RepairWithdrawal

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
