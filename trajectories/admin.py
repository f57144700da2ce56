"""The admin: everything to look at, nothing to edit, and runs to pause, resume and cancel."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from trajectories.models import (
    Attempt,
    AuditEvent,
    Bell,
    Brief,
    CandidateAnswer,
    CandidateReview,
    EndpointFault,
    Export,
    Freezing,
    GenerationCall,
    GenerationJob,
    Import,
    ImportedReview,
    ImportedVerdict,
    Instruction,
    Judgement,
    JudgementAnswer,
    JudgementItem,
    PendingVerification,
    Problem,
    ProblemCandidate,
    ProblemSet,
    ProblemSketch,
    Release,
    ReleaseItem,
    Reply,
    Reverification,
    Review,
    ReviewLease,
    Rubric,
    Run,
    RunProblem,
    Sampler,
    SamplerGate,
    Submission,
    Text,
    Trace,
    Verdict,
    Worker,
)
from trajectories.selectors.blinding import sight_of
from trajectories.services.runs import RunStateError, cancel_run, pause_run, resume_run
from trajectories.tasks.runs import ring_sampling

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]  # the stubs have a parameter that the class itself lacks
else:
    Base = admin.ModelAdmin


class ReadOnlyAdmin(Base):
    """Rows are made and changed by services only. Large tables are neither counted nor joined row by row.

    Rows are shown as they are, with what people and model judges decided. So they are for who may see that, but where
    `holds_reviews` says that a table has nothing of the kind.
    """

    holds_reviews = True
    show_full_result_count = False
    list_per_page = 50
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the table may be looked at; links to it show up by the same word."""
        if self.holds_reviews and sight_of(request.user).is_blind:
            return False
        return super().has_view_permission(request, obj)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = (
        *("id", "title", "state", "sampler", "planned_count", "done_count", "failed_count"),
        *("verified_count", "correct_count", "created_by", "created_at"),
    )
    list_filter = ("state", "sampler")
    list_select_related = ("sampler", "created_by")
    search_fields = ("title",)
    actions = ("pause", "resume", "cancel")

    def has_control_permission(self, request: HttpRequest) -> bool:
        """What the actions below ask for."""
        return request.user.has_perm("trajectories.control_run")

    def _steer(self, request: HttpRequest, runs: QuerySet[Run], act: Callable[..., Run], word: str) -> list[Run]:
        """Do something to each run; a run that refuses says why and does not stop the others."""
        steered = []
        for run in runs.order_by("pk"):
            try:
                steered.append(act(actor=cast(User, request.user), run=run))
            except RunStateError as refusal:
                self.message_user(request, f"{run.title}: {refusal}", messages.WARNING)
        self.message_user(request, f"{len(steered)} run{'' if len(steered) == 1 else 's'} {word}.")
        return steered

    @admin.action(description="Pause", permissions=["control"])
    def pause(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        self._steer(request, runs, pause_run, "paused")

    @admin.action(description="Resume", permissions=["control"])
    def resume(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        for run in self._steer(request, runs, resume_run, "resumed"):
            ring_sampling(run)

    @admin.action(description="Cancel for good", permissions=["control"])
    def cancel(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        self._steer(request, runs, cancel_run, "cancelled")


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "run", "problem", "instruction", "index", "state", "claims", "error_kind", "finished_at")
    list_filter = ("state", "error_kind")
    list_select_related = ("run", "problem", "instruction")


@admin.register(RunProblem)
class RunProblemAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("run", "problem", "round", "closed")
    list_filter = ("closed",)
    list_select_related = ("run", "problem")


@admin.register(Trace)
class TraceAdmin(ReadOnlyAdmin):
    list_display = ("id", "problem", "run", "instruction", "correctness", "train_passed", "decision", "created_at")
    list_filter = ("correctness", "decision")
    list_select_related = ("problem", "run", "instruction")
    raw_id_fields = ("prompt", "reasoning", "program")


@admin.register(Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "verifier", "version", "outcome", "score", "message", "seconds", "engine")
    list_filter = ("verifier", "outcome")
    list_select_related = ("trace",)


@admin.register(ImportedVerdict)
class ImportedVerdictAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "verifier", "version", "outcome", "score", "message", "engine")
    list_filter = ("verifier", "outcome")
    list_select_related = ("trace",)


@admin.register(ImportedReview)
class ImportedReviewAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "pseudonym", "decision", "score", "reason", "created_at")
    list_filter = ("decision",)
    list_select_related = ("trace",)


@admin.register(PendingVerification)
class PendingVerificationAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("trace", "claims", "lease_expires_at", "rung_at", "created_at")
    list_select_related = ("trace",)


@admin.register(Bell)
class BellAdmin(ReadOnlyAdmin):
    list_display = ("kind", "source", "slot", "rung_at", "lease_expires_at")
    list_filter = ("kind",)


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "host", "pid", "queues", "task", "task_started_at", "seen_at", "started_at")


@admin.register(Reverification)
class ReverificationAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "scope", "state", "total_count", "done_count", "changed_count", "created_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("created_by",)


@admin.register(Rubric)
class RubricAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("name", "version", "title", "least", "most", "pass_from", "created_by", "created_at")
    list_select_related = ("created_by",)


