"""Candidates: generated problems that nobody has let into a set yet."""

from django.conf import settings
from django.db import models

from trajectories.models.generation import GenerationCall, GenerationJob
from trajectories.models.problems import Problem
from trajectories.models.traces import Text


class ProblemCandidate(models.Model):
    """One generated problem on its way through checks and review.

    `reference` is what would be its reference answer and `reference_source` what that rests on; `stated` is the answer
    its author gave, which is never overwritten. `agreement` holds the votes of the samples that tried it, `original`
    what it said before a reviewer changed it. The nearest neighbour is a problem or another candidate.
    """

    class State(models.TextChoices):
        """proposed -> duplicate | invalid | unsolvable | unchecked | waiting -> accepted | rejected."""

        PROPOSED = "proposed", "being checked"
        DUPLICATE = "duplicate", "duplicate"
        INVALID = "invalid", "no problem"
        UNSOLVABLE = "unsolvable", "no agreement"
        UNCHECKED = "unchecked", "could not be checked"
        WAITING = "waiting", "waiting for review"
        ACCEPTED = "accepted", "accepted"
        REJECTED = "rejected", "rejected"

    PASSED_STATES = (State.WAITING, State.ACCEPTED, State.REJECTED)

    job = models.ForeignKey(GenerationJob, on_delete=models.PROTECT, related_name="candidates")
    call = models.ForeignKey(GenerationCall, on_delete=models.PROTECT, related_name="candidates")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, blank=True)
    statement = models.TextField(blank=True)
    spec = models.JSONField(default=dict)
    reference = models.JSONField(null=True)
    reference_source = models.CharField(max_length=10, blank=True, choices=Problem.ReferenceSource.choices)
    stated = models.JSONField(null=True)
    family = models.CharField(max_length=100, blank=True)
    difficulty = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    said = models.TextField(blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    minhash = models.BinaryField(default=b"")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    reason = models.TextField(blank=True)
    neighbour_problem = models.ForeignKey(Problem, null=True, on_delete=models.SET_NULL, related_name="+")
    neighbour_candidate = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    similarity = models.FloatField(null=True)
    agreement = models.JSONField(null=True)
    original = models.JSONField(null=True)
    problem = models.OneToOneField(Problem, null=True, on_delete=models.PROTECT, related_name="candidate")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "number"], name="candidate_once")]
        indexes = [
            models.Index(fields=["state", "id"], name="candidate_by_state"),
            models.Index(fields=["job", "state", "id"], name="candidate_by_job"),
            models.Index(fields=["content_hash"], name="candidate_by_hash"),
        ]
        permissions = [("review_problemcandidate", "Can let generated problems into a set")]

    def __str__(self) -> str:
        return self.name or f"candidate {self.pk}"


class CandidateAnswer(models.Model):
    """One sample that tried a candidate: its answer as JSON (null for none), or the error it ended with."""

    candidate = models.ForeignKey(ProblemCandidate, on_delete=models.PROTECT, related_name="answers")
    ordinal = models.PositiveIntegerField()
    answer = models.JSONField(null=True)
    reply = models.ForeignKey(Text, null=True, on_delete=models.PROTECT, related_name="+")
    error_kind = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=8, null=True)
    seconds = models.FloatField(default=0.0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["candidate", "ordinal"], name="candidate_answer_once")]

    def __str__(self) -> str:
        return f"answer {self.ordinal} to candidate {self.candidate_id}"


class CandidateReview(models.Model):
    """What a reviewer did to a candidate: append-only. A withdrawal supersedes what it takes back.

    `data` of an edit holds what was there before and after. `key` makes a repeated submission the same review.
    """

    class Decision(models.TextChoices):
        """What a reviewer decides about a candidate, or does to it."""

        ACCEPT = "accept", "accepted"
        REJECT = "reject", "rejected"
        EDIT = "edit", "edited"
        REQUEUE = "requeue", "put into the queue"
        WITHDRAW = "withdraw", "withdrawn"

    candidate = models.ForeignKey(ProblemCandidate, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reason = models.CharField(max_length=40, blank=True)
    comment = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    supersedes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="superseded_by")
    key = models.UUIDField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["reviewer", "-id"], name="candidate_review_by_reviewer")]

    def __str__(self) -> str:
        return f"{self.decision} of candidate {self.candidate_id}"
