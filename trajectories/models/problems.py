"""Problems and the sets they came in."""

from django.db import models

from trajectories.core.records import ProblemKind
from trajectories.models.titles import TitleField


class ProblemSet(models.Model):
    """Where problems came from: a package, an upload, a generator."""

    name = models.SlugField(max_length=80, unique=True)
    title = TitleField()
    source = models.CharField(max_length=400, blank=True)
    problem_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title


class Problem(models.Model):
    """One problem. `spec` and `reference` are as in core.records.ProblemRecord; the content never changes.

    `content_hash` covers kind, statement, spec and reference: the same content under another name is the same problem.
    `statement_hash` finds a problem by its question. Services that add traces and verdicts keep the counters.
    """

    class Split(models.TextChoices):
        """Which side of the train/eval line the source put the problem on."""

        TRAIN = "train", "training"
        EVAL = "eval", "evaluation"

    class ReferenceSource(models.TextChoices):
        """What the reference answer rests on: the first is the truth as its source gives it, the others are not."""

        SOURCE = "", "given by the source"
        GENERATOR = "generator", "made with the problem"
        CONSENSUS = "consensus", "agreement of samples"
        AUTHOR = "author", "stated by the model that wrote it"
        PERSON = "person", "written by a reviewer"

    problem_set = models.ForeignKey(ProblemSet, on_delete=models.PROTECT, related_name="problems")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in ProblemKind])
    statement = models.TextField(blank=True)
    statement_hash = models.CharField(max_length=64, blank=True)
    spec = models.JSONField(default=dict)
    reference = models.JSONField(null=True)
    reference_source = models.CharField(max_length=10, blank=True, default="", choices=ReferenceSource.choices)
    split = models.CharField(max_length=10, choices=Split.choices, default=Split.TRAIN)
    family = models.CharField(max_length=100, blank=True)
    difficulty = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64, unique=True)
    trace_count = models.PositiveIntegerField(default=0)
    # Of the samples that were shown no answer and that nobody edited: right or wrong ones, and the right ones of them.
    scored_count = models.PositiveIntegerField(default=0, db_default=0)
    correct_count = models.PositiveIntegerField(default=0)
    accepted_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["problem_set", "id"], name="problem_by_set"),
            models.Index(fields=["name", "id"], name="problem_by_name"),
            models.Index(fields=["statement_hash"], name="problem_by_statement"),
        ]

    def __str__(self) -> str:
        return self.name
