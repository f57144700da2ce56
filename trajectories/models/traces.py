"""Traces: what an attempt brought back."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from trajectories.core.records import Outcome
from trajectories.models.imports import Import
from trajectories.models.instructions import Instruction
from trajectories.models.problems import Problem
from trajectories.models.runs import Attempt, Run
from trajectories.models.samplers import Sampler

FACTS = ("run", "sampler", "created_at", "correctness", "decision", "hinted", "finish_reason", "withdrawn")
"""What the clauses of a release rule ask of every trace."""


class Text(models.Model):
    """A large text, stored once whatever refers to it."""

    content_hash = models.CharField(max_length=64, primary_key=True)
    body = models.TextField()

    def __str__(self) -> str:
        return self.content_hash[:12]


class Trace(models.Model):
    """The immutable result of an attempt, or what a person made of one by editing it.

    `prompt` and `reasoning` are Texts (the prompt as canonical JSON of its messages). `parts` are the parts of the
    reasoning in order, thoughts and content apart, by their places in it (core.completions.parts); null in a trace that
    is older than parts and was not split yet. `steps` is a list of {kind, title, body, depth, data}, and `part` for
    steps of the thoughts; `answer` is JSON (ARC: one grid or null per test input). The last group of fields
    is derived from verdicts and reviews, kept so that lists can filter, and can be computed again at any time; so is
    `answer_hash`, that of what the trace gives. `segmentation` names how the text is cut for readers
    (core.prompts.segmentation), empty for the `steps` as they are stored; those never change.
    """

    class Decision(models.TextChoices):
        """What people decided so far."""

        UNDECIDED = "", "not reviewed"
        ACCEPTED = "accepted", "accepted"
        REJECTED = "rejected", "rejected"

    OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]

    # Set on rows that a page is made of: what a queue hides from its reader was taken off, see selectors.blinding.veil.
    veiled_verdicts = False
    veiled_sampler = False
    # How the steps of such a row are cut, see selectors.segmentations; rows read elsewhere hold those that are stored.
    cut_by = ""
    # What is known of how good each step is, as far as the reader may see it, see views.shown.values.
    step_values: Mapping[int, Any] = {}
    # What is wrong with the first wrong step, as far as the reader may see it, see views.shown.values.
    step_faults: Mapping[int, str] = {}

    problem = models.ForeignKey(Problem, on_delete=models.PROTECT, related_name="traces", db_index=False)
    attempt = models.OneToOneField(Attempt, null=True, on_delete=models.PROTECT, related_name="trace")
    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="traces", db_index=False)
    sampler = models.ForeignKey(Sampler, null=True, on_delete=models.PROTECT, related_name="traces", db_index=False)
    instruction = models.ForeignKey(
        Instruction, null=True, on_delete=models.PROTECT, related_name="traces", db_index=False
    )
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    temperature = models.FloatField(default=0.0)
    seed = models.BigIntegerField(null=True)
    hinted = models.BooleanField(default=False)
    # Nothing looks a trace up by its texts, and texts are never deleted: no index of them.
    prompt = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+", db_index=False)
    reasoning = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+", db_index=False)
    program = models.ForeignKey(Text, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The answer as it came over the wire, where there was one.
    raw = models.ForeignKey(Text, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    parts = models.JSONField(null=True)
    steps = models.JSONField(default=list)
    answer = models.JSONField(null=True)
    answer_hash = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    finish_reason = models.CharField(max_length=20)
    input_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    latency_seconds = models.FloatField(default=0.0)
    cost = models.DecimalField(max_digits=16, decimal_places=8, null=True)
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    # What the program gave for the test inputs, one grid or null each; null where none ran.
    outputs = models.JSONField(null=True)
    correctness = models.CharField(max_length=10, blank=True, choices=OUTCOMES)
    train_passed = models.PositiveSmallIntegerField(null=True)
    train_total = models.PositiveSmallIntegerField(null=True)
    # The mean share of wrong cells over the training pairs, in [0, 1]; null where no program ran on them.
    train_error = models.FloatField(null=True)
    near_miss = models.CharField(max_length=12, blank=True)
    # The outcome of the newest verdict of a model judge. It supports and never decides.
    model_judged = models.CharField(max_length=10, blank=True, choices=OUTCOMES)
    decision = models.CharField(max_length=10, blank=True, choices=Decision.choices, default=Decision.UNDECIDED)
    # Whether one person's standing review accepts it and another's rejects it.
    disputed = models.BooleanField(default=False)
    # Who edited its parent into this trace; null in one that was sampled. Such a trace has no sampler and no run.
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Whether the edit was taken back: it is in no list and no release any more.
    withdrawn = models.BooleanField(default=False)
    segmentation = models.CharField(max_length=30, blank=True, default="", db_default="")
    # The import that it came in with; null for what was sampled or edited here, or imported before this was kept.
    import_job = models.ForeignKey(Import, null=True, on_delete=models.PROTECT, related_name="traces", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["import_job", "id"], name="trace_by_import", condition=Q(import_job__isnull=False)),
            # Votes for answers, and with them the clauses of release rules, are counted from it alone.
            models.Index(fields=["problem", "answer_hash", "id"], include=["edited_by", *FACTS], name="trace_by_votes"),
            models.Index(
                fields=["run", "id"],
                include=["correctness", "finish_reason", "decision", "withdrawn"],
                name="trace_in_run",
            ),
            models.Index(fields=["sampler", "id"], name="trace_by_sampler"),
            models.Index(fields=["instruction", "id"], name="trace_by_instruction"),
            models.Index(fields=["correctness", "id"], name="trace_by_correctness"),
            # What people decided, in lists and in release rules; with what these ask of accepted traces.
            models.Index(
                fields=["decision", "id"],
                include=[
                    "problem",
                    "run",
                    "sampler",
                    "created_at",
                    "correctness",
                    "hinted",
                    "finish_reason",
                    "withdrawn",
                ],
                name="trace_by_decision",
                condition=~Q(decision=""),
            ),
            models.Index(fields=["near_miss", "id"], name="trace_near_miss", condition=~Q(near_miss="")),
            models.Index(fields=["model_judged", "id"], name="trace_model_judged", condition=~Q(model_judged="")),
            models.Index(fields=["id"], name="trace_disputed", condition=Q(disputed=True)),
            # What an import looks up to find out which of its traces are there already.
            models.Index(fields=["problem", "content_hash"], name="trace_imported", condition=Q(run=None)),
            # Hinted traces are few, and lists and rules ask for them alone.
            models.Index(fields=["id"], name="trace_hinted", condition=Q(hinted=True)),
            # Which traces memory was asked for, and which ones it showed to whom.
            models.Index(fields=["id"], name="trace_with_memory", condition=Q(facts__has_key="memory")),
            GinIndex(F("facts__memory"), name="trace_shown_traces", condition=Q(facts__has_key="memory")),
            # What is left to split, empty once all is.
            models.Index(fields=["id"], name="trace_unsplit", condition=Q(parts__isnull=True)),
            models.Index(fields=["id"], name="trace_edited", condition=Q(edited_by__isnull=False)),
            # What the clauses of a release rule ask of every trace: counted from the index alone, without reading rows.
            models.Index(
                fields=["problem", "id"],
                include=FACTS,
                name="trace_by_clauses",
            ),
            models.Index(Coalesce("train_error", 2.0), F("id").desc(), name="trace_by_error"),
            # What the list is sorted by, see selectors.trace_lists.
            models.Index(fields=["created_at", "id"], name="trace_by_time"),
            models.Index(
                fields=["output_tokens", "id"],
                include=["latency_seconds", "cost", "decision", "withdrawn"],
                name="trace_by_size",
            ),
            models.Index(
                fields=["latency_seconds", "id"],
                include=["output_tokens", "cost", "decision", "withdrawn"],
                name="trace_by_latency",
            ),
            models.Index(Coalesce("cost", -1), F("id"), name="trace_by_cost"),
            models.Index(fields=["temperature", "id"], name="trace_by_temperature"),
        ]

    def __str__(self) -> str:
        return f"trace {self.pk}"

    @property
    def is_edited(self) -> bool:
        """Whether a person wrote it by editing another trace: a human edit, which is no sample of any model."""
        return self.edited_by_id is not None

    @property
    def says_temperature(self) -> bool:
        """Whether its temperature is known. Of an imported one 0 may mean that its row did not say."""
        return self.run_id is not None or self.temperature != 0

    @property
    def says_tokens(self) -> bool:
        """Whether its tokens are known, likewise."""
        return self.run_id is not None or self.output_tokens > 0

    @property
    def says_seconds(self) -> bool:
        """Whether its seconds are known, likewise."""
        return self.run_id is not None or self.latency_seconds > 0

    @property
    def given(self) -> Any:
        """What it gives for the problem, see given_answer."""
        return given_answer(self.answer, self.outputs)


def given_answer(answer: Any, outputs: Any) -> Any:
    """What a trace gives for its problem: the outputs of its program where that has run, else what it states."""
    return answer if outputs is None else outputs


class PendingVerification(models.Model):
    """A trace that awaits its verdicts: claimed by lease, deleted in the transaction that writes the verdicts."""

    trace = models.OneToOneField(Trace, on_delete=models.CASCADE, primary_key=True, related_name="pending")
    lease_expires_at = models.DateTimeField(null=True)
    claims = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    # When a bell was last rung for it: the sweep rings again only where this is long ago.
    rung_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"verification of trace {self.pk}"
