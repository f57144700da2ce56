"""The tables of jobs, and steering them: pause, resume, cancel, try again."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize

from trajectories.admin.asking import Question, Subject, ask, chosen_rows, is_confirmed
from trajectories.admin.base import Act, ReadOnlyAdmin
from trajectories.admin.launches import campaign_again, generate_again, judge_traces, run_again, verify_again
from trajectories.models import (
    JOB_KINDS,
    Campaign,
    Delivery,
    Export,
    Freezing,
    GenerationJob,
    Import,
    JudgeJob,
    Reverification,
    Run,
    Scorer,
    Scoring,
)
from trajectories.models.job_kinds import CANCEL, PAUSE, RESUME, RETRY
from trajectories.selectors.jobs import JobRow, get_jobs
from trajectories.services.imports.jobs import ImportJobError, import_again
from trajectories.services.jobs.steering import JobError, why_not
from trajectories.tasks.jobs import ControlDeniedError, steer_job
from trajectories.templatetags.money import money

WORDS = {
    PAUSE: ("Pause", "What is in flight is kept; nothing new is begun until somebody resumes it."),
    RESUME: ("Resume", "Work goes on at once, within the budget that is left."),
    CANCEL: ("Cancel for good", "It ends, and cannot be resumed. What it has made stays."),
    RETRY: ("Try again", "It is queued again and begins anew; of a run, the samples that failed are drawn again."),
}
"""What an action is called, and what it does."""


def facts_of(row: JobRow) -> list[tuple[str, str]]:
    """State, progress and spending of a job."""
    facts = [("State", row.job.get_state_display())]
    if row.progress.unit:
        facts.append(("Progress", row.progress.words))
    if row.spending is not None:
        of = "no budget" if row.spending.budget_cost is None else f"of {money(row.spending.budget_cost)}"
        facts.append(("Spent", f"{money(row.spending.cost)}, {of}"))
        limit = "no budget" if row.spending.budget_tokens is None else f"of {row.spending.budget_tokens:,}"
        facts.append(("Tokens", f"{row.spending.tokens:,}, {limit}"))
    if row.reason:
        facts.append(("Reason", row.reason[:300]))
    return facts


class JobAdmin(ReadOnlyAdmin):
    """A table of jobs of one kind, whose actions are those that its kind has."""

    kind: str
    launches: tuple[Act, ...] = ()
    change_list_links: ClassVar[Any] = (("All jobs", "job_list", "trajectories.view_run"),)
    list_filter: ClassVar[Any] = ("state",)

    def has_control_permission(self, request: HttpRequest) -> bool:
        """What the steering actions ask for."""
        reading = JOB_KINDS[self.kind]
        return request.user.has_perms((*reading.permissions, *reading.control(reading.model())))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The usual actions with those of the kind."""
        actions = super().get_actions(request)
        if self.has_control_permission(request):
            for verb in JOB_KINDS[self.kind].moves:
                actions[verb] = (_steering(verb), verb, WORDS[verb][0])
        return actions

    def is_offered(self, action: str, row: Any) -> bool:
        """Whether the page of a job has a button for an action: none that the job would refuse as it is."""
        return action not in JOB_KINDS[self.kind].moves or not why_not(self.kind, action, row)

    def steer(self, request: HttpRequest, rows: QuerySet[Any], verb: str) -> HttpResponse | None:
        """Ask whether the chosen jobs shall be steered, and then do it. One that refuses does not stop the others."""
        if (pks := chosen_rows(self, request, rows)) is None:
            return None
        if is_confirmed(request):
            self._do(request, pks, verb)
            return None
        title, text = WORDS[verb]
        subjects = [
            Subject(row.job.pk, row.title, facts_of(row), why_not(self.kind, verb, row.job))
            for row in get_jobs(self.kind, pks)
        ]
        noun = JOB_KINDS[self.kind].title.lower() if len(pks) == 1 else JOB_KINDS[self.kind].plural.lower()
        return ask(
            self, request, Question(verb, f"{title}: {len(pks)} {noun}", text, title, subjects, is_final=verb == CANCEL)
        )

    def _do(self, request: HttpRequest, pks: Sequence[Any], verb: str) -> None:
        done = 0
        names = {row.job.pk: row.title for row in get_jobs(self.kind, pks)}
        for pk in names:
            try:
                steer_job(actor=cast(User, request.user), kind=self.kind, verb=verb, job_id=pk)
                done += 1
            except JobError as refusal:
                self.message_user(request, f"{names[pk]}: {refusal}", messages.WARNING)
            except ControlDeniedError as refusal:
                lacks = ", ".join(refusal.missing)
                self.message_user(request, f"{names[pk]}: you lack the permission {lacks}.", messages.ERROR)
        noun = JOB_KINDS[self.kind].title.lower() if done == 1 else JOB_KINDS[self.kind].plural.lower()
        level = messages.SUCCESS if done else messages.WARNING
        self.message_user(request, f"{done} {noun} {JOB_KINDS[self.kind].moves[verb].done}.", level)