@admin.register(Judgement)
class JudgementAdmin(ReadOnlyAdmin):
    list_display = ("id", "sampler", "rubric", "form", "state", "total_count", "done_count", "error_count", "cost")
    list_filter = ("state", "form")
    list_select_related = ("sampler", "rubric")


@admin.register(JudgementItem)
class JudgementItemAdmin(ReadOnlyAdmin):
    list_display = ("id", "judgement", "trace", "outcome", "score", "error_kind", "message")
    list_filter = ("outcome", "error_kind")
    list_select_related = ("judgement", "trace")


@admin.register(JudgementAnswer)
class JudgementAnswerAdmin(ReadOnlyAdmin):
    list_display = ("id", "item", "place", "ask", "kind", "cost", "seconds", "recalled")
    list_filter = ("kind", "recalled")
    list_select_related = ("item",)
    raw_id_fields = ("text",)


@admin.register(Brief)
class BriefAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "title", "name", "version", "generator", "problem_kind", "created_by", "created_at")
    list_select_related = ("created_by",)


@admin.register(GenerationJob)
class GenerationJobAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "title", "generator", "state", "wanted", "sampler", "cost", "created_by", "created_at")
    list_filter = ("state", "generator")
    list_select_related = ("sampler", "created_by")


@admin.register(GenerationCall)
class GenerationCallAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "job", "index", "error_kind", "input_tokens", "output_tokens", "cost", "created_at")
    list_filter = ("error_kind",)
    list_select_related = ("job",)
    raw_id_fields = ("reply", "source")


@admin.register(ProblemCandidate)
class ProblemCandidateAdmin(ReadOnlyAdmin):
    list_display = ("id", "name", "job", "kind", "state", "reference_source", "similarity", "created_at")
    list_filter = ("state", "kind")
    list_select_related = ("job",)
    raw_id_fields = ("call", "neighbour_problem", "neighbour_candidate", "problem")


@admin.register(CandidateAnswer)
class CandidateAnswerAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "candidate", "ordinal", "error_kind", "cost", "seconds", "created_at")
    list_filter = ("error_kind",)
    list_select_related = ("candidate",)
    raw_id_fields = ("reply",)


@admin.register(CandidateReview)
class CandidateReviewAdmin(ReadOnlyAdmin):
    list_display = ("id", "candidate", "reviewer", "decision", "reason", "created_at")
    list_filter = ("decision", "reviewer")
    list_select_related = ("candidate", "reviewer")


@admin.register(ProblemSketch)
class ProblemSketchAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("problem", "version", "canonical")
    list_select_related = ("problem",)


@admin.register(Reply)
class ReplyAdmin(ReadOnlyAdmin):
    list_display = ("request_hash", "input_tokens", "cached_tokens", "output_tokens", "seconds", "created_at")
    raw_id_fields = ("raw",)


@admin.register(EndpointFault)
class EndpointFaultAdmin(ReadOnlyAdmin):
    list_display = ("id", "sampler", "kind", "created_at")
    list_filter = ("kind",)
    list_select_related = ("sampler",)


@admin.register(SamplerGate)
class SamplerGateAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("sampler", "requests", "tokens", "held_until", "reason")
    list_select_related = ("sampler",)


@admin.register(ProblemSet)
class ProblemSetAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "title", "name", "problem_count", "source", "created_at")


@admin.register(Problem)
class ProblemAdmin(ReadOnlyAdmin):
    list_display = ("id", "name", "problem_set", "kind", "split", "trace_count", "correct_count", "accepted_count")
    list_filter = ("problem_set", "kind", "split")
    list_select_related = ("problem_set",)
    search_fields = ("name",)


@admin.register(Sampler)
class SamplerAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "title", "name", "kind", "version", "parent", "created_at")
    list_select_related = ("parent",)


@admin.register(Instruction)
class InstructionAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "title", "name", "version", "view", "style", "created_at")


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "reviewer", "decision", "score", "reason", "supersedes", "created_at")
    list_filter = ("decision", "reviewer")
    list_select_related = ("trace", "reviewer", "supersedes")


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    list_display = ("id", "title", "item_count", "content_hash", "created_by", "created_at")
    list_select_related = ("created_by",)


@admin.register(ReleaseItem)
class ReleaseItemAdmin(ReadOnlyAdmin):
    list_display = ("id", "release", "position", "trace", "split", "score")
    list_select_related = ("release", "trace")


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    list_display = ("id", "release", "format", "state", "rows_written", "byte_size", "created_by", "created_at")
    list_filter = ("state", "format")
    list_select_related = ("release", "created_by")


@admin.register(ReviewLease)
class ReviewLeaseAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "candidate", "holder", "expires_at")
    list_select_related = ("trace", "candidate", "holder")
    exclude = ("last_review",)


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    list_display = ("digest", "address", "created_at")


@admin.register(Text)
class TextAdmin(ReadOnlyAdmin):
    list_display = ("content_hash",)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("id", "created_at", "actor", "verb", "object_type", "object_id")
    list_filter = ("object_type", "verb")
    list_select_related = ("actor",)


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "source", "state", "inserted", "fault_count", "claims", "created_by", "created_at")
    list_filter = ("kind", "state")
    list_select_related = ("created_by",)


@admin.register(Freezing)
class FreezingAdmin(ReadOnlyAdmin):
    list_display = ("id", "title", "state", "done_count", "claims", "release", "created_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("release", "created_by")
