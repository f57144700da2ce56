"""Titles: none with invisible characters is taken anywhere, and one that is stored already reorders no page."""

import re
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.forms import Form
from django.urls import reverse

from tests.factories import make_problem_set
from tests.visits import visits
from tests.walker import Walker
from tests.world import make_world
from trajectories import forms
from trajectories import models as stored
from trajectories.forms.api_tokens import ApiTokenForm
from trajectories.forms.briefs import BriefForm
from trajectories.forms.campaigns import CampaignForm
from trajectories.forms.generation import GenerationForm
from trajectories.forms.instructions import InstructionForm
from trajectories.forms.local_models import LocalModelForm
from trajectories.forms.problems import ImportForm
from trajectories.forms.procedural import ProceduralForm
from trajectories.forms.projects import ProjectForm, ProjectTitleForm
from trajectories.forms.questions import QuestionForm
from trajectories.forms.queues import QueueForm
from trajectories.forms.relaunches import PresetForm, RunAgainForm
from trajectories.forms.release_rules import ReleaseForm
from trajectories.forms.rubrics import RubricForm
from trajectories.forms.runs import RunForm
from trajectories.forms.samplers import SamplerForm
from trajectories.forms.saved_views import SavedViewForm
from trajectories.forms.titles import TitleField
from trajectories.forms.trace_imports import TraceImportForm
from trajectories.forms.webhooks import WebhookForm
from trajectories.forms.worlds import WorldForm
from trajectories.models.titles import TitleField as TitleColumn

EVIL = "Set \u202egnp.exe"
SENTENCE = "Found the invisible character U+202E as character 5, expected only characters that can be seen."
FORMS: list[type[Form]] = [
    *(BriefForm, CampaignForm, GenerationForm, InstructionForm, ImportForm, ProceduralForm, QuestionForm, QueueForm),
    *(PresetForm, ReleaseForm, RubricForm, RunForm, RunAgainForm, SamplerForm),
    *(ApiTokenForm, LocalModelForm, ProjectForm, ProjectTitleForm, SavedViewForm, TraceImportForm, WebhookForm),
    WorldForm,
]


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_field_for_a_title_refuses_them_in_one_sentence(form):
    titles = [field for name, field in form.base_fields.items() if name in ("title", "set_title")]
    assert titles
    for field in titles:
        assert isinstance(field, TitleField)
        with pytest.raises(ValidationError, match=re.escape(SENTENCE)):
            field.clean(EVIL)
        assert field.clean(" Plain ") == "Plain"


def test_every_form_with_a_title_is_among_them():
    found = {
        kind
        for kind in _subclasses(Form)
        if kind.__module__.startswith(f"{forms.__name__}.") and {"title", "set_title"} & set(kind.base_fields)
    }
    assert {kind for kind in found if not any(other is not kind and issubclass(other, kind) for other in found)} <= set(
        FORMS
    )


def _subclasses(kind: type) -> set[type]:
    return {kind}.union(*(_subclasses(each) for each in kind.__subclasses__()))


def titled_models() -> list[type[models.Model]]:
    found = [getattr(stored, name) for name in stored.__all__]
    kept = [each for each in found if isinstance(each, type) and issubclass(each, models.Model)]
    return [model for model in kept if any(each.name == "title" for each in model._meta.get_fields())]


def test_every_column_for_a_title_refuses_them():
    assert len(titled_models()) == 17
    assert all(isinstance(model._meta.get_field("title"), TitleColumn) for model in titled_models())


def test_none_is_stored_whoever_asks(db):
    with pytest.raises(ValidationError, match="U\\+202E"), transaction.atomic():
        make_problem_set(title=EVIL)
    with pytest.raises(ValidationError, match="U\\+202E"), transaction.atomic():
        stored.ProblemSet.objects.bulk_create([stored.ProblemSet(name="evil", title=EVIL)])
    assert not stored.ProblemSet.objects.exists()


def test_a_form_says_it_and_changes_nothing(client, lead):
    client.force_login(lead)
    data = {"title": EVIL, "name": "evil", "text": "Grade it.", "least": 1, "most": 10, "pass_from": 7}
    response = client.post(reverse("rubric_new"), data)
    assert response.status_code == 422
    assert SENTENCE in response.content.decode()
    assert not stored.Rubric.objects.filter(name="evil").exists()


@pytest.mark.parametrize(
    "command", [("sample", "--title"), ("import_problems", "--title"), ("generate", "--set")], ids=lambda each: each[0]
)
def test_a_command_says_it_too(db, command):
    with pytest.raises(CommandError, match=re.escape(SENTENCE)):
        call_command(command[0], f"{command[1]}={EVIL}", stderr=StringIO())


def test_a_problem_whose_name_nobody_can_read_is_a_fault_of_its_file(db, tmp_path):
    file = tmp_path / "questions.jsonl"
    file.write_text('{"id": "a\\u202eb", "question": "What is 2 + 2?", "answer": "4"}\n')
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("import_problems", str(file), stdout=said, stderr=said)
    assert not stored.Problem.objects.exists()
    assert "a‹U+202E›b: name: Found the invisible character U+202E as character 2" in said.getvalue()


def test_a_title_that_is_stored_already_reorders_no_page(lead, admin_user):
    world = make_world(lead)
    with connection.cursor() as cursor:  # as rows from before the rule, releases too, which nothing else may change
        cursor.execute("SET LOCAL session_replication_role = replica")
        for model in titled_models():
            cursor.execute(f'UPDATE "{model._meta.db_table}" SET title = %s', [EVIL])
        cursor.execute("SET LOCAL session_replication_role = origin")
    walker, seen = Walker(admin_user), set()
    for visit in visits(world):
        if visit.data is not None or "?" in visit.address:
            continue
        text = walker.answer(visit).text
        assert "\u202e" not in text, visit.address
        if "‹U+202E›" in text:
            seen.add(visit.name)
    assert {"run_list", "run_detail", "sampler_list", "problem_detail", "release_detail", "rubric_list"} <= seen
