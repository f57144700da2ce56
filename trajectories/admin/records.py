"""The tables of everything but jobs: to look at, with actions that start jobs on what is chosen."""

from django.contrib import admin

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.admin.launches import (
    generate_from_brief,
    judge_traces,
    run_preset,
    verify_again,
)
from trajectories.models import (
    Attempt,
    AttemptWatch,
    AuditEvent,
    BatchItem,
    Brief,
    CandidateAnswer,
    CandidateReview,
    EndpointFault,
    EndpointGate,
    GenerationCall,
    ImportedReview,
    ImportedVerdict,
    Instruction,
    JudgeJobAnswer,
    JudgeJobItem,
    PendingVerification,
    Problem,
    ProblemCandidate,
    ProblemSet,
    ProblemSketch,
    ProviderBatch,
    Replay,
    Reply,
    Review,
    ReviewLease,
    Rubric,
    RunProblem,
    Sampler,
    Submission,
    Text,
    Trace,
    Verdict,
)


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "run", "problem", "instruction", "index", "state", "claims", "error_kind", "finished_at")
    list_filter = ("state", "error_kind")
    list_select_related = ("run", "problem", "instruction")
    search_fields = (
        "run__title",
        "problem__name__exact",
    )
    search_help_text = "A run, the whole name of a problem, or an id."


@admin.register(AttemptWatch)
class AttemptWatchAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("attempt", "calls", "wanted_until", "told_at")
    list_select_related = ("attempt",)


@admin.register(RunProblem)
class RunProblemAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("run", "problem", "round", "closed")
    list_filter = ("closed",)
    list_select_related = ("run", "problem")
    search_fields = (
        "run__title",
        "problem__name__exact",
    )
    search_help_text = "A run, the whole name of a problem, or an id."


@admin.register(Trace)
class TraceAdmin(ReadOnlyAdmin):
    list_display = ("id", "problem", "run", "instruction", "correctness", "train_passed", "decision", "created_at")
    list_filter = ("correctness", "decision")
    list_select_related = ("problem", "run", "instruction")
    raw_id_fields = ("prompt", "reasoning", "program")
    search_fields = ("problem__name__exact",)
    search_help_text = "The whole name of a problem, or an id."


@admin.register(Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "verifier", "version", "outcome", "score", "message", "seconds", "engine")
    list_filter = ("verifier", "outcome")
    list_select_related = ("trace",)
    search_fields = ("trace__problem__name__exact",)
    search_help_text = "The whole name of a problem, or an id."


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


@admin.register(ProviderBatch)
class ProviderBatchAdmin(ReadOnlyAdmin):
    list_display = ("id", "run", "state", "provider_id", "status", "request_count", "sent_at", "poll_at", "finished_at")
    list_filter = ("state", "status")
    list_select_related = ("run",)
    search_fields = ("provider_id__exact",)


@admin.register(BatchItem)
class BatchItemAdmin(ReadOnlyAdmin):
    list_display = ("id", "batch", "attempt", "state", "error_kind", "message")
    list_filter = ("state", "error_kind")
    list_select_related = ("batch", "attempt")


@admin.register(Rubric)
class RubricAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("name", "version", "title", "least", "most", "pass_from", "created_by", "created_at")
    list_select_related = ("created_by",)
    search_fields = (
        "title",
        "name",
    )
    search_help_text = "A title, a name or an id."


@admin.register(JudgeJobItem)
class JudgeJobItemAdmin(ReadOnlyAdmin):
    list_display = ("id", "judge_job", "trace", "outcome", "score", "error_kind", "message")
    list_filter = ("outcome", "error_kind")
    list_select_related = ("judge_job", "trace")
    search_fields = ("trace__problem__name__exact",)
    search_help_text = "The whole name of a problem, or an id."


@admin.register(JudgeJobAnswer)
class JudgeJobAnswerAdmin(ReadOnlyAdmin):
    list_display = ("id", "item", "place", "ask", "kind", "cost", "seconds", "recalled")
    list_filter = ("kind", "recalled")
    list_select_related = ("item",)
    raw_id_fields = ("text",)


