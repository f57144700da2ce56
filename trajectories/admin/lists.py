"""What the list of traces keeps besides the traces, in the administration: words, tags and saved views."""

from django.contrib import admin

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import SavedView, SearchBacklog, Tag, TraceSearch, TraceTag


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    list_display = ("title", "owner", "is_shared", "created_at")
    list_select_related = ("owner",)
    search_fields = ("title",)
    search_help_text = "A title or an id."


@admin.register(SearchBacklog)
class SearchBacklogAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "oldest", "newest", "count")


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    list_display = ("name", "created_by", "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name",)
    search_help_text = "A name or an id."


@admin.register(TraceTag)
class TraceTagAdmin(ReadOnlyAdmin):
    list_display = ("tag", "trace", "author", "created_at")
    list_select_related = ("tag", "trace", "author")


@admin.register(TraceSearch)
class TraceSearchAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("trace_id", "tools")
    exclude = ("words",)
