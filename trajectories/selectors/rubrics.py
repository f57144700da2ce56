"""Reading rubrics."""

from django.db.models import Count, OuterRef, QuerySet, Subquery

from trajectories.core.verifiers.model_judge import Rubric as RubricRecord
from trajectories.models import Rubric


def rubric_record(rubric: Rubric) -> RubricRecord:
    """What judges get of a rubric."""
    return RubricRecord(rubric.name, rubric.version, rubric.text, rubric.least, rubric.most, rubric.pass_from)


def current_rubrics() -> QuerySet[Rubric]:
    """The newest version of every rubric, in order of making."""
    newest = Rubric.objects.filter(name=OuterRef("name")).order_by("-version").values("pk")[:1]
    return Rubric.objects.filter(pk=Subquery(newest)).order_by("pk")


def rubric_versions(rubric: Rubric) -> QuerySet[Rubric]:
    """All versions of a rubric, newest first, with the number of jobs that went by each (`job_count`)."""
    versions = Rubric.objects.filter(name=rubric.name).select_related("created_by")
    return versions.annotate(job_count=Count("judge_jobs")).order_by("-version")
