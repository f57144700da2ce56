"""Reading generation jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from trajectories.models import CandidateAnswer, GenerationCall, GenerationJob, ProblemCandidate

JOBS_SHOWN = 50
CALLS_SHOWN = 20


def list_generation_jobs(before: int | None = None) -> Sequence[GenerationJob]:
    """A page of jobs, newest first, each with how many of its candidates passed, wait and were accepted."""
    states = ProblemCandidate.State
    jobs = GenerationJob.objects.select_related("sampler", "created_by").annotate(
        passed_count=Count("candidates", filter=Q(candidates__state__in=ProblemCandidate.PASSED_STATES)),
        waiting_count=Count("candidates", filter=Q(candidates__state=states.WAITING)),
        accepted_count=Count("candidates", filter=Q(candidates__state=states.ACCEPTED)),
    )
    if before is not None:
        jobs = jobs.filter(pk__lt=before)
    return list(jobs.order_by("-pk")[: JOBS_SHOWN + 1])


def get_generation_job(job_id: int) -> GenerationJob | None:
    """One job with what its page names."""
    related = ("sampler", "solver", "instruction", "brief", "source_set", "created_by")
    return GenerationJob.objects.select_related(*related).filter(pk=job_id).first()


@dataclass(frozen=True, slots=True)
class GenerationProgress:
    """How far a job is: its candidates by state, and its calls."""

    states: Mapping[str, int]
    passed: int
    proposed: int
    calls: int
    failed_calls: int
    answers: int
    failed_answers: int


def get_generation_progress(job: GenerationJob) -> GenerationProgress:
    """Counted from the rows: a job has some thousands at the most."""
    counted = dict(job.candidates.order_by().values_list("state").annotate(count=Count("pk")))
    states = {state: counted.get(state, 0) for state in ProblemCandidate.State.values}
    answers = CandidateAnswer.objects.filter(candidate__job=job)
    return GenerationProgress(
        states=states,
        passed=sum(states[state] for state in ProblemCandidate.PASSED_STATES),
        proposed=sum(states.values()),
        calls=job.calls.count(),
        failed_calls=job.calls.exclude(error_kind="").count(),
        answers=answers.count(),
        failed_answers=answers.exclude(error_kind="").count(),
    )


def list_generation_calls(job: GenerationJob) -> QuerySet[GenerationCall]:
    """The newest calls of a job, each with how many candidates came of it."""
    calls = job.calls.select_related("source").annotate(
        proposed=Count("candidates"),
        passed=Count("candidates", filter=Q(candidates__state__in=ProblemCandidate.PASSED_STATES)),
    )
    return calls.order_by("-pk")[:CALLS_SHOWN]
