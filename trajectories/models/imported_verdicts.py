"""What verifiers and people of another installation said of traces that were imported from it."""

from django.db import models

from trajectories.core.curation.reviews import Decision
from trajectories.core.records import Outcome
from trajectories.models.imports import Import
from trajectories.models.traces import Trace


class ImportedVerdict(models.Model):
    """A verdict as the imported file has it. Append-only, and no more than a record: lists, counters and releases go by
    the verdicts that were made here.
    """

    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="imported_verdicts")
    verifier = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=[(outcome.value, outcome.value) for outcome in Outcome])
    score = models.FloatField(null=True)
    message = models.TextField(blank=True)
    evidence = models.JSONField(default=dict)
    seconds = models.FloatField(default=0.0)
    engine = models.CharField(max_length=120, blank=True)
    # The import that said it of a trace that was here before; null where it came with its trace.
    import_job = models.ForeignKey(Import, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["import_job", "trace"],
                name="importedverdict_by_import",
                condition=models.Q(import_job__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"imported: {self.verifier} on trace {self.trace_id}: {self.outcome}"


class ImportedReview(models.Model):
    """A review as the imported file has it, under a pseudonym that is no account. Append-only.

    It decides nothing here, unless whoever imported it asked for that and so made it their own (a Review of theirs).
    Who labelled steps and decided nothing there has the decision "withdraw".
    """

    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="imported_reviews")
    pseudonym = models.CharField(max_length=80)
    decision = models.CharField(max_length=10, choices=[(each.value, each.value.title()) for each in Decision])
    score = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=40, blank=True)
    comment = models.TextField(blank=True)
    step_labels = models.JSONField(default=dict)
    # The place of each labelled step in the trace's text, [start, end] by the same index, as in Review.
    step_spans = models.JSONField(default=dict)
    segmentation = models.CharField(max_length=30, blank=True, default="", db_default="")
    # The import that said it of a trace that was here before; null where it came with its trace.
    import_job = models.ForeignKey(Import, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["import_job", "trace"],
                name="importedreview_by_import",
                condition=models.Q(import_job__isnull=False),
            )
        ]
        constraints = [models.UniqueConstraint(fields=["trace", "pseudonym"], name="imported_review_once")]

    def __str__(self) -> str:
        return f"imported: {self.decision} of trace {self.trace_id}"
