"""Projects: making one, calling it something else, and who works in it."""

from django import forms

from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField
from trajectories.services.installation.roles import ROLES

ROLE_CHOICES = [(role, role.capitalize()) for role in ROLES]


class ProjectForm(PlainForm):
    """A new project."""

    title = TitleField()
    name = forms.SlugField(max_length=40, help_text="Small letters, digits and -. Commands know the project by it.")


class ProjectTitleForm(PlainForm):
    """What a project is called from now on."""

    title = TitleField()


class MemberForm(PlainForm):
    """Whom to let work in a project, and as what."""

    username = forms.CharField(label="Account", max_length=150, help_text="The name that they log in with.")
    role = forms.ChoiceField(choices=ROLE_CHOICES)
