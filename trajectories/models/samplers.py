"""Where samples come from."""

from django.db import models

from trajectories.models.artefacts import Artefact
from trajectories.models.titles import TitleField


class Sampler(models.Model):
    """A configured source of samples, never changed: an edit makes a new version, so that every trace keeps the prices
    and parameters it was drawn with. A fine-tuned successor is a new sampler with `parent`.

    `parameters` of a local sampler are its adapters.local_models.settings.LocalSettings, those of a chat sampler its
    adapters.chat_api.ChatSettings. These name the environment variable that holds the key; the key itself is stored
    nowhere.
    """

    class Kind(models.TextChoices):
        """Which implementation in core.samplers or adapters draws the samples."""

        SYMBOLIC = "symbolic", "symbolic program search"
        CHAT = "chat", "language model"
        LOCAL = "local", "local model"
        AGENT = "agent", "agent in worlds"
        IMPORTED = "imported", "imported from elsewhere"

    name = models.SlugField(max_length=80)
    title = TitleField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    version = models.PositiveIntegerField(default=1)
    parameters = models.JSONField(default=dict)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    # What it has learnt, for kinds that read a file of it.
    artefact = models.ForeignKey(Artefact, null=True, blank=True, on_delete=models.PROTECT, related_name="samplers")
    # What it was copied from: a project, and the id of a sampler there.
    origin_project = models.BigIntegerField(null=True, blank=True)
    origin_sampler = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="sampler_version_once")]

    def __str__(self) -> str:
        return self.title if self.version == 1 else f"{self.title} (version {self.version})"

    @property
    def is_agent(self) -> bool:
        """Whether it is an agent that learns from one episode of a world to the next."""
        return self.kind == self.Kind.AGENT

    @property
    def is_imported(self) -> bool:
        """Whether its samples were drawn elsewhere: it draws none."""
        return self.kind == self.Kind.IMPORTED

    @property
    def suits(self) -> str:
        """Which instructions it can follow, as Instruction.suits."""
        if self.is_chat:
            return self.Kind.CHAT.value
        return self.kind if self.is_agent else self.Kind.SYMBOLIC.value

    @property
    def is_chat(self) -> bool:
        """Whether it is a language model: behind an endpoint, or on a machine of ours."""
        return self.kind in LANGUAGE_MODELS

    @property
    def has_endpoint(self) -> bool:
        """Whether it is a language model behind an endpoint."""
        return self.kind == self.Kind.CHAT

    @property
    def sends_batches(self) -> bool:
        """Whether its samples are asked for in files, which the provider answers within a day."""
        return self.has_endpoint and self.parameters.get("transport") == "batch"

    @property
    def is_local(self) -> bool:
        """Whether it is a language model that workers here serve."""
        return self.kind == self.Kind.LOCAL

    @property
    def is_streamed(self) -> bool:
        """Whether answers can be seen while they are made: always those of a model that workers here serve."""
        return self.is_local or bool(self.parameters.get("streaming"))


LANGUAGE_MODELS = (Sampler.Kind.CHAT, Sampler.Kind.LOCAL)
"""Kinds that are sent prompts."""


SAME_ENDPOINT = ("base_url", "key_variable", "model")
"""Parameters of a chat sampler by which its provider knows whose calls are to be counted together."""


class EndpointGate(models.Model):
    """What all workers of an endpoint share, in all projects: how many requests and tokens may be sent now, and whether
    any may.

    `key` says which address, key and model it is (selectors.samplers.gate_key). `requests` and `tokens` are what is
    left at `filled_at`; below zero they are owed, and what comes next waits.
    """

    key = models.CharField(max_length=64, primary_key=True)
    requests = models.FloatField(default=0.0)
    tokens = models.FloatField(default=0.0)
    filled_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"gate {self.key[:12]}"
