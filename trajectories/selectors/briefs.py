"""Reading briefs."""

from django.db.models import Count, OuterRef, QuerySet, Subquery

from trajectories.models import Brief


def list_briefs() -> QuerySet[Brief]:
    """The newest version of every brief, each with the number of jobs of that version."""
    newest = Brief.objects.filter(name=OuterRef("name")).order_by("-version").values("pk")[:1]
    return Brief.objects.filter(pk=Subquery(newest)).annotate(job_count=Count("jobs")).order_by("generator", "pk")


def list_brief_versions(brief: Brief) -> QuerySet[Brief]:
    """All versions of a brief, the newest first."""
    return Brief.objects.filter(name=brief.name).select_related("created_by").order_by("-version")
