"""The tables of what is paid by the day and of daily limits, which are set on the page of spending."""

from typing import ClassVar

from django.contrib import admin

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import SpendAlert, SpendDay, SpendHold, SpendLimit, SpendWait

PAGE = (("Spending", "spending", "trajectories.view_spendday"),)


@admin.register(SpendDay)
class SpendDayAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("day", "kind", "sampler", "person", "cost", "calls", "unpriced", "input_tokens", "output_tokens")
    list_filter = ("kind", "sampler")
    list_select_related = ("sampler", "person")
    change_list_links: ClassVar = PAGE


@admin.register(SpendLimit)
class SpendLimitAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "subject", "amount", "created_by", "created_at")
    list_filter = ("scope",)
    list_select_related = ("person", "created_by")
    change_list_links: ClassVar = PAGE


@admin.register(SpendAlert)
class SpendAlertAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("day", "limit", "level", "amount", "spent", "mailed_at", "mail_fault")
    list_filter = ("level",)
    list_select_related = ("limit", "limit__person")
    change_list_links: ClassVar = PAGE


@admin.register(SpendWait)
class SpendWaitAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("kind", "job_id", "sampler", "person", "cost", "created_at")
    list_select_related = ("sampler", "person")
    change_list_links: ClassVar = PAGE


@admin.register(SpendHold)
class SpendHoldAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("kind", "job_id", "sampler_name", "person", "each", "cost")
    list_select_related = ("person",)
    change_list_links: ClassVar = PAGE
