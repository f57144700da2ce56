"""One module per concept. The loop: Problem -> Run of Attempts -> Trace -> Verdict -> Review -> Release -> Export."""

from trajectories.models.adjudications import Adjudication, ReviewVoid
from trajectories.models.api_tokens import ApiAnswer, ApiToken
from trajectories.models.artefacts import Artefact
from trajectories.models.assignments import Assignment, QueueFlag, QueueItem, QueueSkip
from trajectories.models.audit import AuditEvent
from trajectories.models.bells import Bell
from trajectories.models.briefs import Brief
from trajectories.models.campaigns import Campaign, Generation
from trajectories.models.candidates import CandidateAnswer, CandidateReview, ProblemCandidate
from trajectories.models.comparisons import Comparison, ComparisonLease
from trajectories.models.deliveries import Delivery
from trajectories.models.endpoint_faults import EndpointFault
from trajectories.models.freezings import Freezing, Removal
from trajectories.models.generation import GenerationCall, GenerationJob
from trajectories.models.imported_verdicts import ImportedReview, ImportedVerdict
from trajectories.models.imports import Import
from trajectories.models.instructions import Instruction
from trajectories.models.job_kinds import JobKind
from trajectories.models.judging import JudgeJob, JudgeJobAnswer, JudgeJobItem
from trajectories.models.minds import Episode, Mind, Transition
from trajectories.models.people import Invitation, SignIn
from trajectories.models.problems import Problem, ProblemSet
from trajectories.models.projects import Membership, Project
from trajectories.models.provider_batches import BatchItem, ProviderBatch
from trajectories.models.queues import Queue, QueueGuidelines, QueueWork
from trajectories.models.releases import Export, Release, ReleaseItem, ReleaseRule
from trajectories.models.repairs import Repair, RepairWithdrawal
from trajectories.models.replays import Replay
from trajectories.models.replies import Reply
from trajectories.models.reverifications import Reverification
from trajectories.models.review_leases import ReviewLease
from trajectories.models.reviews import Review
from trajectories.models.rubrics import Rubric
from trajectories.models.runs import Attempt, Run, RunProblem
from trajectories.models.samplers import EndpointGate, Sampler
from trajectories.models.saved_views import SavedView
from trajectories.models.scheduler import Scheduler
from trajectories.models.scorers import Scorer, Scoring
from trajectories.models.segmentations import ModelCut, SegmentationItem, SegmentationJob
from trajectories.models.sketches import ProblemSketch
from trajectories.models.spending import SpendAlert, SpendDay, SpendHold, SpendLimit, SpendWait
from trajectories.models.submissions import Submission
from trajectories.models.tallies import Tally
from trajectories.models.threads import Mention, Thread, ThreadEvent
from trajectories.models.tombstones import ReleaseTag, Tombstone
from trajectories.models.trace_searches import SearchBacklog, TraceSearch
from trajectories.models.trace_tags import Tag, TraceTag
from trajectories.models.traces import PendingVerification, Text, Trace
from trajectories.models.trainings import Training, TrainingPoint
from trajectories.models.verdicts import Verdict
from trajectories.models.watches import AttemptWatch
from trajectories.models.webhooks import Webhook, WebhookEvent, WebhookMessage
from trajectories.models.workers import Worker

JOB_KINDS: dict[str, JobKind] = {
    model.job_kind.word: model.job_kind
    for model in (
        *(Run, JudgeJob, GenerationJob, Reverification, Export, Import, Freezing, Delivery, SegmentationJob),
        *(Training, Scorer, Scoring, Campaign),
    )
}
"""Every kind of background job by its word, in the order of lists."""

__all__ = [
    "JOB_KINDS",
    "Adjudication",
    "ApiAnswer",
    "ApiToken",
    "Artefact",
    "Assignment",
    "Attempt",
    "AttemptWatch",
    "AuditEvent",
    "BatchItem",
    "Bell",
    "Brief",
    "Campaign",
    "CandidateAnswer",
    "CandidateReview",
    "Comparison",
    "ComparisonLease",
    "Delivery",
    "EndpointFault",
    "EndpointGate",
    "Episode",
    "Export",
    "Freezing",
    "Generation",
    "GenerationCall",
    "GenerationJob",
    "Import",
    "ImportedReview",
    "ImportedVerdict",
    "Instruction",
    "Invitation",
    "JudgeJob",
    "JudgeJobAnswer",
    "JudgeJobItem",
    "Membership",
    "Mention",
    "Mind",
    "ModelCut",
    "PendingVerification",
    "Problem",
    "ProblemCandidate",
    "ProblemSet",
    "ProblemSketch",
    "Project",
    "ProviderBatch",
    "Queue",
    "QueueFlag",
    "QueueGuidelines",
    "QueueItem",
    "QueueSkip",
    "QueueWork",
    "Release",
    "ReleaseItem",
    "ReleaseRule",
    "ReleaseTag",
    "Removal",
    "Repair",
    "RepairWithdrawal",
    "Replay",
    "Reply",
    "Reverification",
    "Review",
    "ReviewLease",
    "ReviewVoid",
    "Rubric",
    "Run",
    "RunProblem",
    "Sampler",
    "SavedView",
    "Scheduler",
    "Scorer",
    "Scoring",
    "SearchBacklog",
    "SegmentationItem",
    "SegmentationJob",
    "SignIn",
    "SpendAlert",
    "SpendDay",
    "SpendHold",
    "SpendLimit",
    "SpendWait",
    "Submission",
    "Tag",
    "Tally",
    "Text",
    "Thread",
    "ThreadEvent",
    "Tombstone",
    "Trace",
    "TraceSearch",
    "TraceTag",
    "Training",
    "TrainingPoint",
    "Transition",
    "Verdict",
    "Webhook",
    "WebhookEvent",
    "WebhookMessage",
    "Worker",
]