@admin.register(Brief)
class BriefAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "title", "name", "version", "generator", "problem_kind", "created_by", "created_at")
    list_select_related = ("created_by",)
    search_fields = (
        "title",
        "name",
    )
    search_help_text = "A title, a name or an id."
    actions = (generate_from_brief,)


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
    search_fields = (
        "name",
        "job__title",
    )
    search_help_text = "A candidate, a job or an id."


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
    search_fields = (
        "candidate__name",
        "reviewer__username__exact",
    )
    search_help_text = "A candidate, the whole name of a person, or an id."


@admin.register(ProblemSketch)
class ProblemSketchAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("problem", "version", "canonical")
    list_select_related = ("problem",)


@admin.register(Reply)
class ReplyAdmin(ReadOnlyAdmin):
    list_display = ("request_hash", "input_tokens", "cached_tokens", "output_tokens", "seconds", "created_at")
    raw_id_fields = ("raw",)
    search_fields = ("request_hash__startswith",)
    search_help_text = "The beginning of a hash."


@admin.register(EndpointFault)
class EndpointFaultAdmin(ReadOnlyAdmin):
    list_display = ("id", "sampler", "kind", "created_at")
    list_filter = ("kind",)
    list_select_related = ("sampler",)
    search_fields = (
        "sampler__title",
        "kind",
    )
    search_help_text = "A sampler, a kind or an id."


@admin.register(EndpointGate)
class EndpointGateAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("key", "requests", "tokens", "held_until", "reason")


@admin.register(ProblemSet)
class ProblemSetAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "title", "name", "problem_count", "source", "created_at")
    search_fields = (
        "title",
        "name",
        "source",
    )
    search_help_text = "A title, a name, a source or an id."
    actions = (run_preset, verify_again, judge_traces)


@admin.register(Problem)
class ProblemAdmin(ReadOnlyAdmin):
    list_display = ("id", "name", "problem_set", "kind", "split", "trace_count", "correct_count", "accepted_count")
    list_filter = ("problem_set", "kind", "split")
    list_select_related = ("problem_set",)
    search_fields = ("name__startswith",)
    search_help_text = "The beginning of a name, or an id."
    actions = (verify_again, judge_traces)


@admin.register(Sampler)
class SamplerAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "title", "name", "kind", "version", "parent", "created_at")
    list_select_related = ("parent",)
    search_fields = (
        "title",
        "name",
    )
    search_help_text = "A title, a name or an id."
    actions = (verify_again, judge_traces)


@admin.register(Instruction)
class InstructionAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "title", "name", "version", "view", "style", "created_at")
    search_fields = (
        "title",
        "name",
    )
    search_help_text = "A title, a name or an id."


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "reviewer", "decision", "score", "reason", "supersedes", "created_at")
    list_filter = ("decision", "reviewer")
    list_select_related = ("trace", "reviewer", "supersedes")
    search_fields = (
        "trace__problem__name__exact",
        "reviewer__username__exact",
    )
    search_help_text = "The whole name of a problem or of a person, or an id."


@admin.register(Replay)
class ReplayAdmin(ReadOnlyAdmin):
    list_display = ("id", "problem", "version", "engine", "claims", "created_at")
    list_select_related = ("problem",)
    search_fields = ("problem__name__exact",)
    search_help_text = "The whole name of a problem, or an id."


@admin.register(ReviewLease)
class ReviewLeaseAdmin(ReadOnlyAdmin):
    list_display = ("id", "trace", "candidate", "holder", "expires_at")
    list_select_related = ("trace", "candidate", "holder")
    exclude = ("last_review",)


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    list_display = ("digest", "address", "created_at")
    search_fields = (
        "digest__startswith",
        "address",
    )
    search_help_text = "The beginning of a digest, or an address."


@admin.register(Text)
class TextAdmin(ReadOnlyAdmin):
    list_display = ("content_hash",)
    search_fields = ("content_hash__startswith",)
    search_help_text = "The beginning of a hash."


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("id", "created_at", "actor", "verb", "object_type", "object_id")
    list_filter = ("object_type", "verb")
    list_select_related = ("actor",)
    search_fields = (
        "actor__username__exact",
        "verb__exact",
    )
    search_help_text = "The whole name of a person or a verb, or an id."
