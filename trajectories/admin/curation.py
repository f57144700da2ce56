"""Tables of human edits, final decisions, voided reviews and comparisons, and of how models cut traces."""

from django.contrib import admin

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import (
    Adjudication,
    Comparison,
    ComparisonLease,
    Mention,
    ModelCut,
    Repair,
    RepairWithdrawal,
    ReviewVoid,
    SegmentationItem,
    Thread,
    ThreadEvent,
)

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


@admin.register(Adjudication)
class AdjudicationAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "adjudicator", "decision", "reason", "supersedes", "created_at")
    list_filter = ("decision",)
    list_select_related = ("trace", "adjudicator", "supersedes")
    search_fields = ("adjudicator__username__exact",)
    search_help_text = SEARCH_HELP


@admin.register(ReviewVoid)
class ReviewVoidAdmin(ReadOnlyAdmin):
    list_display = ("id", "reviewer", "since", "review_count", "actor", "undoes_id", "created_at")
    list_select_related = ("reviewer", "actor")
    search_fields = ("reviewer__username__exact",)
    search_help_text = SEARCH_HELP


@admin.register(Comparison)
class ComparisonAdmin(ReadOnlyAdmin):
    list_display = ("id", "problem", "first", "second", "swapped", "reviewer", "verdict", "created_at")
    list_filter = ("verdict",)
    list_select_related = ("problem", "first", "second", "reviewer")
    search_fields = ("reviewer__username__exact",)
    search_help_text = SEARCH_HELP


@admin.register(ComparisonLease)
class ComparisonLeaseAdmin(ReadOnlyAdmin):
    list_display = ("id", "problem", "first", "second", "holder", "expires_at")
    list_select_related = ("problem", "first", "second", "holder")


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


@admin.register(ModelCut)
class ModelCutAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "trace", "name", "sampler", "version", "created_at")
    list_select_related = ("trace", "sampler")
    search_fields = ("name__exact",)
    search_help_text = "The whole name of a cut, or an id."


@admin.register(SegmentationItem)
class SegmentationItemAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "job", "trace", "asks", "cut", "error_kind", "message", "is_done")
    list_filter = ("is_done", "error_kind")
    list_select_related = ("job", "trace", "cut")
    raw_id_fields = ("answer",)
