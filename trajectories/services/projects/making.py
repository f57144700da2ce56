"""Making a project with its own tables, calling it something else, and putting it away."""

from django.contrib.auth.models import User
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from trajectories.adapters.acting import FIRST, acting_in
from trajectories.adapters.project_schemas import make_schema
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Project
from trajectories.services.endpoints.samplers import ensure_agents, ensure_symbolic
from trajectories.services.prompts.briefs import ensure_shipped_briefs
from trajectories.services.prompts.instructions import ensure_episode_instruction, ensure_shipped_instructions
from trajectories.services.prompts.rubrics import ensure_shipped_rubrics


def ensure_first_project() -> None:
    """See that the first project has its row, which a flush takes away; nothing before there are projects."""
    if Project._meta.db_table in connection.introspection.table_names():
        Project.objects.get_or_create(pk=FIRST, defaults={"name": "first", "title": "First project"})


@transaction.atomic
def make_project(*, actor: User | None, name: str, title: str) -> Project:
    """Make a project: its row, its tables, and in them what every installation has from the beginning.

    Raises Fault for a name that is taken, and where the database's role may make no schemas.
    """
    try:
        with transaction.atomic():
            project = Project.objects.create(name=name, title=title, created_by=actor)
    except IntegrityError as fault:
        raise Fault(f"Found a project called {name!r} already, expected another name.", field="name") from fault
    try:
        with transaction.atomic():
            make_schema(project.pk)
    except ProgrammingError as fault:
        raise Fault(
            "The database refused to make the tables of a project; expected a role that may create schemas in this "
            "database (GRANT CREATE ON DATABASE)."
        ) from fault
    with acting_in(project.pk):
        furnish()
    _audit(actor, "project.made", project)
    return project


def furnish() -> None:
    """See that the project that acts has what every project has from the beginning; may be repeated."""
    ensure_shipped_instructions()
    ensure_episode_instruction()
    ensure_symbolic()
    ensure_agents()
    ensure_shipped_rubrics()
    ensure_shipped_briefs()


@transaction.atomic
def rename_project(*, actor: User, project: Project, title: str) -> None:
    """Call a project something else; its name, by which commands know it, stays."""
    Project.objects.filter(pk=project.pk).update(title=title)
    project.title = title
    _audit(actor, "project.renamed", project)


@transaction.atomic
def set_archived(*, actor: User, project: Project, is_archived: bool) -> None:
    """Put a project away, so that nobody works in it and nothing in it goes on, or fetch it back. Nothing is deleted.

    Raises Fault for the first project.
    """
    if project.is_first:
        raise Fault(f"Found “{project.title}”, which every installation has; expected another project.")
    project.archived_at = timezone.now() if is_archived else None
    project.save(update_fields=["archived_at"])
    _audit(actor, "project.archived" if is_archived else "project.fetched", project)


def _audit(actor: User | None, verb: str, project: Project) -> None:
    data = {"name": project.name, "title": project.title}
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="project", object_id=project.pk, data=data)
