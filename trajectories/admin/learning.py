"""Tables of what learns: generations of campaigns, curves and files of trainings, agents and what they remember.

They tell of verdicts and of what people decided, so they are for who may see that. Archives of weights and plans are
left where they are: no table shows them, and a page of fifty rows would read fifty of them.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import Artefact, Episode, Generation, Mind, TrainingPoint, Transition


class LearningAdmin(ReadOnlyAdmin):
    """A table whose rows are read without the large fields in `unread`."""

    unread: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows; an unread field is read when its row is looked at."""
        return super().get_queryset(request).defer(*self.unread)


@admin.register(Generation)
class GenerationAdmin(LearningAdmin):
    unread = ("measured", "decision", "campaign__plan", "campaign__left_out")
    list_display = ("id", "campaign", "number", "arm", "stage", "run", "training", "sampler", "evaluation", "ended_at")
    list_filter = ("arm", "stage")
    list_select_related = ("campaign", "run", "training", "sampler", "evaluation")
    search_fields = ("campaign__title", "sampler__title")
    search_help_text = "A campaign, the sampler that was made, or an id."


@admin.register(TrainingPoint)
class TrainingPointAdmin(LearningAdmin):
    list_display = ("id", "training", "step", "values")
    list_filter = ("training__trainer",)
    list_select_related = ("training",)
    search_fields = ("training__title",)
    search_help_text = "A training or an id."


@admin.register(Artefact)
class ArtefactAdmin(LearningAdmin):
    list_display = ("id", "name", "byte_size", "sha256", "created_at")
    list_filter = ("created_at",)
    search_fields = ("name", "sha256__startswith")
    search_help_text = "A name, the beginning of a hash, or an id."


@admin.register(Mind)
class MindAdmin(LearningAdmin):
    unread = ("weights", "world", "surroundings")
    list_display = (
        *("id", "agent", "agent_version", "run", "instruction", "temperature", "ordinal", "episodes"),
        *("created_at", "updated_at"),
    )
    list_filter = ("agent",)
    list_select_related = ("run", "instruction")
    search_fields = ("run__title", "agent__exact")
    search_help_text = "A run, the whole name of an agent, or an id."


@admin.register(Transition)
class TransitionAdmin(LearningAdmin):
    unread = ("mind__weights", "mind__world", "mind__surroundings")
    list_display = ("id", "mind", "state", "action", "after", "reached", "visits", "seen_episode", "overwritten")
    list_filter = ("reached", "action")
    list_select_related = ("mind",)
    search_fields = ("state__exact", "after__exact", "mind__run__title")
    search_help_text = "The whole of a state, such as 1,2, a run, or an id."


@admin.register(Episode)
class EpisodeAdmin(LearningAdmin):
    unread = ("thoughts", "values", "mind__weights", "mind__world", "mind__surroundings")
    list_display = ("trace", "number", "mind")
    list_filter = ("mind__agent",)
    list_select_related = ("trace", "mind")
    search_fields = ("trace__problem__name__exact", "mind__run__title")
    search_help_text = "The whole name of a problem, a run, or the id of a trace."
