"""Tables of releases: their items, rules, tags, what a rule removed, and what was withdrawn."""

from django.contrib import admin

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.admin.launches import export_release
from trajectories.models import Release, ReleaseItem, ReleaseRule, ReleaseTag, Removal, Tombstone


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    list_display = ("id", "title", "item_count", "content_hash", "created_by", "created_at")
    list_select_related = ("created_by",)
    search_fields = (
        "title",
        "content_hash__startswith",
    )
    search_help_text = "A title, the beginning of a hash, or an id."
    actions = (export_release,)


@admin.register(ReleaseItem)
class ReleaseItemAdmin(ReadOnlyAdmin):
    list_display = ("id", "release", "position", "trace", "split", "score")
    list_select_related = ("release", "trace")
    search_fields = (
        "trace__problem__name__exact",
        "content_hash__startswith",
    )
    search_help_text = "The whole name of a problem, the beginning of a hash, or an id."


@admin.register(ReleaseRule)
class ReleaseRuleAdmin(ReadOnlyAdmin):
    list_display = ("id", "title", "name", "version", "rule_hash", "created_by", "created_at")
    list_select_related = ("created_by",)
    search_fields = (
        "title",
        "name",
        "rule_hash__startswith",
    )
    search_help_text = "A title, a name, the beginning of a hash, or an id."


@admin.register(ReleaseTag)
class ReleaseTagAdmin(ReadOnlyAdmin):
    list_display = ("id", "name", "release", "moved_by", "moved_at")
    list_select_related = ("release", "moved_by")


@admin.register(Removal)
class RemovalAdmin(ReadOnlyAdmin):
    list_display = ("id", "freezing", "trace", "clause", "other_trace", "other_problem")
    list_select_related = ("freezing", "trace", "other_trace", "other_problem")


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnlyAdmin):
    list_display = ("trace", "reason", "created_by", "created_at")
    list_select_related = ("trace", "created_by")