def _steering(verb: str) -> Act:
    def act(table: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        answer: HttpResponse | None = table.steer(request, rows, verb)
        return answer

    return act


@admin.register(Run)
class RunAdmin(JobAdmin):
    kind = "run"
    holds_reviews = False
    list_display = (*("title", "id", "state", "progress", "right", "spent", "sampler", "created_by", "created_at"),)
    list_filter = ("state", "strategy", "sampler")
    list_select_related = ("sampler", "created_by")
    search_fields = ("title",)
    search_help_text = "A title or an id."
    actions = (run_again, verify_again, judge_traces)
    change_list_links = (
        ("New run", "run_new", "trajectories.add_run"),
        ("All jobs", "job_list", "trajectories.view_run"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without plans, which can be long, where many runs are listed."""
        rows = super().get_queryset(request)
        is_list = request.resolver_match is not None and str(request.resolver_match.url_name).endswith("_changelist")
        return rows.defer("plan") if is_list else rows

    @admin.display(description="samples", ordering="done_count")
    def progress(self, run: Run) -> str:
        failed = f", {run.failed_count:,} failed" if run.failed_count else ""
        return f"{run.done_count:,} of {run.planned_count:,}{failed}"

    @admin.display(description="right", ordering="correct_count")
    def right(self, run: Run) -> str:
        return f"{run.correct_count:,} of {run.scored_count:,}" if run.scored_count else "–"

    @admin.display(description="spent", ordering="cost")
    def spent(self, run: Run) -> str:
        return spending_of(run)


def spending_of(job: Any) -> str:
    """Money spent, of how much; a dash where nothing was."""
    if not job.cost and job.budget_cost is None:
        return "–"
    return money(job.cost) + (f" of {money(job.budget_cost)}" if job.budget_cost is not None else "")


@admin.register(JudgeJob)
class JudgeJobAdmin(JobAdmin):
    kind = "judge_job"
    list_display = (
        *("id", "rubric", "sampler", "form", "state", "progress", "error_count", "spent", "created_by", "created_at"),
    )
    list_filter = ("state", "form", "sampler")
    list_select_related = ("sampler", "rubric", "created_by")
    search_fields = ("rubric__title", "sampler__title")
    search_help_text = "A rubric, a sampler or an id."

    @admin.display(description="traces", ordering="done_count")
    def progress(self, job: JudgeJob) -> str:
        return f"{job.done_count:,} of {job.total_count:,}"

    @admin.display(description="spent", ordering="cost")
    def spent(self, job: JudgeJob) -> str:
        return spending_of(job)


@admin.register(GenerationJob)
class GenerationJobAdmin(JobAdmin):
    kind = "generation"
    holds_reviews = False
    list_display = ("title", "id", "generator", "state", "wanted", "sampler", "spent", "created_by", "created_at")
    list_filter = ("state", "generator")
    list_select_related = ("sampler", "created_by")
    search_fields = ("title",)
    search_help_text = "A title or an id."
    actions = (generate_again,)
    change_list_links = (
        ("New job", "generation_new", "trajectories.add_generationjob"),
        ("All jobs", "job_list", "trajectories.view_run"),
    )

    @admin.display(description="spent", ordering="cost")
    def spent(self, job: GenerationJob) -> str:
        return spending_of(job)


@admin.register(Reverification)
class ReverificationAdmin(JobAdmin):
    kind = "reverification"
    holds_reviews = False
    list_display = (
        "id",
        "asked",
        "state",
        "total_count",
        "done_count",
        "changed_count",
        "created_by",
        "created_at",
    )
    list_select_related = ("created_by",)
    search_fields = ("selection",)
    search_help_text = 'Part of the selection, such as "run": 7, or an id.'

    @admin.display(description="selection")
    def asked(self, job: Reverification) -> str:
        return job.rule.query() or "every trace"


@admin.register(Export)
class ExportAdmin(JobAdmin):
    kind = "export"
    list_display = (
        *("id", "release", "format", "with_meta", "state", "rows_written", "byte_size", "error"),
        *("created_by", "created_at"),
    )
    list_filter = ("state", "format")
    list_select_related = ("release", "created_by")
    search_fields = ("release__title", "format")
    search_help_text = "A release, a format or an id."


@admin.register(Delivery)
class DeliveryAdmin(JobAdmin):
    kind = "delivery"
    list_display = ("id", "release", "what", "state", "byte_size", "reason", "pinned", "created_by", "created_at")
    list_filter = ("what", "state")
    list_select_related = ("release", "created_by")
    search_fields = ("release__title",)
    search_help_text = "A release, or an id."


@admin.register(Import)
class ImportAdmin(JobAdmin):
    kind = "import"
    list_display = ("id", "kind", "source", "state", "inserted", "fault_count", "claims", "created_by", "created_at")
    list_filter = ("kind", "state")
    list_select_related = ("created_by",)
    search_fields = ("source",)
    search_help_text = "The name of a file, or an id."
    actions = ("repeat",)

    def has_control_permission(self, request: HttpRequest) -> bool:
        """Which of both an import needs depends on what it imports, and is looked at one by one."""
        may = ("trajectories.add_trace", "trajectories.add_problem")
        return request.user.has_perm("trajectories.view_import") and any(request.user.has_perm(each) for each in may)

    @admin.action(description="Import without the bad rows", permissions=["control"])
    def repeat(self, request: HttpRequest, rows: QuerySet[Import]) -> HttpResponse | None:
        """Import the files of refused imports again, leaving out what was wrong."""
        if (pks := chosen_rows(self, request, rows)) is None:
            return None
        chosen = get_jobs("import", pks)
        if is_confirmed(request):
            self._repeat(request, chosen)
            return None
        subjects = [
            Subject(
                row.job.pk,
                row.title,
                [*facts_of(row), ("Bad rows", f"{row.progress.failed:,}")],
                ""
                if row.job.state == Import.State.REFUSED
                else f"The import is {row.job.state}; only a refused one can be imported without its bad rows.",
            )
            for row in chosen
        ]
        title = "Import without the bad rows"
        return ask(self, request, Question("repeat", title, "The good rows come in as a new import.", title, subjects))

    def _repeat(self, request: HttpRequest, chosen: Sequence[JobRow]) -> None:
        done = 0
        for row in chosen:
            if not request.user.has_perms(row.reading.control(row.job)):
                self.message_user(request, f"{row.title}: you may not import this.", messages.ERROR)
                continue
            try:
                import_again(actor=cast(User, request.user), job_id=row.job.pk)
                done += 1
            except ImportJobError as refusal:
                self.message_user(request, f"{row.title}: {refusal}", messages.WARNING)
        self.message_user(request, f"{done} import{pluralize(done)} begun again.")


@admin.register(Freezing)
class FreezingAdmin(JobAdmin):
    kind = "freezing"
    list_display = ("title", "id", "state", "done_count", "claims", "release", "reason", "created_by", "created_at")
    list_select_related = ("release", "created_by")
    search_fields = ("title",)
    search_help_text = "A title or an id."


@admin.register(Scorer)
class ScorerAdmin(JobAdmin):
    kind = "scorer"
    list_display = (
        *("name", "version", "id", "kind", "labels", "state", "follows", "artefact", "reason"),
        *("created_by", "created_at"),
    )
    list_filter = ("state", "kind", "labels", "follows")
    list_select_related = ("artefact", "created_by")
    search_fields = ("name",)
    search_help_text = "A name or an id."


@admin.register(Scoring)
class ScoringAdmin(JobAdmin):
    kind = "scoring"
    list_display = (
        *("id", "scorer", "state", "automatic", "done_count", "total_count", "written_count", "reason"),
        *("created_by", "created_at"),
    )
    list_filter = ("state", "automatic")
    list_select_related = ("scorer", "created_by")
    search_fields = ("scorer__name",)
    search_help_text = "The name of a scorer, or an id."


@admin.register(Campaign)
class CampaignAdmin(JobAdmin):
    kind = "campaign"
    list_display = (
        *("title", "id", "state", "progress", "first_sampler", "champion", "spent", "created_by", "created_at"),
    )
    list_select_related = ("first_sampler", "champion", "created_by")
    search_fields = ("title",)
    search_help_text = "A title or an id."
    actions = (campaign_again,)
    change_list_links = (
        ("New campaign", "campaign_new", "trajectories.add_campaign"),
        ("All jobs", "job_list", "trajectories.view_run"),
    )

    @admin.display(description="generations", ordering="done_count")
    def progress(self, campaign: Campaign) -> str:
        return f"{campaign.done_count:,} of {campaign.generation_count:,}"

    @admin.display(description="spent", ordering="cost")
    def spent(self, campaign: Campaign) -> str:
        return spending_of(campaign)


for job_kind in JOB_KINDS.values():
    if not admin.site.is_registered(job_kind.model):
        shown = {"list_display": ("id", "state", "created_by", "created_at"), "list_select_related": ("created_by",)}
        admin.site.register(job_kind.model, type("PlainJobAdmin", (JobAdmin,), {"kind": job_kind.word, **shown}))
