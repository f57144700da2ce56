"""Projects for tests: made by the service, in the transaction of the test where it has one."""

from django.contrib.auth.models import User

from trajectories.models import Membership, Project
from trajectories.services.projects.making import make_project


def another_project(name: str = "other", title: str = "Other project") -> Project:
    """A project beside the first one."""
    return make_project(actor=None, name=name, title=title)


def member(project: Project, name: str, role: str) -> User:
    """Somebody new who has a role in a project, and none in the first one."""
    user = User.objects.create_user(name, password="a long enough password")
    Membership.objects.create(project=project, user=user, role=role)
    return user
