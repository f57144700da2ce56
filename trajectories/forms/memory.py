"""The fields that say what memory shows: of a run and of a campaign."""

from collections.abc import Mapping
from typing import Any

from django import forms

from trajectories.adapters.pgvector import find_vector_search
from trajectories.core.strategies.memories import MOST_REMEMBERED, NEAR, SOURCES, Memory, MemorySource
from trajectories.forms.plain import PlainForm
from trajectories.models import Release, Sampler

MEMORY_FIELDS = ("memory", "memory_from", "memory_release", "memory_any_split", "memory_near", "memory_embedder")


class MemoryFields(PlainForm):
    """How many traces are shown, and which ones may be."""

    memory = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_REMEMBERED,
        label="Traces from memory",
        help_text="Of the nearest other problems, looked up when each problem is asked; empty for no memory.",
    )
    memory_from = forms.ChoiceField(
        required=False,
        choices=[(source.value, words) for source, words in SOURCES.items()],
        initial=MemorySource.PEOPLE.value,
        label="Remembered are traces",
    )
    memory_release = forms.ModelChoiceField(
        Release.objects.order_by("-pk"),
        required=False,
        empty_label="None",
        label="Release",
        help_text="Where the traces of one are remembered.",
    )
    memory_any_split = forms.BooleanField(
        required=False,
        label="Of problems of the evaluation split too",
        help_text="Otherwise of training problems alone.",
    )
    memory_near = forms.FloatField(
        required=False,
        min_value=0.1,
        max_value=1.0,
        initial=NEAR,
        label="Near duplicates from",
        help_text="No trace of a statement that shares so many word triples is shown; 1 for the same ones alone.",
    )
    memory_embedder = forms.ModelChoiceField(
        Sampler.objects.filter(kind=Sampler.Kind.CHAT).order_by("-pk"),
        required=False,
        empty_label="Words in common",
        label="Nearness by",
        help_text="Or by the embeddings of a model behind an endpoint; ARC tasks are near by features.",
    )

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        field = self.fields["memory_embedder"]
        field.help_text = f"{field.help_text} {find_vector_search().words}"


def memory_of(data: Mapping[str, Any]) -> Memory:
    """The memory that the fields of a form describe; Memory.check says what is wrong with it."""
    release, embedder = data.get("memory_release"), data.get("memory_embedder")
    count = data.get("memory") or 0
    if not count:
        return Memory()
    return Memory(
        count=count,
        source=MemorySource(data.get("memory_from") or MemorySource.PEOPLE),
        release=None if release is None else release.pk,
        any_split=bool(data.get("memory_any_split")),
        near=data.get("memory_near") or NEAR,
        embedder=None if embedder is None else embedder.pk,
    )


def memory_values(memory: Memory) -> dict[str, Any]:
    """The fields of a form as a memory says them."""
    if not memory:
        return {}
    return {
        "memory": memory.count,
        "memory_from": memory.source.value,
        "memory_release": memory.release,
        "memory_any_split": memory.any_split,
        "memory_near": memory.near,
        "memory_embedder": memory.embedder,
    }
